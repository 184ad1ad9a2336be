// Whether the state folder's disk has room for a build: asked before anything is created, and while
// the build's file grows.
#include <absl/strings/str_format.h>

#include <algorithm>

#include "syncd/sync/runner.h"
#include "syncd/sync/state_disk.h"
#include "syncd/sync/state_files.h"

namespace syncd {
namespace {

bool LetsThrough(const SyncRequest& request) {
  return std::ranges::find(request.overrides, kDiskGate) != request.overrides.end();
}

}  // namespace

// Once a run. Before the lease is taken if it can be: on a disk that is full not even the lease's
// number can be kept, and the reason would be lost in that error.
absl::Status SyncRunner::JudgeRoom(const SyncRequest& request, SyncOutcome& outcome) {
  if (disk_) return absl::OkStatus();
  const auto status = engine_.Status();
  if (!status.ok()) return status.status();
  const auto space = SpaceOf(config_.state);
  if (!space.ok()) return space.status();
  disk_ = JudgeDisk(*space, ExpectedFile(config_.state, *status), config_.disk.min_free_bytes);
  if (disk_->passed) return absl::OkStatus();
  if (LetsThrough(request)) {
    disk_->passed = disk_->overridden = true;
    hooks_.Note(indexswap::Observer::Severity::kWarning,
                absl::StrFormat("the gate %s is overridden: %s", kDiskGate, disk_->detail));
    return absl::OkStatus();
  }
  outcome.gates = {*disk_};
  return StoppedBy(*disk_);
}

void SyncRunner::GoOnWithRoom(const SyncRequest& request) {
  if (disk_ || !LetsThrough(request)) return;
  disk_ = indexswap::GateResult{kDiskGate, true, true, "overridden when the build was begun"};
}

absl::Status SyncRunner::KeepRoom() {
  if (disk_ && disk_->overridden) return absl::OkStatus();
  const absl::Status room = LeavesRoom(config_.state, config_.disk.min_free_bytes);
  full_ = !room.ok();
  return room;
}

// The build is given up; what its file takes is for live events.
void SyncRunner::GiveBackRoom(SyncOutcome& outcome) {
  full_ = false;
  outcome.gates = {{kDiskGate, false, false, std::string(outcome.status.message())}};
  const absl::Status removed = RemoveGenerationFile(config_.state, outcome.generation);
  if (!removed.ok()) {
    hooks_.Note(indexswap::Observer::Severity::kWarning, std::string(removed.message()));
  }
}

}  // namespace syncd
