// The way back to a generation that has been live.
#ifndef INDEXSWAP_ENGINE_ROLLBACK_H_
#define INDEXSWAP_ENGINE_ROLLBACK_H_

#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include <cstdint>
#include <optional>

#include "indexswap/engine/core.h"

namespace indexswap {

// See Engine::Rollback.
absl::StatusOr<SwapReport> RollBack(Core& core, std::optional<uint64_t> to, const HoldEvents& hold);

// See Engine::PlanRollback.
absl::StatusOr<SwapReport> ExplainRollBack(Core& core, std::optional<uint64_t> to);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_ROLLBACK_H_
