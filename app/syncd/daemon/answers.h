// What an active daemon and a standby answer alike: nothing of it needs the lease.
#ifndef SYNCD_DAEMON_ANSWERS_H_
#define SYNCD_DAEMON_ANSWERS_H_

#include <indexswap/engine.h>

#include <string>

#include "syncd/http/api.h"
#include "syncd/plan/plan.h"

namespace syncd {

ApiAnswer AnswerPlan(const Plan& plan, indexswap::Engine& engine);
ApiAnswer AnswerDeadLetters(const std::string& state_dir);
ApiAnswer AnswerDeadLetter(const std::string& state_dir, const std::string& id);

}  // namespace syncd

#endif  // SYNCD_DAEMON_ANSWERS_H_
