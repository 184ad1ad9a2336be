#include "indexswap/engine/adoption.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <indexswap/names.h>

#include <algorithm>
#include <set>

#include "indexswap/engine/gates.h"
#include "indexswap/engine/swap.h"

namespace indexswap {
namespace {

bool IsOurs(const ReleaseView& view, const std::string& index) {
  const auto name = ParseIndexName(index);
  const GenerationView* owner = name ? view.Find(name->generation) : nullptr;
  return owner != nullptr && owner->meta && owner->families.contains(name->family);
}

bool HasName(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Where the release's aliases are, as far as that is not on indexes of ours.
AliasTable ForeignTable(const ReleaseSpec& release, const ReleaseView& view) {
  AliasTable table;
  for (const AliasSpec& alias : release.aliases) {
    const auto found = view.aliases.find(alias.name);
    if (found == view.aliases.end()) continue;
    for (const AliasTarget& target : found->second) {
      if (!IsOurs(view, target.index)) table[alias.name].push_back(target);
    }
  }
  return table;
}

// The indexes that a family's documents are in: the one of its name, or those that the alias of its
// name points at, or those that any of its aliases does.
std::vector<std::string> SourcesOf(const ReleaseSpec& release, const ReleaseView& view,
                                   const AliasTable& table, const std::string& family) {
  if (HasName(view.concrete, family)) return {family};
  std::set<std::string> named, any;
  for (const AliasSpec& alias : release.aliases) {
    const auto targets = table.find(alias.name);
    if (alias.family != family || targets == table.end()) continue;
    for (const AliasTarget& target : targets->second) {
      any.insert(target.index);
      if (alias.name == family) named.insert(target.index);
    }
  }
  const std::set<std::string>& found = named.empty() ? any : named;
  return {found.begin(), found.end()};
}

absl::Status NothingToAdopt(const ReleaseSpec& release) {
  return absl::FailedPreconditionError(absl::StrFormat(
      "there is no index to adopt: none of the aliases %s points at one, and none has such a name; "
      "`sync` builds from the sources",
      absl::StrJoin(release.aliases, ", ",
                    [](std::string* out, const AliasSpec& alias) { out->append(alias.name); })));
}

// What `name` was when it was taken over; nothing if it was not there.
const AdoptedIndex* FindAdopted(const ReleaseView& view, const std::string& name) {
  if (!view.adoption) return nullptr;
  for (const AdoptedIndex& index : view.adoption->indexes) {
    if (index.name == name) return &index;
  }
  return nullptr;
}

std::string DifferenceOf(const AdoptedIndex& was, const absl::StatusOr<IndexFacts>& is) {
  if (!is.ok()) return absl::StrFormat("%s is gone", was.name);
  if (is->uuid != was.uuid) {
    return absl::StrFormat("%s was deleted and made anew", was.name);
  }
  if (is->last_write != was.last_write) {
    return absl::StrFormat(
        "%s was written to: %d documents and write %d when it was read, now %d and %d", was.name,
        was.documents, was.last_write, is->documents, is->last_write);
  }
  return "";
}

// An error that says something about the index rather than the store.
bool IsGone(const absl::Status& status) { return status.code() == absl::StatusCode::kNotFound; }

// Whether an earlier call, whose answer was lost, has taken the name for the live generation.
bool IsTaken(const ReleaseView& view, const GenerationView& live, const std::string& name) {
  const bool was_concrete =
      view.adoption && std::any_of(view.adoption->indexes.begin(), view.adoption->indexes.end(),
                                   [&](const AdoptedIndex& index) { return index.name == name; });
  const auto targets = view.aliases.find(name);
  if (!was_concrete || targets == view.aliases.end() || targets->second.empty()) return false;
  const std::vector<std::string> indexes = live.Indexes();
  return std::all_of(targets->second.begin(), targets->second.end(),
                     [&](const auto& target) { return HasName(indexes, target.index); });
}

absl::Status CheckName(const ReleaseView& view, const GenerationMeta& live,
                       const std::string& name) {
  const bool is_alias = std::any_of(live.aliases.begin(), live.aliases.end(),
                                    [&](const AliasSpec& alias) { return alias.name == name; });
  if (!is_alias) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is no alias of generation %d", name, live.generation));
  }
  if (HasName(view.concrete, name)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("no concrete index has the name %s: there is nothing to take; %s", name,
                      view.concrete.empty() ? "no name is pending"
                                            : "pending are " + absl::StrJoin(view.concrete, ", ")));
}

// What the gates of a taken name say, collected.
struct NameGates {
  std::vector<std::string> changed, shrunk, notes;

