// Makes a complete generation live, if its gates let it.
#ifndef INDEXSWAP_ENGINE_PROMOTION_H_
#define INDEXSWAP_ENGINE_PROMOTION_H_

#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include "indexswap/engine/core.h"
#include "indexswap/engine/view.h"

namespace indexswap {

// Makes `generation` live; see Engine::Promote.
absl::StatusOr<SwapReport> PromoteGeneration(Core& core, uint64_t generation,
                                             const PromoteInput& input);

// The generation, if aliases may move to it; kFailedPrecondition otherwise.
absl::StatusOr<const GenerationView*> RequireComplete(const ReleaseView& view, uint64_t generation);

// Makes what was written to the generation visible to searches.
absl::Status RefreshIndexes(Core& core, const GenerationMeta& meta);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_PROMOTION_H_
