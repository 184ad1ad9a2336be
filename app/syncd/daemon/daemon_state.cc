// What the daemon does about its state folder: it may be lost when it starts, and while it runs.
#include <absl/strings/str_format.h>

#include <algorithm>

#include "syncd/daemon/daemon.h"
#include "syncd/sync/hydrate_live.h"
#include "syncd/sync/state_disk.h"

namespace syncd {

// Reads the live generation back. One that can't be waits for the next sync.
absl::Status Daemon::Hydrate(const indexswap::ReleaseStatus& status) {
  // What was asked for in a folder that is lost, or of another time, nobody waits for any more; and
  // a sync that the plan asks for must not be forgotten if this is cut off.
  absl::Status s = tools_.plan.hydrated_starts_sync
                       ? tools_.wanted.Keep({tools_.engine.NextGeneration(), std::nullopt, {}})
                       : tools_.wanted.Forget();
  if (!s.ok()) return s;
  HydrateTools tools{tools_.plan,
                     tools_.engine,
                     tools_.journal,
                     tools_.log,
                     state_,
                     tools_.note,
                     tools_.step,
                     tools_.stopping,
                     [this](const std::string& text) {
                       const std::lock_guard lock(mutex_);
                       doing_ = text;
                     },
                     config().disk.min_free_bytes};
  if (!tools.stopping) tools.stopping = [] { return false; };
  s = HydrateLive(status, tools);
  if (!absl::IsFailedPrecondition(s) && !absl::IsInvalidArgument(s)) return s;
  const std::lock_guard lock(mutex_);
  unhydrated_ = absl::StrFormat(
      "generation %d is live, its file is not in %s, and it could not be read back from its "
      "documents (%s): live events are kept, but not shown and not acknowledged until the next "
      "sync",
      *status.live, state_, std::string(s.message()));
  tools_.note(Severity::kError, unhydrated_);
  return absl::OkStatus();
}

// The gate that would stop the run in its first moment. Of a run that begins by itself, the runner
// judges it.
absl::Status Daemon::JudgeRoom(const SyncRequest& request) {
  if (std::ranges::find(request.overrides, kDiskGate) != request.overrides.end()) {
    return absl::OkStatus();
  }
  indexswap::ReleaseStatus known;
  {
    const std::lock_guard lock(mutex_);
    if (status_) known = *status_;
  }
  return CheckRoom(state_, known, config().disk.min_free_bytes);
}

void Daemon::CheckFolder() {
  const absl::Status folder = folder_.Check();
  if (folder.ok()) return;
  const std::lock_guard lock(mutex_);
  if (!lost_.ok()) return;
  lost_ = folder;
  tools_.note(Severity::kError, std::string(folder.message()));
}

// Nothing that a later process could not find again.
uint64_t Daemon::Acknowledged() {
  CheckFolder();
  {
    const std::lock_guard lock(mutex_);
    if (!lost_.ok()) return 0;
  }
  return warm_->Acknowledged();
}

}  // namespace syncd