  std::vector<GateResult> Results() const {
    const auto result = [&](const char* gate, const std::vector<std::string>& failures) {
      return GateResult{gate, failures.empty(), false,
                        absl::StrJoin(failures.empty() ? notes : failures, "; ")};
    };
    return {result(kChangedGate, changed), result("shrink", shrunk)};
  }
};

// Judges one name, and adds what it takes to `plan`.
absl::Status PlanName(Core& core, const ReleaseView& view, const AliasSpec& alias,
                      SwapActions& plan, NameGates& gates) {
  const auto facts = core.store->Inspect(alias.name);
  if (!facts.ok()) return facts.status();
  if (!facts->aliases.empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the index %s is still read through the alias %s: it is not deleted",
                        alias.name, absl::StrJoin(facts->aliases, ", ")));
  }
  const AdoptedIndex* was = FindAdopted(view, alias.name);
  const std::string difference =
      was == nullptr
          ? absl::StrFormat("%s was not there when the indexes were taken over", alias.name)
          : DifferenceOf(*was, facts);
  if (!difference.empty()) gates.changed.push_back(difference);
  const std::string index = IndexName(alias.family, *view.live);
  const auto documents = core.store->Count(index, alias.filter);
  if (!documents.ok()) return documents.status();
  std::string figures =
      absl::StrFormat("%s: %d -> %d documents", alias.name, facts->documents, *documents);
  if (ShrinksTooMuch(facts->documents, *documents, core.options.gates)) {
    gates.shrunk.push_back(std::move(figures));
  } else {
    gates.notes.push_back(std::move(figures));
  }
  const AliasTarget target = WantedAliases({alias}, *view.live).at(alias.name).front();
  plan.actions.push_back({AliasAction::Kind::kRemoveIndex, "", alias.name, ""});
  plan.actions.push_back({AliasAction::Kind::kAdd, alias.name, target.index, target.filter});
  plan.wanted[alias.name] = {target};
  return absl::OkStatus();
}

absl::Status FirstFailureOf(const std::vector<GateResult>& gates) {
  for (const GateResult& gate : gates) {
    if (gate.passed) continue;
    return absl::FailedPreconditionError(absl::StrFormat(
        "the gate %s: %s. No index was deleted; if that is as it should be, --override %s takes "
        "the names all the same",
        gate.gate, gate.detail, gate.gate));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AdoptionPlan> ReadAdoption(Core& core) {
  auto view = core.ReadView();
  if (!view.ok()) return view.status();
  if (view->live && *view->live != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "generation %d is live: there is nothing to adopt; `sync` builds the next one",
        *view->live));
  }
  // A store that has no indexes of others says so, whether there is one or not.
  const auto probe = core.store->Inspect(core.release.families.front().name);
  if (!probe.ok() && !IsGone(probe.status())) return probe.status();
  AdoptionPlan plan;
  plan.adoption.aliases = ForeignTable(core.release, *view);
  plan.pending = view->concrete;
  std::set<std::string> indexes(view->concrete.begin(), view->concrete.end());
  for (const auto& [alias, targets] : plan.adoption.aliases) {
    for (const AliasTarget& target : targets) indexes.insert(target.index);
  }
  if (indexes.empty()) return NothingToAdopt(core.release);
  for (const FamilySpec& family : core.release.families) {
    auto sources = SourcesOf(core.release, *view, plan.adoption.aliases, family.name);
    if (!sources.empty()) plan.sources[family.name] = std::move(sources);
  }
  for (const std::string& index : indexes) {
    if (absl::Status s = core.store->Refresh(index); !s.ok()) return s;
    const auto facts = core.store->Inspect(index);
    if (!facts.ok()) return facts.status();
    plan.adoption.indexes.push_back({index, facts->uuid, facts->documents, facts->last_write});
  }
  return plan;
}

