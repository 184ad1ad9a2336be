#include "indexswap/engine/take_back.h"

#include <algorithm>
#include <string>
#include <vector>

namespace indexswap {
namespace {

std::vector<AliasTarget> TargetsOf(const AliasTable& table, const std::string& alias) {
  const auto found = table.find(alias);
  return found == table.end() ? std::vector<AliasTarget>() : found->second;
}

bool Has(const std::vector<AliasTarget>& targets, const std::string& index) {
  return std::any_of(targets.begin(), targets.end(),
                     [&](const AliasTarget& target) { return target.index == index; });
}

}  // namespace

bool HasHappened(const SwapActions& swap, const AliasTable& now) {
  // Somebody else may have changed some of the aliases meanwhile, but hardly to what is new.
  bool adds = false;
  for (const AliasAction& action : swap.actions) {
    const bool is_new = action.kind == AliasAction::Kind::kAdd &&
                        !Has(TargetsOf(swap.before, action.alias), action.index);
    if (!is_new) continue;
    adds = true;
    if (Has(TargetsOf(now, action.alias), action.index)) return true;
  }
  return !adds && DifferenceFrom(swap.wanted, now).empty();
}

bool CanBeTakenBack(const SwapActions& swap) {
  return std::none_of(swap.actions.begin(), swap.actions.end(), [](const AliasAction& action) {
    return action.kind == AliasAction::Kind::kRemoveIndex;
  });
}

SwapActions PlanTakeBack(const SwapActions& swap, const AliasTable& now) {
  SwapActions back;
  back.before = now;
  for (const auto& [alias, wanted] : swap.wanted) {
    const std::vector<AliasTarget> before = TargetsOf(swap.before, alias);
    std::vector<AliasTarget>& targets = back.wanted[alias];
    if (DifferenceFrom({{alias, wanted}}, now).empty()) {
      targets = before;
      continue;
    }
    for (const AliasTarget& target : TargetsOf(now, alias)) {
      const bool by_swap = Has(wanted, target.index) && !Has(before, target.index);
      if (!by_swap) targets.push_back(target);
    }
  }
  back.actions = DiffAliases(now, back.wanted);
  return back;
}

}  // namespace indexswap
