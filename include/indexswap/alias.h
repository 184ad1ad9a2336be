// Alias tables, and the difference of two of them as a list of atomic actions.
//
// All values; every function is pure and thread-safe.
#ifndef INDEXSWAP_ALIAS_H_
#define INDEXSWAP_ALIAS_H_

#include <map>
#include <string>
#include <vector>

namespace indexswap {

// One index that an alias points at.
struct AliasTarget {
  std::string index;   // a concrete index, such as `masterdoctorindex_v13`
  std::string filter;  // canonical JSON of a query (see CanonicalJson), or empty for no filter
  // What else a store keeps of the alias, such as its routing: members of a JSON object, canonical;
  // empty for none. Only aliases that another program made have any.
  std::string options = "";

  auto operator<=>(const AliasTarget&) const = default;
};

// What each alias points at: alias name to its targets, sorted by index. An alias that points at
// nothing is not in the table.
using AliasTable = std::map<std::string, std::vector<AliasTarget>>;

// One change of the alias table. A list of actions is applied all together or not at all.
struct AliasAction {
  enum class Kind {
    kAdd,
    kRemove,
    kRemoveIndex,  // deletes `index`, so that an alias of its name can be added behind it
  };

  Kind kind = Kind::kAdd;
  std::string alias;  // empty for kRemoveIndex
  std::string index;
  std::string filter;        // only for kAdd; empty for none
  std::string options = "";  // likewise, as in AliasTarget

  bool operator==(const AliasAction&) const = default;
};

// The actions that turn `current` into `wanted` for exactly the aliases which `wanted` names;
// other aliases stay as they are. One alias an action, each alias's removals just before its
// additions, aliases in order of name. An alias whose target is right but whose filter differs is
// added anew (an addition replaces). Empty when nothing is to be done.
std::vector<AliasAction> DiffAliases(const AliasTable& current, const AliasTable& wanted);

// The result of `actions` on `table`. A removal of what is not there is ignored here; stores
// refuse it.
AliasTable ApplyActions(AliasTable table, const std::vector<AliasAction>& actions);

// `add discrepancies -> masterdoctorindex_v13 (filtered)`: one line for people.
std::string Describe(const AliasAction& action);

}  // namespace indexswap

#endif  // INDEXSWAP_ALIAS_H_
