// Whether a sync may begin: by what a plan of it says, and whether that is still the one looked at.
#include <absl/strings/str_format.h>

#include "syncd/sync/runner.h"

namespace syncd {

absl::Status CheckState(const std::string& wanted, const std::string& state) {
  if (wanted == state) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "the state has moved since the plan was made (%s): it is %s now, not %s. Nothing was done; "
      "look at `syncd plan` again",
      indexswap::DifferenceOfStates(wanted, state), state, wanted));
}

absl::Status SyncRunner::CheckPlan(const SyncRequest& request) {
  if (request.promote && request.if_state.empty()) return absl::OkStatus();
  const auto plan = engine_.PlanSwap(0);
  if (!plan.ok()) return plan.status();
  return request.if_state.empty() ? absl::OkStatus() : CheckState(request.if_state, plan->state);
}

// Takes the lease, and tells what there is then.
absl::StatusOr<indexswap::ReleaseStatus> SyncRunner::TakeUp(const SyncRequest& request) {
  if (absl::Status s = engine_.TakeLease(); !s.ok()) return s;
  // Once more, now that no other process can move it any more.
  if (!request.if_state.empty()) {
    if (absl::Status s = CheckPlan(request); !s.ok()) return s;
  }
  return engine_.Status();
}

}  // namespace syncd
