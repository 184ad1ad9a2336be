// The gate `queries`: what readers search for finds on the new generation what it finds on the live
// one, before any reader gets there.
#ifndef INDEXSWAP_ENGINE_QUERY_GATE_H_
#define INDEXSWAP_ENGINE_QUERY_GATE_H_

#include <absl/status/statusor.h>
#include <indexswap/generation.h>

#include "indexswap/engine/gates.h"

namespace indexswap {

// Runs every query of the release a few times as readers do: on the new index with its alias's new
// filter, and through the live alias. Fails for one that the new index can't answer, that finds too
// few, or that takes too long where it has a limit. What tells nothing about the build passes, and
// says so: a query that fails on what is live, too, or that the store can't carry out. Without a
// live alias only errors are judged. An error is one of the store's, as of JudgeStoreGates.
absl::StatusOr<GateResult> JudgeQueries(const GateInput& input);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_QUERY_GATE_H_
