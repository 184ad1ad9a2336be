// What a generation is: the value that stands in `_meta` of each of its indexes.
#ifndef INDEXSWAP_GENERATION_H_
#define INDEXSWAP_GENERATION_H_

#include <indexswap/alias.h>
#include <indexswap/release.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace indexswap {

// How far a build has come. Whether a generation is live is not stored: the aliases say it.
enum class BuildState {
  kBuilding,   // documents are being written
  kSealed,     // complete; its gates have been judged
  kAbandoned,  // given up; only `prune` touches it
};

// `building`, `sealed`, `abandoned`.
const char* ToString(BuildState state);

// One gate's judgement of one build.
struct GateResult {
  std::string gate;         // `shrink`
  bool passed = false;      // true also when overridden
  bool overridden = false;  // failed, and let through by name
  std::string detail;       // the figures, for people: names, both counts, the limit
  bool final = false;       // failed, and no override helps: what it stops can't be done at all

  bool operator==(const GateResult&) const = default;
};

// Whether an override by name lets the gate through: not `ended` and `counts`.
bool CanBeOverridden(std::string_view gate);

// One index that another program made, as it was when it was taken over.
struct AdoptedIndex {
  std::string name;
  std::string uuid;         // another one under the same name is another index
  uint64_t documents = 0;   // for people
  uint64_t last_write = 0;  // rises with every write

  bool operator==(const AdoptedIndex&) const = default;
};

// What was there before the first generation, which took it over: generation 0. Nothing in it is
// ever written to.
struct Adoption {
  AliasTable aliases;                 // of the release's aliases, where they were; filters as found
  std::vector<AdoptedIndex> indexes;  // those behind them, and those that have the name of an alias

  bool operator==(const Adoption&) const = default;
};

// What a generation is. The same in each of its indexes; a reader that finds two different
// `build_id`s under one number treats the generation as incomplete.
struct GenerationMeta {
  int format = 1;  // of this struct in a store; a reader refuses a higher one
  std::string release;
  uint64_t generation = 0;
  std::string build_id;  // random, new for each build
  BuildState state = BuildState::kBuilding;
  std::optional<uint64_t> replaces;  // the generation that was live when this one was promoted
  std::string plan_hash;
  std::vector<std::string> families;          // all that belong to it
  std::vector<AliasSpec> aliases;             // the alias table it goes live with
  std::map<std::string, uint64_t> documents;  // family to documents, once sealed
  std::string digest;                         // of the sampled documents; hex, once sealed
  std::vector<GateResult> gates;              // Begin's; all, once sealed
  std::string created_at;                     // RFC 3339, UTC, seconds; empty: has not happened
  std::string sealed_at;
  std::string promoted_at;  // the last time that it went live by a promotion
  std::string reason;       // why it was abandoned or refused; empty otherwise
  std::optional<Adoption>
      adopted;  // what the first generation took over; each later one has it too
};

}  // namespace indexswap

#endif  // INDEXSWAP_GENERATION_H_
