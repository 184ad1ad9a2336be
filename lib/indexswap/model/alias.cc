#include <absl/strings/str_format.h>
#include <indexswap/alias.h>

#include <algorithm>

namespace indexswap {

std::vector<AliasAction> DiffAliases(const AliasTable& current, const AliasTable& wanted) {
  std::vector<AliasAction> actions;
  for (const auto& [alias, targets] : wanted) {
    const auto found = current.find(alias);
    if (found != current.end()) {
      for (const AliasTarget& old : found->second) {
        const bool stays = std::any_of(targets.begin(), targets.end(),
                                       [&](const AliasTarget& t) { return t.index == old.index; });
        if (!stays) actions.push_back({AliasAction::Kind::kRemove, alias, old.index, ""});
      }
    }
    for (const AliasTarget& target : targets) {
      const bool there =
          found != current.end() &&
          std::find(found->second.begin(), found->second.end(), target) != found->second.end();
      if (!there) {
        actions.push_back(
            {AliasAction::Kind::kAdd, alias, target.index, target.filter, target.options});
      }
    }
  }
  return actions;
}

AliasTable ApplyActions(AliasTable table, const std::vector<AliasAction>& actions) {
  for (const AliasAction& action : actions) {
    if (action.kind == AliasAction::Kind::kRemoveIndex) {
      for (auto& [alias, targets] : table) {
        std::erase_if(targets, [&](const AliasTarget& t) { return t.index == action.index; });
      }
      std::erase_if(table, [](const auto& alias) { return alias.second.empty(); });
      continue;
    }
    std::vector<AliasTarget>& targets = table[action.alias];
    std::erase_if(targets, [&](const AliasTarget& t) { return t.index == action.index; });
    if (action.kind == AliasAction::Kind::kAdd) {
      targets.push_back({action.index, action.filter, action.options});
      std::sort(targets.begin(), targets.end());
    }
    if (targets.empty()) table.erase(action.alias);
  }
  return table;
}

std::string Describe(const AliasAction& action) {
  if (action.kind == AliasAction::Kind::kRemoveIndex) {
    return absl::StrFormat("delete index %s", action.index);
  }
  if (action.kind == AliasAction::Kind::kRemove) {
    return absl::StrFormat("remove %s -> %s", action.alias, action.index);
  }
  return absl::StrFormat("add %s -> %s%s", action.alias, action.index,
                         action.filter.empty() ? "" : " (filtered)");
}

}  // namespace indexswap
