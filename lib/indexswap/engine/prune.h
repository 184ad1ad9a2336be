// Deletion of what retention allows, and nothing else.
#ifndef INDEXSWAP_ENGINE_PRUNE_H_
#define INDEXSWAP_ENGINE_PRUNE_H_

#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include "indexswap/engine/core.h"

namespace indexswap {

// See Engine::Prune. The lease is held unless `dry_run`.
absl::StatusOr<PruneReport> PruneGenerations(Core& core, bool dry_run);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_PRUNE_H_
