// What the server holds of a release, out of its answers. Pure.
#ifndef INDEXSWAP_OPENSEARCH_STATE_CODEC_H_
#define INDEXSWAP_OPENSEARCH_STATE_CODEC_H_

#include <absl/status/statusor.h>
#include <indexswap/store.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace indexswap {

// One alias on one index: canonical JSON, or empty.
struct AliasEntry {
  std::string filter;
  std::string options;  // as in AliasTarget
};

// One index, as `GET /<names>` shows it.
struct IndexEntry {
  std::map<std::string, AliasEntry> aliases;
  std::optional<std::string> meta;  // JSON that EncodeMeta may have written
  std::string uuid;
};

// Concrete name to entry.
using IndexEntries = std::map<std::string, IndexEntry>;

// The path and query that ask for `expressions` (names, and patterns with `*`) in one request, so
// what comes back is one moment. Names that are not there are left out of the answer.
std::string IndexesTarget(const std::vector<std::string>& expressions);

// Reads that answer. kDataLoss when it is none.
absl::StatusOr<IndexEntries> ParseIndexes(std::string_view body);

// Whether `alias` on `index` is a private write alias.
bool IsPrivateAlias(const std::string& index, const std::string& alias);

// The state without lease records and sizes. kFailedPrecondition when a meta is of a format newer
// than this program's.
absl::StatusOr<StoreState> AssembleState(const StateQuery& query, const IndexEntries& entries);

// The request for the records of `leases`, and what its answer says of each (by position): the
// record, or nothing when it has not been written, or its lease is gone. kUnavailable when a
// record exists but can't be read just now.
std::string EncodeLeaseRequest(const std::string& release, const std::vector<Lease>& leases);
absl::Status ParseLeases(std::string_view body, std::vector<Lease>& leases);

// Index name to bytes, out of `GET /_cat/indices`. Indexes without a figure are left out.
absl::StatusOr<std::map<std::string, uint64_t>> ParseSizes(std::string_view body);

// What `GET /<index>/_stats?level=shards` says of one index: writes so far, and bytes, of its
// primaries. kUnavailable when one of them is not there.
struct ShardFigures {
  uint64_t writes = 0;
  uint64_t bytes = 0;
};
absl::StatusOr<ShardFigures> ParseShardFigures(const std::string& index, std::string_view body);

// The documents that were found, out of an answer to `_mget`. kNotFound when the index is not
// there.
absl::StatusOr<std::vector<StoredDocument>> ParseDocuments(std::string_view body);

}  // namespace indexswap

#endif  // INDEXSWAP_OPENSEARCH_STATE_CODEC_H_
