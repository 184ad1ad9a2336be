// Names: what stands where our indexes and aliases are, or will be.
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <set>

#include "syncd/doctor/checks.h"

namespace syncd {
namespace {

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Every alias that belongs to this release, of this plan or of one that a generation was built by.
std::set<std::string> OwnAliases(const Facts& facts) {
  std::set<std::string> own;
  for (const auto& alias : facts.plan.aliases) own.insert(alias.name);
  for (const auto& index : facts.store.state.indexes) {
    if (!index.meta) continue;
    for (const auto& alias : index.meta->aliases) own.insert(alias.name);
  }
  return own;
}

std::set<std::string> OwnIndexes(const Facts& facts) {
  std::set<std::string> own;
  for (const auto& index : facts.store.state.indexes) {
    if (index.meta && index.meta->release == facts.plan.release) own.insert(index.name);
  }
  return own;
}

// Indexes of an earlier system that were adopted: they are generation 0, the way back.
std::set<std::string> AdoptedIndexes(const Facts& facts) {
  std::set<std::string> adopted;
  for (const auto& index : facts.store.state.indexes) {
    const bool ours = index.meta && index.meta->release == facts.plan.release;
    if (!ours || !index.meta->adopted) continue;
    for (const auto& one : index.meta->adopted->indexes) adopted.insert(one.name);
  }
  return adopted;
}

}  // namespace

void CheckNames(const Facts& facts, Findings& findings) {
  const std::vector<std::string>& concrete = facts.store.state.concrete;
  size_t found = 0;
  for (const auto& alias : facts.plan.aliases) {
    if (!Contains(concrete, alias.name)) continue;
    ++found;
    findings.Warning("names.alias",
                     absl::StrFormat("%s is to be an alias, and a concrete index has its name: a "
                                     "swap leaves it out, and its readers see that index",
                                     alias.name),
                     "`syncd adopt`, and then its second step when nobody reads by that name; if a "
                     "service has created it empty at its start, stop that service and delete it");
  }
  for (const PlanFamily& family : facts.plan.families) {
    if (!Contains(concrete, family.name)) continue;
    const bool alias_too = std::any_of(facts.plan.aliases.begin(), facts.plan.aliases.end(),
                                       [&](const auto& a) { return a.name == family.name; });
    if (alias_too) continue;
    ++found;
    findings.Warning("names.family",
                     absl::StrFormat("a concrete index has the name of the family %s: it is of an "
                                     "earlier system, and who reads by that name sees no swap",
                                     family.name),
                     "`syncd adopt` takes it over");
  }
  for (const auto& index : facts.store.state.indexes) {
    if (index.meta && index.meta->release == facts.plan.release) continue;
    ++found;
    findings.Warning("names.generation",
                     absl::StrFormat("index %s is named like a generation, and %s", index.name,
                                     index.meta ? "belongs to release " + index.meta->release
                                                : "was not made by syncd"),
                     "rename or delete it if nobody needs it; syncd never touches it, and goes on "
                     "with higher numbers");
  }
  if (found == 0) findings.Ok("names.alias", "no name of ours is taken by others");
}

void CheckAliases(const Facts& facts, Findings& findings) {
  const std::set<std::string> aliases = OwnAliases(facts);
  const std::set<std::string> indexes = OwnIndexes(facts);
  const std::set<std::string> adopted = AdoptedIndexes(facts);
  std::set<std::string> families;
  for (const PlanFamily& family : facts.plan.families) families.insert(family.name);
  size_t found = 0;
  for (const auto& [alias, targets] : facts.store.state.aliases) {
    for (const auto& target : targets) {
      const bool own_index = indexes.contains(target.index);
      if (adopted.contains(target.index)) continue;
      if (aliases.contains(alias) && !own_index) {
        ++found;
        findings.Stop("aliases.target",
                      absl::StrFormat("alias %s is on index %s, which syncd did not make: a swap "
                                      "would take it away from there, so it is refused",
                                      alias, target.index),
                      "`syncd adopt` takes that index over; or remove the alias from it");
      } else if (!aliases.contains(alias) && own_index) {
        ++found;
        findings.Warning("aliases.foreign",
                         absl::StrFormat("alias %s on %s is not in the plan: no swap moves it, and "
                                         "prune never deletes the index",
                                         alias, target.index),
                         "add it to the plan, or remove it from the index");
      } else if (families.contains(alias) && !own_index) {
        ++found;
        findings.Warning("names.family",
                         absl::StrFormat("the name of the family %s is an alias on index %s, which "
                                         "syncd did not make",
                                         alias, target.index),
                         "`syncd adopt` takes it over");
      }
    }
  }
  if (facts.store.status.live == 0u) {
    findings.Warning("aliases.adopted",
                     "the aliases are where they were before the adoption (generation 0 is live): "
                     "events are kept, and shown once a generation of ours is live again",
                     "`syncd rollback --to N` goes forward again; `syncd status` lists them");
  } else if (!facts.store.status.live) {
    findings.Info("aliases.live", "no generation is live yet");
  } else if (found == 0) {
    findings.Ok("aliases.live",
                absl::StrFormat("all aliases are on generation %d", *facts.store.status.live));
  }
}

}  // namespace syncd
