// What belongs to one time as the writer.
#ifndef SYNCD_DAEMON_TENURE_H_
#define SYNCD_DAEMON_TENURE_H_

#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include <functional>
#include <memory>
#include <string>

#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/journal.h"
#include "syncd/readmodel/wanted_run.h"

namespace syncd {

// From waiting for the lease until it is given back or lost. Whoever has lost it begins a new one:
// an engine that was fenced off once writes nothing any more.
struct Tenure {
  std::unique_ptr<Journal> journal;
  std::unique_ptr<EventLog> log;
  std::unique_ptr<WantedRuns> wanted;
  std::unique_ptr<indexswap::Engine> engine;
};

// Opens the state folder, whose lock the caller holds, and an engine on the store. The lease will
// say that its owner answers at `address`.
using OpenTenure =
    std::function<absl::StatusOr<std::unique_ptr<Tenure>>(const std::string& address)>;

}  // namespace syncd

#endif  // SYNCD_DAEMON_TENURE_H_
