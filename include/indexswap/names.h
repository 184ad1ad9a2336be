// Names of everything that indexswap keeps in a store, built and parsed in one place.
//
// Every function here is pure and thread-safe. A name that these functions did not build is a
// foreigner: parsing returns std::nullopt, and nothing foreign is ever written to or deleted.
#ifndef INDEXSWAP_NAMES_H_
#define INDEXSWAP_NAMES_H_

#include <absl/status/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace indexswap {

// The parts of an index name such as `masterdoctorindex_v13`.
struct GenerationName {
  std::string family;       // `masterdoctorindex`
  uint64_t generation = 0;  // 13; never 0 in a name that IndexName built

  bool operator==(const GenerationName&) const = default;
};

// The parts of a private write alias such as `masterdoctorindex_v13_W7`.
struct WriteAliasName {
  std::string index;   // `masterdoctorindex_v13`
  uint64_t epoch = 0;  // 7

  bool operator==(const WriteAliasName&) const = default;
};

// The name of a family's index in one generation: `<family>_v<generation>`.
std::string IndexName(std::string_view family, uint64_t generation);

// The inverse of IndexName. Foreign: no `_v`, an empty family, a number with a sign, a leading
// zero, or beyond 2^63 - 1, or anything behind the number.
std::optional<GenerationName> ParseIndexName(std::string_view name);

// The name of the index whose existence is the writer's lease: `<release>_lease_<epoch>`.
std::string LeaseName(std::string_view release, uint64_t epoch);

// The inverse of LeaseName for one release; std::nullopt for every other name.
std::optional<uint64_t> ParseLeaseName(std::string_view release, std::string_view name);

// The alias that every alias request adds to the writer's own lease: `<release>_leader`.
std::string LeaderAlias(std::string_view release);

// The private alias through which one epoch writes to an index: `<index>_W<epoch>`. The capital W
// makes it unlawful as an index name, so no server creates an index of that name by accident.
std::string WriteAlias(std::string_view index, uint64_t epoch);

// The inverse of WriteAlias, for lease indexes as well as for generations' indexes.
std::optional<WriteAliasName> ParseWriteAlias(std::string_view alias);

// Checks that `family` can be the base of index names: lower case, no leading `_ - +`, none of
// `" * \ < | , > / ? # :` or space, and short enough that `_v<20 digits>_W<20 digits>` still fits
// 255 bytes (OpenSearch and Elasticsearch, MetadataCreateIndexService). kInvalidArgument names the
// offence.
absl::Status ValidateFamilyName(std::string_view family);

// The same for an alias name, which may have upper case.
absl::Status ValidateAliasName(std::string_view alias);

}  // namespace indexswap

#endif  // INDEXSWAP_NAMES_H_
