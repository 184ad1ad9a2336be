// The swap and its outcome: either every alias has moved, or none has.
#ifndef INDEXSWAP_ENGINE_SWAP_H_
#define INDEXSWAP_ENGINE_SWAP_H_

#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include <string>
#include <vector>

#include "indexswap/engine/core.h"
#include "indexswap/engine/view.h"

namespace indexswap {

// Sends `plan.actions` in one request, finds out what became of it, and reads the aliases back. If
// somebody else has moved one of them at the same moment, the whole swap is taken back in another
// request, their alias left as they set it, and the error is kFailedPrecondition. Returns the time
// from sending to the answer. Only two outcomes beside kUnknown: swapped (OK), or as before (any
// other error).
absl::StatusOr<std::chrono::microseconds> ExecuteSwap(Core& core, const SwapActions& plan);

// What a swap to `to` by `plan` will report.
SwapReport StartReport(const ReleaseView& view, uint64_t to, const SwapActions& plan);

// ExecuteSwap, noted in `report`.
absl::Status SendSwap(Core& core, const SwapActions& plan, SwapReport& report);

// Makes `generation` live; see Engine::Promote.
absl::StatusOr<SwapReport> PromoteGeneration(Core& core, uint64_t generation,
                                             const PromoteInput& input);

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

// The generation, if aliases may move to it; kFailedPrecondition otherwise.
absl::StatusOr<const GenerationView*> RequireComplete(const ReleaseView& view, uint64_t generation);

// Makes what was written to the generation visible to searches.
absl::Status RefreshIndexes(Core& core, const GenerationMeta& meta);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_SWAP_H_
