// What can be seen of a store from outside, for diagnosis: everything that may get in the way of a
// sync and that no workflow looks at by itself.
#ifndef INDEXSWAP_INSPECTOR_H_
#define INDEXSWAP_INSPECTOR_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/release.h>
#include <indexswap/store.h>

#include <cstdint>
#include <string>
#include <vector>

namespace indexswap {

// Something that a store of this kind and version can do, or can't.
struct CapabilityFacts {
  std::string name;  // `must_exist`
  bool present = false;
  std::string meaning;  // what follows from `present`, for people
};

// A template of the cluster that is applied when one of the names asked for is created.
struct TemplateFacts {
  std::string name;
  bool legacy = false;                  // of `_template`; otherwise of `_index_template`
  std::vector<std::string> indexes;     // of the names asked for, those that it is applied to
  std::vector<std::string> settings;    // that it sets, flat: `index.number_of_shards`
  std::vector<std::string> mappings;    // `dynamic`, `properties.admin`
  std::vector<std::string> aliases;     // that each new index gets
  std::vector<std::string> components;  // component templates whose settings and mappings it adds
  bool data_stream = false;             // an index of such a name can't be created at all
};

// A block that is set.
struct BlockFacts {
  std::string index;  // empty: the whole store
  std::string block;  // `read_only`, `read_only_allow_delete`, `write`, `read`, `metadata`,
                      // `create_index`
};

// One node's disk.
struct DiskFacts {
  std::string node;
  uint64_t total = 0;        // bytes
  uint64_t available = 0;    // bytes
  uint64_t until_low = 0;    // bytes until the node takes no new shards
  uint64_t until_flood = 0;  // bytes until its indexes can't be written to
};

// What the next build takes of the store's disks, against what they have. Sums over all disks: how
// a store spreads shards over them is not reckoned.
struct RoomEstimate {
  uint64_t live = 0;         // bytes of the live generation, primaries
  uint64_t replicas = 0;     // the most of any family, as many as the disks can hold
  uint64_t build = 0;        // bytes, with its replicas: as much as the live one
  uint64_t until_low = 0;    // bytes
  uint64_t until_flood = 0;  // bytes
  size_t disks = 0;
};

// Pure.
RoomEstimate EstimateRoom(const ReleaseSpec& release, uint64_t live_bytes,
                          const std::vector<DiskFacts>& disks);

// For people.
std::string Describe(const RoomEstimate& room);

// A request that reads, tried once.
struct ProbeFacts {
  std::string what;  // `count documents`
  absl::Status status;
};

// Looks at a store. Thread-safe; never changes anything, and needs no lease. The errors are those
// of store.h; where the store has no such thing, the answer is empty.
class StoreInspector {
 public:
  virtual ~StoreInspector() = default;

  virtual std::vector<CapabilityFacts> Capabilities() const = 0;

  // The templates that would be applied to new indexes of these names, in order of name.
  virtual absl::StatusOr<std::vector<TemplateFacts>> Templates(
      const std::vector<std::string>& names) = 0;

  // The blocks on those of `indexes` that are there, and on the store as a whole.
  virtual absl::StatusOr<std::vector<BlockFacts>> Blocks(
      const std::vector<std::string>& indexes) = 0;

  virtual absl::StatusOr<std::vector<DiskFacts>> Disks() = 0;

  // Tries each kind of reading request that workflows on this release send.
  virtual std::vector<ProbeFacts> Probe(const StateQuery& query) = 0;

  // What the user needs a right to and can't be tried without changing something, for people.
  virtual std::vector<std::string> Untried() const = 0;
};

// Whether a store has refused a request because of who asked for it: the user is unknown, or lacks
// a right.
bool IsAccessDenied(const absl::Status& status);

// Marks an error as such. For stores.
absl::Status AsAccessDenied(absl::Status status);

// Whether a store has refused a request because of a block that somebody, or a full disk, has set;
// the message names index, block and remedy.
bool IsBlocked(const absl::Status& status);

// Marks an error as such. For stores.
absl::Status AsBlocked(absl::Status status);

// What a workflow that has moved no alias says when a block ends it: kFailedPrecondition that names
// the gate `blocks`, and is blocked itself. Any other status as it is.
absl::Status RefusedByBlock(const absl::Status& status);

}  // namespace indexswap

#endif  // INDEXSWAP_INSPECTOR_H_
