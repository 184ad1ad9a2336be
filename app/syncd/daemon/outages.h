// A sync goes on when a store that was away is back.
#ifndef SYNCD_DAEMON_OUTAGES_H_
#define SYNCD_DAEMON_OUTAGES_H_

#include <chrono>
#include <functional>

#include "syncd/sync/hooks.h"
#include "syncd/sync/runner.h"

namespace syncd {

// How RunThroughOutages goes about it.
struct OutageTools {
  std::function<SyncOutcome()> run;
  // Whether a run that has ended like this is gone on with by running again.
  std::function<bool(const SyncOutcome&)> goes_on;
  std::function<std::chrono::steady_clock::time_point()> now;
  std::function<void(std::chrono::milliseconds)> pause;
};

// Runs, and runs again for as long as what has stopped it is of the kind that passes by itself, for
// at most `give_up` after the first time. Interrupted meanwhile: kCancelled.
SyncOutcome RunThroughOutages(const OutageTools& tools, std::chrono::milliseconds give_up,
                              RunHooks& hooks);

}  // namespace syncd

#endif  // SYNCD_DAEMON_OUTAGES_H_
