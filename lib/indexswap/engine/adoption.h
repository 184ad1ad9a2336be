// What another program made, and a release takes over: generation 0.
#ifndef INDEXSWAP_ENGINE_ADOPTION_H_
#define INDEXSWAP_ENGINE_ADOPTION_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include <string>
#include <vector>

#include "indexswap/engine/core.h"
#include "indexswap/engine/view.h"

namespace indexswap {

// The gate that compares what was taken over with how it was when that began.
inline constexpr char kChangedGate[] = "changed";

// See Engine::PlanAdoption. Refreshes the indexes, so that all that was written counts.
absl::StatusOr<AdoptionPlan> ReadAdoption(Core& core);

// `changed`: every index is the one that it was, and nobody has written to it.
absl::StatusOr<GateResult> JudgeChanged(IndexStore& store, const Adoption& adoption);

// Just before the generation of `meta` replaces what it took over: notes where the aliases are now,
// which may be elsewhere than when the build began, in `meta`, and makes `view` see them as
// generation 0. kFailedPrecondition when one points at an index that was not there then.
absl::Status NoteAdoption(const ReleaseSpec& release, ReleaseView& view, GenerationMeta& meta);

// Those of the adopted indexes that are not there any more, or are others of the same name.
absl::StatusOr<std::vector<std::string>> GoneFrom(IndexStore& store, const Adoption& adoption);

// What moves the aliases back to where they were before the first generation. kFailedPrecondition
// when there was nothing, or it is there no more.
absl::Status PlanReturn(Core& core, const ReleaseView& view, SwapActions& plan);

// See Engine::TakeNames.
absl::StatusOr<SwapReport> TakeNames(Core& core, const std::vector<std::string>& names,
                                     const std::vector<std::string>& overrides);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_ADOPTION_H_
