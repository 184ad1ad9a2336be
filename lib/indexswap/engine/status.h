// What the store holds, as one value for people and programs.
#ifndef INDEXSWAP_ENGINE_STATUS_H_
#define INDEXSWAP_ENGINE_STATUS_H_

#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include "indexswap/engine/core.h"

namespace indexswap {

// See Engine::Status.
absl::StatusOr<ReleaseStatus> MakeStatus(Core& core);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_STATUS_H_
