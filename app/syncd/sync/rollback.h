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

#include "syncd/plan/plan.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/sync/event_facts.h"
#include "syncd/sync/warm_set.h"

namespace syncd {

// What readers would miss after a rollback.
struct RollbackLoss {
  uint64_t target = 0;
  uint64_t lag = 0;              // events that the target has yet to get before it goes live
  std::optional<uint64_t> lost;  // events that it will never get; nothing: nobody knows how many
  std::string reason;            // why it gets none; empty for a warm one

  // Whether it is not done unless the loss is accepted.
  bool NeedsConsent() const { return !reason.empty() && lost != 0; }

  // For people, before anything is done.
  std::string Describe() const;
};

// How RollBack goes about it.
struct RollbackRequest {
  std::optional<uint64_t> to;  // nothing: the generation that the live one replaced
  bool accept_loss = false;
  std::optional<std::string> if_state;  // refuse if the store's state is another
  std::chrono::milliseconds pause_max{2000};
};

// What a rollback works with; nothing is owned.
struct RollbackTools {
  indexswap::Engine& engine;
  WarmSet& warm;
  EventLog& log;
  const Plan& plan;  // in use
  const std::string& state_dir;
};

// What a rollback would do.
struct RollbackPreview {
  indexswap::SwapReport report;
  RollbackLoss loss;
};

// How PreviewRollback learns of events: FactsOf, or ReadEventFacts.
using EventFactsReader =
    std::function<absl::StatusOr<EventFacts>(const indexswap::ReleaseStatus& status)>;

// What a rollback would lose. `in_use`: the plan by which events are read. kFailedPrecondition when
// there is nowhere to go back to.
absl::StatusOr<RollbackLoss> AssessRollback(const indexswap::ReleaseStatus& status,
                                            std::optional<uint64_t> to,
                                            const std::string& state_dir, const EventFacts& facts,
                                            const Plan& in_use);

// Whether a block keeps the aliases from going back, which is seen without the lease:
// kFailedPrecondition names it, and the remedy. What can't be looked at keeps nobody from trying.
absl::Status StopsRollback(indexswap::Engine& engine, std::optional<uint64_t> to);

// What RollBack would do and lose. Changes nothing, and needs no lease. Its errors are RollBack's,
// but for a loss that was not accepted, which is told.
absl::StatusOr<RollbackPreview> PreviewRollback(indexswap::Engine& engine,
                                                const RollbackRequest& request,
                                                const std::string& state_dir,
                                                const EventFactsReader& read_facts,
                                                const Plan& in_use);

// Moves the aliases back: a warm target gets every event first, and events stand still for as long
// as the request takes. `told` hears of the loss before anything is done. kFailedPrecondition when
// something would be lost and that was not accepted, or the state is not `if_state`.
absl::StatusOr<indexswap::SwapReport> RollBack(
    const RollbackTools& tools, const RollbackRequest& request,
    const std::function<void(const RollbackLoss&)>& told);

}  // namespace syncd

#endif  // SYNCD_SYNC_ROLLBACK_H_
