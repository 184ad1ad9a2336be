// The gates before a swap: each a judgement with its figures.
#ifndef INDEXSWAP_ENGINE_GATES_H_
#define INDEXSWAP_ENGINE_GATES_H_

#include <absl/status/statusor.h>
#include <indexswap/options.h>
#include <indexswap/release.h>
#include <indexswap/store.h>

#include <map>
#include <string>
#include <vector>

namespace indexswap {

// What the gates that look at the store need.
struct GateInput {
  IndexStore& store;
  const ReleaseSpec& release;  // for min_documents and queries
  const GenerationMeta& meta;  // of the build: aliases, families, documents expected
  const AliasTable& aliases;   // as they are now
  const GateOptions& options;
};

inline constexpr char kCountsGate[] = "counts";

// `counts`: each family's index has as many documents as `expected` says, as of the last refresh.
absl::StatusOr<GateResult> JudgeCounts(IndexStore& store, const GenerationMeta& meta,
                                       const std::map<std::string, uint64_t>& expected);

// The gates whose judgement can change after a build was sealed, because they compare with what is
// live: `min_documents`, `filters`, `empty`, `shrink`, `health`, `queries`. An error is one of the
// store's that says nothing about the build, such as kUnavailable.
absl::StatusOr<std::vector<GateResult>> JudgeStoreGates(const GateInput& input);

// Whether so few documents of `before` are left that the gate `shrink` stops it.
bool ShrinksTooMuch(uint64_t before, uint64_t now, const GateOptions& options);

// `refused`: documents that the store did not take.
GateResult JudgeRefused(uint64_t refused, const GateOptions& options);

// Whether every override must name one of the gates at hand: those of a sync are of two phases, one
// before and one after the build.
enum class OverridesOf { kTheseGates, kAnyPhase };

// `passed` for each gate named in `overrides`, recorded as overridden, unless it is final: the one
// place where the two meet. kInvalidArgument for a name that can't be overridden, or is none of
// `gates` (unless of kAnyPhase).
absl::Status Override(const std::vector<std::string>& overrides, std::vector<GateResult>& gates,
                      OverridesOf of = OverridesOf::kTheseGates);

// The first that did not pass, as an error for people with the remedy; OK when all passed.
absl::Status FirstFailure(uint64_t generation, const std::vector<GateResult>& gates);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_GATES_H_
