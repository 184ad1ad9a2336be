// Bulk requests as NDJSON, and what became of each item. Pure and thread-safe.
#ifndef INDEXSWAP_OPENSEARCH_BULK_CODEC_H_
#define INDEXSWAP_OPENSEARCH_BULK_CODEC_H_

#include <absl/status/statusor.h>
#include <indexswap/store.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace indexswap {

// Where bulk requests go. The filter keeps a status for each item, so positions stay right, and
// makes the answer to a clean request a sixth as long.
inline constexpr char kBulkTarget[] = "/_bulk?filter_path=errors,items.*.status,items.*.error";

// Why the server would refuse `item` in a way that fails the whole request, or spoils the lines
// behind it; empty when it can be sent.
std::string BulkDefect(const BulkItem& item);

// The body of one bulk request. Each item goes through the private write alias of `epoch`, with
// its external version; index items ask for `require_alias`, so a fenced-off one creates nothing.
// (Servers ignore `require_alias` on deletes; there the capital letter in the alias's name does
// it.) Every item must be without BulkDefect.
std::string EncodeBulk(uint64_t epoch, const std::vector<const BulkItem*>& items);

// The results in the answer to a bulk request of `items` items, by position. kDataLoss when it
// isn't such an answer: no JSON, cut off, or another number of items.
absl::StatusOr<std::vector<BulkResult>> ParseBulkAnswer(std::string_view body, size_t items);

}  // namespace indexswap

#endif  // INDEXSWAP_OPENSEARCH_BULK_CODEC_H_