absl::StatusOr<GateResult> JudgeChanged(IndexStore& store, const Adoption& adoption) {
  GateResult result{kChangedGate, true, false, ""};
  std::vector<std::string> differences, notes;
  for (const AdoptedIndex& index : adoption.indexes) {
    const auto facts = store.Inspect(index.name);
    if (!facts.ok() && !IsGone(facts.status())) return facts.status();
    std::string difference = DifferenceOf(index, facts);
    if (!difference.empty()) differences.push_back(std::move(difference));
    notes.push_back(
        absl::StrFormat("%s: %d documents, as when it was read", index.name, index.documents));
  }
  result.passed = differences.empty();
  result.detail = result.passed ? absl::StrJoin(notes, "; ")
                                : absl::StrJoin(differences, "; ") +
                                      "; end whoever writes to it, and adopt again";
  return result;
}

absl::Status NoteAdoption(const ReleaseSpec& release, ReleaseView& view, GenerationMeta& meta) {
  AliasTable table = ForeignTable(release, view);
  for (const auto& [alias, targets] : table) {
    for (const AliasTarget& target : targets) {
      const bool known =
          std::any_of(meta.adopted->indexes.begin(), meta.adopted->indexes.end(),
                      [&](const AdoptedIndex& index) { return index.name == target.index; });
      if (known) continue;
      return absl::FailedPreconditionError(absl::StrFormat(
          "alias %s points at %s, which it did not when the adoption began: adopt again", alias,
          target.index));
    }
  }
  meta.adopted->aliases = std::move(table);
  view.adoption = meta.adopted;
  view.live = 0;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> GoneFrom(IndexStore& store, const Adoption& adoption) {
  std::vector<std::string> gone;
  for (const AdoptedIndex& index : adoption.indexes) {
    const auto facts = store.Inspect(index.name);
    if (!facts.ok() && !IsGone(facts.status())) return facts.status();
    if (!facts.ok() || facts->uuid != index.uuid) gone.push_back(index.name);
  }
  return gone;
}

absl::Status PlanReturn(Core& core, const ReleaseView& view, SwapActions& plan) {
  if (!view.adoption) {
    return absl::FailedPreconditionError(
        "there is no generation 0: nothing was adopted; `status` lists the generations");
  }
  const auto gone = GoneFrom(*core.store, *view.adoption);
  if (!gone.ok()) return gone.status();
  if (!gone->empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("generation 0 is gone: %s is not there any more. There is no way back to "
                        "before the adoption",
                        absl::StrJoin(*gone, ", ")));
  }
  return PlanTable(view, view.adoption->aliases, plan);
}

absl::StatusOr<SwapReport> TakeNames(Core& core, const std::vector<std::string>& names,
                                     const std::vector<std::string>& overrides) {
  const auto view = core.ReadView();
  if (!view.ok()) return view.status();
  const GenerationView* live = view->live ? view->Find(*view->live) : nullptr;
  if (live == nullptr || !live->meta) {
    return absl::FailedPreconditionError(
        "no generation is live, so no name can become an alias of it: `adopt` first, and take the "
        "names when everything is well");
  }
  if (names.empty()) return absl::InvalidArgumentError("no name was given");
  SwapActions plan;
  NameGates judged;
  for (const std::string& name : std::set<std::string>(names.begin(), names.end())) {
    if (IsTaken(*view, *live, name)) continue;
    if (absl::Status s = CheckName(*view, *live->meta, name); !s.ok()) return s;
    for (const AliasSpec& alias : live->meta->aliases) {
      if (alias.name != name) continue;
      if (absl::Status s = PlanName(core, *view, alias, plan, judged); !s.ok()) return s;
    }
  }
  std::vector<GateResult> gates = judged.Results();
  if (absl::Status s = Override(overrides, gates); !s.ok()) return s;
  if (absl::Status s = FirstFailureOf(gates); !s.ok()) return s;
  SwapReport report = StartReport(*view, *view->live, plan);
  for (const std::string& name : view->concrete) {
    if (!plan.wanted.contains(name)) report.pending.push_back(name);
  }
  report.gates = std::move(gates);
  if (plan.actions.empty()) return report;
  core.observer.OnStep("names.before");
  if (absl::Status s = SendSwap(core, plan, report); !s.ok()) return s;
  core.observer.OnStep("names.after");
  return report;
}

}  // namespace indexswap
