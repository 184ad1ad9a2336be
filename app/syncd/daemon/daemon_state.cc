// What the daemon does about its state folder: it may be lost when it starts, and while it runs.
#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "syncd/daemon/daemon.h"
#include "syncd/sync/hydrate_live.h"
#include "syncd/sync/state_disk.h"
#include "syncd/sync/unknown_outcome.h"

namespace syncd {

HydrateTools Daemon::ToolsOfHydration() {
  HydrateTools tools{tools_.plan,
                     tools_.engine,
                     tools_.journal,
                     tools_.log,
                     state_,
                     tools_.note,
                     tools_.step,
                     [this] {
                       const std::lock_guard lock(mutex_);
                       return stop_;
                     },
                     [this](const std::string& text) {
                       const std::lock_guard lock(mutex_);
                       doing_ = text;
                     },
                     config().disk.min_free_bytes};
  if (tools_.stopping) {
    tools.stopping = [asked = tools_.stopping, here = tools.stopping] { return asked() || here(); };
  }
  return tools;
}

// Once the store is back after a request whose outcome stayed open: the next lease settles it, and
// the aliases say which generation is live.
void Daemon::SettleOutcome() {
  {
    const std::lock_guard lock(mutex_);
    if (!outcome_is_open_) return;
  }
  if (!ReadStatus().ok()) return;  // taking the lease would wait for the store
  if (!tools_.engine.TakeLease().ok()) return;
  const auto lock = warm_->LockSwap();
  const auto status = ReadStatus();
  if (!status.ok()) return;
  warm_->SetLive(status->live);
  ForgetUnknownOutcome(state_);
  tools_.note(Severity::kInfo, absl::StrFormat("what was open is settled: generation %d is live",
                                               status->live.value_or(0)));
  const std::lock_guard settling(mutex_);
  outcome_is_open_ = false;
  revive_ = true;
}

// After a rollback to a cold generation, which must not wait for that one to be read back. Until it
// is, events are journalled, and not acknowledged.
void Daemon::Revive() {
  {
    const std::lock_guard lock(mutex_);
    const auto live = warm_->live();
    if (live.value_or(0) == 0 || warm_->IsWarm(*live)) revive_ = false;
    if (!revive_) return;
  }
  const auto status = ReadStatus();
  // A build would be abandoned; with its swap another one is live anyway.
  if (status.ok() && status->building) return;
  absl::Status s = status.status();
  if (s.ok()) s = TakeUpLive(*status, ToolsOfHydration());
  if (s.ok() && HasLostLive(*status, state_)) s = ReadBack(*status);
  if (s.ok()) {
    const auto lock = warm_->LockSwap();
    const auto now = ReadStatus();
    s = now.status();
    if (s.ok() && now->live == status->live) {
      warm_->Remove(*now->live);  // what has turned cold in this process
      s = warm_->Adopt(*now);
    }
  }
  const std::string trouble(s.message());
  if (!s.ok() && !absl::IsCancelled(s) && std::exchange(revive_trouble_, trouble) != trouble) {
    tools_.note(Severity::kWarning, "the live generation gets no live events yet: " + trouble);
  }
  const std::lock_guard lock(mutex_);
  // Of one that can't be read back, `unhydrated_` tells.
  if (s.ok() && !unhydrated_.empty()) revive_ = false;
}

// Reads the live generation back at the start.
absl::Status Daemon::Hydrate(const indexswap::ReleaseStatus& status) {
  // What was asked for in a folder that is lost, or of another time, nobody waits for any more; and
  // a sync that the plan asks for must not be forgotten if this is cut off.
  absl::Status s = tools_.plan.hydrated_starts_sync
                       ? tools_.wanted.Keep({tools_.engine.NextGeneration(), std::nullopt, {}})
                       : tools_.wanted.Forget();
  return s.ok() ? ReadBack(status) : s;
}

// One that can't be read back waits for the next sync.
absl::Status Daemon::ReadBack(const indexswap::ReleaseStatus& status) {
  const absl::Status s = HydrateLive(status, ToolsOfHydration());
  const std::lock_guard lock(mutex_);
  unhydrated_.clear();
  if (!absl::IsFailedPrecondition(s) && !absl::IsInvalidArgument(s)) return s;
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
    if (!lost_.ok() || outcome_is_open_) return 0;
  }
  return warm_->Acknowledged();
}

}  // namespace syncd
