// Reads the live generation back from its index, when its file is lost.
#ifndef SYNCD_SYNC_HYDRATE_LIVE_H_
#define SYNCD_SYNC_HYDRATE_LIVE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/engine.h>
#include <indexswap/observer.h>

#include <functional>
#include <string>
#include <string_view>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/journal.h"

namespace syncd {

// What hydration works with. Nothing is owned.
struct HydrateTools {
  const Plan& plan;
  indexswap::Engine& engine;
  Journal& journal;
  EventLog& log;
  std::string state_dir;
  std::function<void(indexswap::Observer::Severity, const std::string&)> note;
  std::function<void(std::string_view)> step;
  std::function<bool()> stopping;                 // asked once a page
  std::function<void(const std::string&)> doing;  // what it is doing, for people
  uint64_t min_free_bytes = 0;                    // to be left on the folder's disk
};

// Whether the live generation of `status` has lost its file.
bool HasLostLive(const indexswap::ReleaseStatus& status, const std::string& state_dir);

// Live is never cold: forgets that the live generation was given up. A file that lacks events which
// the log has no more is removed, so that HydrateLive can make another. kUnimplemented: a newer
// syncd wrote the file; nothing is changed then.
absl::Status TakeUpLive(const indexswap::ReleaseStatus& status, const HydrateTools& tools);

// Makes the file of the live generation from its documents, and settles what else is lost with the
// folder: a build under way is abandoned, every other complete generation becomes cold. The lease
// is held, and nothing writes to the index meanwhile. Cut off, it is begun anew the next time.
//
// kFailedPrecondition: the plan can't do it, or does not give the documents back, or the disk has
// no room for it; the rest is settled all the same. kCancelled: `stopping`. Otherwise the errors of
// store and disk.
absl::Status HydrateLive(const indexswap::ReleaseStatus& status, const HydrateTools& tools);

}  // namespace syncd

#endif  // SYNCD_SYNC_HYDRATE_LIVE_H_
