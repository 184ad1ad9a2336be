// Which generations may be deleted. Pure decisions; the engine proves them again before it deletes.
#ifndef INDEXSWAP_RETENTION_H_
#define INDEXSWAP_RETENTION_H_

#include <indexswap/generation.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace indexswap {

// How many generations are kept, and for how long. Live and previous stay whatever it says.
struct RetentionPolicy {
  int generations = 2;              // complete ones kept, the live one included; at least 1
  std::chrono::seconds grace{600};  // an index that an alias has left stays at least this long, so
                                    // that searches still running on it can end
  std::chrono::seconds max_age{0};  // a complete one goes so long after it was sealed, also one
                                    // that was never promoted; 0: age is no reason
  uint64_t max_bytes = 0;           // the oldest go until the complete ones take no more than this;
                                    // primaries, as the store estimates them; 0: no bound
};

// What retention needs to know of one generation.
struct RetentionCandidate {
  uint64_t generation = 0;
  BuildState state = BuildState::kBuilding;
  bool ours = false;              // every index has our `_meta`, and they agree
  bool complete = false;          // sealed, and every family's index is there
  bool has_public_alias = false;  // any alias but a private write alias
  bool live = false;
  bool previous = false;  // what the live one replaced
  bool newer_than_live = false;
  bool owner_alive = false;  // it is being built, and the lease of its builder beats
  std::optional<std::chrono::seconds> since_left;  // since the aliases last left it, if they did
  std::optional<std::chrono::seconds> age;         // since it was sealed, if that is known
  uint64_t bytes = 0;                              // of its indexes, primaries
};

// The judgement of one generation.
struct RetentionVerdict {
  uint64_t generation = 0;
  bool prune = false;
  std::string reason;  // for people: why it is kept, or why it may go
};

// Judges every candidate, in their order. Never selects what is not ours, has a public alias, is
// live, is the previous complete one, is being built by a live owner, or is complete and newer than
// the live one and not older than `max_age`.
std::vector<RetentionVerdict> JudgeRetention(const RetentionPolicy& policy,
                                             const std::vector<RetentionCandidate>& candidates);

}  // namespace indexswap

#endif  // INDEXSWAP_RETENTION_H_
