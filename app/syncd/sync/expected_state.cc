#include "syncd/sync/expected_state.h"

#include <absl/strings/str_format.h>

namespace syncd {

absl::Status CheckState(const std::string& wanted, const std::string& state) {
  if (wanted == state) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "the state has moved since the plan was made (%s): it is %s now, not %s. Nothing was done; "
      "look at `syncd plan`, or `syncd rollback --dry-run`, again",
      indexswap::DifferenceOfStates(wanted, state), state, wanted));
}

absl::Status CheckStateNow(indexswap::Engine& engine, const std::optional<std::string>& wanted) {
  if (!wanted) return absl::OkStatus();
  const auto state = engine.State();
  return state.ok() ? CheckState(*wanted, *state) : state.status();
}

}  // namespace syncd
