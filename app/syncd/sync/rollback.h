// The way back: what would be lost by it, and the rollback itself while live events go on.
#ifndef SYNCD_SYNC_ROLLBACK_H_
#define SYNCD_SYNC_ROLLBACK_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "syncd/readmodel/event_log.h"
#include "syncd/sync/warm_set.h"

namespace syncd {

// What readers would miss after a rollback.
struct RollbackLoss {
  uint64_t target = 0;
  uint64_t lag = 0;              // events that the target has yet to get before it goes live
  std::optional<uint64_t> lost;  // events that it will never get; nothing: nobody knows how many
  std::string reason;            // why it gets none; empty for a warm one

  // For people, before anything is done.
  std::string Describe() const;
};

// How RollBack goes about it.
struct RollbackRequest {
  std::optional<uint64_t> to;  // nothing: the generation that the live one replaced
  bool accept_loss = false;
  std::chrono::milliseconds pause_max{2000};
};

// What a rollback would lose. kFailedPrecondition when there is nowhere to go back to.
absl::StatusOr<RollbackLoss> AssessRollback(const indexswap::ReleaseStatus& status,
                                            std::optional<uint64_t> to,
                                            const std::string& state_dir, EventLog& log,
                                            const WarmSet& warm);

// Moves the aliases back: a warm target gets every event first, and events stand still for as long
// as the request takes. `told` hears of the loss before anything is done. kFailedPrecondition when
// something would be lost and that was not accepted.
absl::StatusOr<indexswap::SwapReport> RollBack(
    indexswap::Engine& engine, WarmSet& warm, EventLog& log, const std::string& state_dir,
    const RollbackRequest& request, const std::function<void(const RollbackLoss&)>& told);

}  // namespace syncd

#endif  // SYNCD_SYNC_ROLLBACK_H_
