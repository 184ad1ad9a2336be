#include "indexswap/engine/view.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <indexswap/names.h>

#include <algorithm>

namespace indexswap {
namespace {

// The one meta that all indexes of a generation share; otherwise nothing.
std::optional<GenerationMeta> AgreedMeta(const GenerationView& view, const std::string& release) {
  std::optional<GenerationMeta> agreed;
  for (const auto& [family, index] : view.families) {
    if (!index.meta || index.meta->release != release ||
        index.meta->generation != view.generation) {
      return std::nullopt;
    }
    if (!agreed) {
      agreed = index.meta;
    } else if (agreed->build_id != index.meta->build_id) {
      return std::nullopt;
    } else if (agreed->state != index.meta->state) {
      // Interrupted between two indexes: what is not known of all of them does not hold yet.
      const bool abandoned =
          agreed->state == BuildState::kAbandoned || index.meta->state == BuildState::kAbandoned;
      agreed->state = abandoned ? BuildState::kAbandoned : BuildState::kBuilding;
    }
  }
  return agreed;
}

bool IsComplete(const GenerationView& view) {
  if (!view.meta || view.meta->state != BuildState::kSealed) return false;
  return std::all_of(view.meta->families.begin(), view.meta->families.end(),
                     [&](const std::string& family) { return view.families.contains(family); });
}

bool IsAdopted(const ReleaseView& view, const std::string& index) {
  return view.adoption &&
         std::any_of(view.adoption->indexes.begin(), view.adoption->indexes.end(),
                     [&](const AdoptedIndex& adopted) { return adopted.name == index; });
}

// The newest that has been live knows best where the aliases were before.
void FindAdoption(ReleaseView& view) {
  for (const auto& [number, generation] : view.generations) {
    if (!generation.meta || !generation.meta->adopted) continue;
    if (generation.meta->promoted_at.empty()) continue;
    if (generation.meta->state != BuildState::kAbandoned) view.adoption = generation.meta->adopted;
  }
}

const AliasSpec* FindAlias(const std::vector<AliasSpec>& aliases, const std::string& name) {
  for (const AliasSpec& alias : aliases) {
    if (alias.name == name) return &alias;
  }
  return nullptr;
}

void FindLive(const ReleaseSpec& release, ReleaseView& view) {
  std::map<uint64_t, int> votes;
  for (const auto& [alias, targets] : view.aliases) {
    const AliasSpec* asked = FindAlias(release.aliases, alias);
    for (const AliasTarget& target : targets) {
      const auto name = ParseIndexName(target.index);
      const GenerationView* owner = name ? view.Find(name->generation) : nullptr;
      // Live may be of an older release spec, with other aliases than this one.
      const AliasSpec* own =
          owner != nullptr && owner->meta ? FindAlias(owner->meta->aliases, alias) : nullptr;
      if (owner != nullptr && ((asked != nullptr && asked->family == name->family) ||
                               (own != nullptr && own->family == name->family))) {
        ++votes[name->generation];
      } else if (asked != nullptr && IsAdopted(view, target.index)) {
        ++votes[0];
      }
    }
  }
  int most = 0;
  for (const auto& [generation, count] : votes) {
    if (count < most) continue;
    most = count;
    view.live = generation;
  }
  if (votes.size() > 1) {
    view.findings.push_back(absl::StrFormat("the aliases point at %d generations; the most at %d",
                                            votes.size(), *view.live));
  }
}

void FindPrevious(ReleaseView& view) {
  if (!view.live) return;
  const GenerationView* live = view.Find(*view.live);
  if (live == nullptr || !live->meta || !live->meta->replaces) return;
  if (*live->meta->replaces == 0 && view.adoption) view.previous = 0;
  const GenerationView* previous = view.Find(*live->meta->replaces);
  if (previous != nullptr && previous->complete) view.previous = previous->generation;
}

// The names of the aliases that a generation went live with.
std::vector<std::string> AliasesOf(const ReleaseView& view, uint64_t generation) {
  std::vector<std::string> names;
  if (generation == 0) {
    for (const auto& [alias, targets] : view.adoption->aliases) names.push_back(alias);
    return names;
  }
  const GenerationView* found = view.Find(generation);
  if (found == nullptr || !found->meta) return names;
  for (const AliasSpec& alias : found->meta->aliases) names.push_back(alias.name);
  return names;
}

}  // namespace

std::vector<std::string> GenerationView::Indexes() const {
  std::vector<std::string> names;
  for (const auto& [family, index] : families) names.push_back(index.name);
  return names;
}

const GenerationView* ReleaseView::Find(uint64_t generation) const {
  const auto found = generations.find(generation);
  return found == generations.end() ? nullptr : &found->second;
}

ReleaseView MakeView(const ReleaseSpec& release, StoreState state) {
  ReleaseView view;
  view.aliases = std::move(state.aliases);
  view.concrete = std::move(state.concrete);
  view.leases = std::move(state.leases);
  for (IndexState& index : state.indexes) {
    const auto name = ParseIndexName(index.name);
    if (!name) continue;
    GenerationView& generation = view.generations[name->generation];
    generation.generation = name->generation;
    if (!index.newer.empty()) generation.newer = index.name + ": " + index.newer;
    generation.families[name->family] = std::move(index);
  }
  for (auto& [number, generation] : view.generations) {
    generation.meta = AgreedMeta(generation, release.name);
    generation.complete = IsComplete(generation);
    if (!generation.newer.empty()) {
      view.findings.push_back(
          absl::StrFormat("generation %d is left alone: %s", number, generation.newer));
    } else if (!generation.meta) {
      view.findings.push_back(absl::StrFormat(
          "generation %d was not made by indexswap, or its indexes are of different builds",
          number));
    } else if (generation.meta->state == BuildState::kBuilding) {
      view.building = number;
    }
  }
  for (const auto& [alias, targets] : view.aliases) {
    for (const AliasTarget& target : targets) {
      const auto name = ParseIndexName(target.index);
      if (!name) continue;
      const auto found = view.generations.find(name->generation);
      if (found != view.generations.end() && found->second.families.contains(name->family)) {
        found->second.has_public_alias = true;
      }
    }
  }
  for (const std::string& name : view.concrete) {
    view.findings.push_back(
        absl::StrFormat("alias %s is pending: a concrete index has its name", name));
  }
  FindAdoption(view);
  FindLive(release, view);
  FindPrevious(view);
  return view;
}

absl::Status PlanActions(const ReleaseView& view, const std::vector<AliasSpec>& aliases,
                         uint64_t generation, SwapActions& out) {
  return PlanTable(view, WantedAliases(aliases, generation), out);
}

absl::Status PlanTable(const ReleaseView& view, AliasTable wanted, SwapActions& out) {
  out.wanted = std::move(wanted);
  out.before = view.aliases;
  for (const std::string& name : view.concrete) {
    if (out.wanted.erase(name) > 0) out.pending.push_back(name);
  }
  if (view.live) {
    for (const std::string& alias : AliasesOf(view, *view.live)) {
      if (view.aliases.contains(alias)) out.wanted.try_emplace(alias);
    }
  }
  for (const auto& [alias, targets] : out.wanted) {
    const auto found = view.aliases.find(alias);
    if (found == view.aliases.end()) continue;
    for (const AliasTarget& target : found->second) {
      const auto name = ParseIndexName(target.index);
      const GenerationView* owner = name ? view.Find(name->generation) : nullptr;
      if (owner != nullptr && !owner->newer.empty()) return absl::UnimplementedError(owner->newer);
      const bool ours = owner != nullptr && owner->meta && owner->families.contains(name->family);
      if (!ours && !IsAdopted(view, target.index)) {
        return absl::FailedPreconditionError(absl::StrFormat(
            "alias %s points at %s, which indexswap did not make: remove the alias, or take the "
            "index over with `adopt`",
            alias, target.index));
      }
    }
  }
  // Filters come back from servers in another form than they were given in. An index is written
  // by one plan only, so an alias that points at the wanted index has the wanted filter. Those of
  // adopted indexes are kept as the server tells them.
  AliasTable current = view.aliases;
  for (auto& [alias, targets] : out.wanted) {
    for (AliasTarget& old : current[alias]) {
      for (const AliasTarget& target : targets) {
        if (target.index == old.index && !IsAdopted(view, old.index)) old.filter = target.filter;
      }
    }
  }
  out.actions = DiffAliases(current, out.wanted);
  return absl::OkStatus();
}

std::string DifferenceFrom(const AliasTable& wanted, const AliasTable& table) {
  std::vector<std::string> differences;
  const auto indexes = [](const std::vector<AliasTarget>& targets) {
    std::vector<std::string> names;
    for (const AliasTarget& target : targets) names.push_back(target.index);
    return names.empty() ? std::string("nothing") : absl::StrJoin(names, ", ");
  };
  for (const auto& [alias, targets] : wanted) {
    const auto found = table.find(alias);
    const std::string is = found == table.end() ? "nothing" : indexes(found->second);
    if (is != indexes(targets)) {
      differences.push_back(
          absl::StrFormat("alias %s points at %s instead of %s", alias, is, indexes(targets)));
    }
  }
  return absl::StrJoin(differences, "; ");
}

}  // namespace indexswap
