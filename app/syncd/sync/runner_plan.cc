// Whether a sync may begin: by what a plan of it says, and whether that is still the one looked at.
#include <indexswap/inspector.h>

#include "syncd/sync/expected_state.h"
#include "syncd/sync/runner.h"
#include "syncd/sync/state_files.h"

namespace syncd {

// Before the lease is taken, since what stops the build may keep the lease from being taken, too,
// and then nobody would say why. The engine judges again before it creates anything.
absl::Status SyncRunner::CheckPlan(const SyncRequest& request, SyncOutcome& outcome) {
  uint64_t to = 0;
  if (request.promote) {
    to = *request.promote;
  } else if (const auto cut_off = CutOffRun(config_.state, plan_, std::nullopt)) {
    to = *cut_off;
  }
  // What is there already is judged when it is to go live; until then only the lease matters.
  if (to != 0 && !request.if_state && engine_.CheckLease().ok()) return absl::OkStatus();
  auto plan = engine_.PlanSwap(to);
  if (!plan.ok()) return plan.status();
  if (request.if_state) {
    if (absl::Status s = CheckState(*request.if_state, plan->state); !s.ok()) return s;
  }
  const absl::Status stopped = indexswap::StopsBuild(request.overrides, plan->gates);
  if (!stopped.ok()) outcome.gates = std::move(plan->gates);
  return stopped;
}

// Takes the lease, and tells what there is then.
absl::StatusOr<indexswap::ReleaseStatus> SyncRunner::TakeUp(const SyncRequest& request) {
  if (absl::Status s = engine_.TakeLease(); !s.ok()) return indexswap::RefusedByBlock(s);
  // Once more, now that no other process can move it any more.
  if (absl::Status s = CheckStateNow(engine_, request.if_state); !s.ok()) return s;
  return engine_.Status();
}

}  // namespace syncd
