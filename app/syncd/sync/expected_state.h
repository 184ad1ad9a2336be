// `--if-state`: that what was looked at, and approved, is what is done.
#ifndef SYNCD_SYNC_EXPECTED_STATE_H_
#define SYNCD_SYNC_EXPECTED_STATE_H_

#include <absl/status/status.h>
#include <indexswap/engine.h>

#include <optional>
#include <string>

namespace syncd {

// kFailedPrecondition, with what differs, unless the store's `state` (SwapReport::state) is still
// the one that a plan was made from.
absl::Status CheckState(const std::string& wanted, const std::string& state);

// The same for the state as it is now; OK if none is wanted.
absl::Status CheckStateNow(indexswap::Engine& engine, const std::optional<std::string>& wanted);

}  // namespace syncd

#endif  // SYNCD_SYNC_EXPECTED_STATE_H_
