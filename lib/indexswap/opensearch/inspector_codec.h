// Templates, blocks and disks out of a server's answers. Pure. kDataLoss for an answer that makes
// no sense.
#ifndef INDEXSWAP_OPENSEARCH_INSPECTOR_CODEC_H_
#define INDEXSWAP_OPENSEARCH_INSPECTOR_CODEC_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/inspector.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace indexswap {

// Whether `name` matches a pattern with any number of `*`.
bool MatchesPattern(std::string_view pattern, std::string_view name);

// The templates that a server would apply to new indexes of `names`: of those in `composable`
// (GET /_index_template) the matching one of the highest priority; where none matches, every
// matching one in `legacy` (GET /_template).
absl::StatusOr<std::vector<TemplateFacts>> ParseTemplates(std::string_view composable,
                                                          std::string_view legacy,
                                                          const std::vector<std::string>& names);

// Adds what is set, out of GET /<indexes>/_settings and GET /_cluster/settings, both flat.
absl::Status ParseIndexBlocks(std::string_view body, std::vector<BlockFacts>& blocks);
absl::Status ParseClusterBlocks(std::string_view body, std::vector<BlockFacts>& blocks);

// A watermark of the disk: how much has to stay free.
struct Watermark {
  double free_part = 0;     // of the disk's size
  uint64_t free_bytes = 0;  // used when `free_part` is 0, or as its upper limit when it isn't 0
};

struct Watermarks {
  bool enabled = true;
  Watermark low;
  Watermark flood;
};

// `85%`, `0.85` (used), or `500mb` (free). Nothing is kept free for a text that is none of these.
Watermark ParseWatermark(std::string_view text);

// Out of GET /_cluster/settings with defaults, flat.
absl::StatusOr<Watermarks> ParseWatermarks(std::string_view body);

// Out of GET /_nodes/stats/fs. Nodes that hold no data are left out.
absl::StatusOr<std::vector<DiskFacts>> ParseDisks(std::string_view body,
                                                  const Watermarks& watermarks);

}  // namespace indexswap

#endif  // INDEXSWAP_OPENSEARCH_INSPECTOR_CODEC_H_
