// What a store holds of a release, in the words of the engine. Pure.
#ifndef INDEXSWAP_ENGINE_VIEW_H_
#define INDEXSWAP_ENGINE_VIEW_H_

#include <absl/status/status.h>
#include <indexswap/release.h>
#include <indexswap/store.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace indexswap {

// One number, and all indexes of that number.
struct GenerationView {
  uint64_t generation = 0;
  std::optional<GenerationMeta> meta;          // when all its indexes agree on one build
  std::map<std::string, IndexState> families;  // by family
  bool complete = false;                       // sealed, and every family of its meta is there
  bool has_public_alias = false;
  std::string newer;  // why this program can't read the meta of one of its indexes; empty: it can

  // Every index's name, in order.
  std::vector<std::string> Indexes() const;
};

// A StoreState, understood.
struct ReleaseView {
  std::map<uint64_t, GenerationView> generations;
  std::optional<uint64_t> live;      // the one that most of the release's aliases point at
  std::optional<uint64_t> previous;  // the complete one that the live one replaced
  std::optional<Adoption> adoption;  // generation 0, which is not among `generations`, as the
                                     // newest generation that has been live knows it
  std::optional<uint64_t> building;  // the highest in state building
  AliasTable aliases;
  std::vector<std::string> concrete;
  std::vector<Lease> leases;
  std::vector<std::string> findings;  // what is not as it should be, for people

  // The generation, or nullptr.
  const GenerationView* Find(uint64_t generation) const;
};

// Understands `state` for `release`.
ReleaseView MakeView(const ReleaseSpec& release, StoreState state);

// The actions of a swap to `meta`'s alias table, leaving out `pending` (names that concrete indexes
// have). Aliases of the live generation that the target does not have are removed.
// kFailedPrecondition when an alias points at an index that indexswap neither made nor adopted,
// kUnimplemented when at one that a newer program made.
struct SwapActions {
  std::vector<AliasAction> actions;
  AliasTable wanted;  // what must be read back; an empty list of targets: nowhere
  AliasTable before;  // every alias, as the actions expect to find it
  std::vector<std::string> pending;
};
absl::Status PlanActions(const ReleaseView& view, const std::vector<AliasSpec>& aliases,
                         uint64_t generation, SwapActions& out);

// The same to any table.
absl::Status PlanTable(const ReleaseView& view, AliasTable wanted, SwapActions& out);

// Whether `table` says for every alias of `wanted` the same indexes; otherwise what differs.
std::string DifferenceFrom(const AliasTable& wanted, const AliasTable& table);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_VIEW_H_
