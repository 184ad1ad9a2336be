// Live writes to one generation.
#ifndef INDEXSWAP_ENGINE_APPLY_H_
#define INDEXSWAP_ENGINE_APPLY_H_

#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include <cstdint>
#include <vector>

#include "indexswap/engine/core.h"

namespace indexswap {

// See Engine::Apply. The lease must have been taken.
absl::StatusOr<std::vector<BulkResult>> ApplyChanges(Core& core, uint64_t generation,
                                                     const std::vector<Change>& changes);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_APPLY_H_
