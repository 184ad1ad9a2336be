#include "indexswap/engine/status.h"

#include <absl/strings/str_join.h>

#include <algorithm>

#include "indexswap/engine/view.h"

namespace indexswap {
namespace {

std::string StateOf(const ReleaseView& view, const GenerationView& generation) {
  if (!generation.meta) return "foreign";
  if (view.live == generation.generation) return "live";
  if (view.previous == generation.generation) return "previous";
  if (generation.meta->state == BuildState::kSealed && !generation.complete) return "incomplete";
  return ToString(generation.meta->state);
}

std::optional<uint64_t> CountOrNothing(IndexStore& store, const std::string& target) {
  const auto count = store.Count(target, "");
  return count.ok() ? std::optional<uint64_t>(*count) : std::nullopt;
}

GenerationStatus Describe(Core& core, const ReleaseView& view, const GenerationView& generation) {
  GenerationStatus status;
  status.generation = generation.generation;
  status.state = StateOf(view, generation);
  status.meta = generation.meta;
  for (const auto& [family, index] : generation.families) {
    status.indexes.push_back(
        {family, index.name, CountOrNothing(*core.store, index.name), index.bytes});
  }
  return status;
}

AliasStatus Describe(Core& core, const ReleaseView& view, const std::string& alias) {
  AliasStatus status;
  status.name = alias;
  status.pending =
      std::find(view.concrete.begin(), view.concrete.end(), alias) != view.concrete.end();
  const auto found = view.aliases.find(alias);
  if (found == view.aliases.end()) return status;
  status.index = absl::StrJoin(
      found->second, ", ", [](std::string* out, const AliasTarget& t) { out->append(t.index); });
  status.documents = CountOrNothing(*core.store, alias);
  return status;
}

}  // namespace

absl::StatusOr<ReleaseStatus> MakeStatus(Core& core) {
  auto state = core.store->Read(core.query);
  if (!state.ok()) return state.status();
  const ReleaseView view = MakeView(core.release, *std::move(state));
  ReleaseStatus status;
  status.store = core.store->Describe();
  status.live = view.live;
  status.previous = view.previous;
  status.building = view.building;
  status.findings = view.findings;
  if (!view.leases.empty()) status.lease = view.leases.back();
  for (const auto& [number, generation] : view.generations) {
    status.generations.push_back(Describe(core, view, generation));
  }
  for (const AliasSpec& alias : core.release.aliases) {
    status.aliases.push_back(Describe(core, view, alias.name));
  }
  return status;
}

}  // namespace indexswap
