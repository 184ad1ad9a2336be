// What goes live together: the families, their mappings, and the aliases over them.
#ifndef INDEXSWAP_RELEASE_H_
#define INDEXSWAP_RELEASE_H_

#include <absl/status/status.h>
#include <indexswap/alias.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace indexswap {

// One family of indexes.
struct FamilySpec {
  std::string name;      // the base name, `masterdoctorindex`
  std::string mappings;  // JSON object as in a create-index request: {"properties":{...}}
  std::string settings;  // JSON object of index settings in force once the build is sealed, such
                         // as {"number_of_replicas":1,"refresh_interval":"1s"}; empty: none
  uint64_t min_documents = 0;  // the gate `min_documents` refuses a build with fewer
};

// One alias over one family.
struct AliasSpec {
  std::string name;           // `discrepancies`
  std::string family;         // one of the release's families
  std::string filter;         // a query as JSON, or empty for every document
  bool may_be_empty = false;  // the gate `empty` lets it through with no document
};

// A search that readers send: the gate `queries` runs it on what is live and on the new generation.
struct QuerySpec {
  std::string name;   // for people
  std::string alias;  // one of the release's aliases, through which it is sent
  std::string body;   // the search request, a JSON object
  // How many of its hits it may lose; nothing: as GateOptions says of an alias.
  std::optional<double> max_shrink = std::nullopt;
  std::optional<uint64_t> shrink_slack = std::nullopt;
  double max_slower = 0;  // it may take so many times as long as on what is live; 0: told only
};

// A release: the set of families and aliases that go live together. A plain value.
struct ReleaseSpec {
  std::string name;  // `tis`; the base of the lease's name
  std::vector<FamilySpec> families;
  std::vector<AliasSpec> aliases;
  std::string plan_hash;  // identifies the plan the documents come from; opaque, may be empty
  std::vector<QuerySpec> queries = {};

  // kInvalidArgument with the name at fault: an unlawful or repeated name, an alias over an
  // unknown family, no family, a family that no alias reads, JSON that does not parse, a query
  // through an unknown alias.
  absl::Status Validate() const;

  // The family of that name, or nullptr. The pointer is into this value.
  const FamilySpec* FindFamily(std::string_view family) const;
};

// The alias table that `release` wants when `generation` is live, with canonical filters.
AliasTable WantedAliases(const std::vector<AliasSpec>& aliases, uint64_t generation);

}  // namespace indexswap

#endif  // INDEXSWAP_RELEASE_H_
