// What a swap would send, and a hash of the state of the store that it was planned from.
#ifndef INDEXSWAP_ENGINE_SWAP_PLAN_H_
#define INDEXSWAP_ENGINE_SWAP_PLAN_H_

#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include <string>
#include <vector>

#include "indexswap/engine/core.h"
#include "indexswap/engine/view.h"

namespace indexswap {

// What the store holds, for a plan: a block that keeps even that from being read is a refusal.
absl::StatusOr<ReleaseView> ReadForPlan(Core& core);

// See Engine::PlanSwap.
absl::StatusOr<SwapReport> ExplainSwap(Core& core, uint64_t to);

// See Engine::State.
absl::StatusOr<std::string> ReadState(Core& core);
std::string StateOf(const Core& core, const ReleaseView& view);

// Notes in `report` the requests that create `created` and carry out its actions, under the lease
// that is held, or else the next one.
void ExplainRequests(Core& core, const ReleaseView& view,
                     const std::vector<IndexDefinition>& created, SwapReport& report);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_SWAP_PLAN_H_
