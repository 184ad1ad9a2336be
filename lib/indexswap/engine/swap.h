// The swap and its outcome: either every alias has moved, or none has.
#ifndef INDEXSWAP_ENGINE_SWAP_H_
#define INDEXSWAP_ENGINE_SWAP_H_

#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include <chrono>

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

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_SWAP_H_
