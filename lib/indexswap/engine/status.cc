#include "indexswap/engine/status.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <set>

#include "indexswap/engine/view.h"

namespace indexswap {
namespace {

std::string StateOf(const ReleaseView& view, const GenerationView& generation) {
  if (!generation.meta && (generation.newer.empty() || view.live != generation.generation)) {
    return "foreign";
  }
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

// The family that an adopted index was read as; empty when it is none's.
std::string FamilyOf(const ReleaseSpec& release, const Adoption& adoption,
                     const std::string& index) {
  for (const AliasSpec& alias : release.aliases) {
    if (alias.name == index) return alias.family;
    const auto targets = adoption.aliases.find(alias.name);
    if (targets == adoption.aliases.end()) continue;
    for (const AliasTarget& target : targets->second) {
      if (target.index == index) return alias.family;
    }
  }
  return "";
}

// What was there before the first generation, as generation 0.
void DescribeAdopted(Core& core, const ReleaseView& view, ReleaseStatus& status) {
  GenerationStatus adopted;
  std::vector<std::string> gone;
  for (const AdoptedIndex& index : view.adoption->indexes) {
    const auto facts = core.store->Inspect(index.name);
    if (facts.ok() ? facts->uuid != index.uuid : absl::IsNotFound(facts.status())) {
      gone.push_back(index.name);
      continue;
    }
    const std::string family = FamilyOf(core.release, *view.adoption, index.name);
    adopted.indexes.push_back(
        facts.ok() ? GenerationStatus::Index{family, index.name, facts->documents, facts->bytes}
                   : GenerationStatus::Index{family, index.name, {}, 0});
  }
  adopted.state = view.live == 0u       ? "live"
                  : !gone.empty()       ? "gone"
                  : view.previous == 0u ? "previous"
                                        : "adopted";
  if (!gone.empty()) {
    if (status.previous == 0u) status.previous.reset();
    status.findings.push_back(absl::StrCat("generation 0 is gone, as ", absl::StrJoin(gone, ", "),
                                           " is: there is no way back to before the adoption"));
  }
  status.generations.push_back(std::move(adopted));
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
  const auto read = core.ReadView();
  if (!read.ok()) return read.status();
  const ReleaseView& view = *read;
  ReleaseStatus status;
  status.store = core.store->Describe();
  status.live = view.live;
  status.previous = view.previous;
  status.building = view.building;
  status.findings = view.findings;
  if (!view.leases.empty()) status.lease = view.leases.back();
  if (view.adoption) DescribeAdopted(core, view, status);
  for (const auto& [number, generation] : view.generations) {
    status.generations.push_back(Describe(core, view, generation));
  }
  std::set<std::string> names;
  const auto describe = [&](const std::vector<AliasSpec>& aliases) {
    for (const AliasSpec& alias : aliases) {
      if (names.insert(alias.name).second) {
        status.aliases.push_back(Describe(core, view, alias.name));
      }
    }
  };
  describe(core.release.aliases);
  // Live may be of an older release spec, with aliases that this one has no more.
  const GenerationView* live = view.live ? view.Find(*view.live) : nullptr;
  if (live != nullptr && live->meta) describe(live->meta->aliases);
  return status;
}

}  // namespace indexswap
