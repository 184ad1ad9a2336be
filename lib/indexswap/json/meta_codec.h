// GenerationMeta and LeaseRecord as JSON: the one form in which every store keeps them.
#ifndef INDEXSWAP_JSON_META_CODEC_H_
#define INDEXSWAP_JSON_META_CODEC_H_

#include <absl/status/statusor.h>
#include <indexswap/generation.h>
#include <indexswap/store.h>

#include <string>
#include <string_view>
#include <vector>

namespace indexswap {

// `meta` as a JSON object. Filters are written as JSON strings, so that no server rewrites them.
std::string EncodeMeta(const GenerationMeta& meta);

// Makes JSON of one format JSON of the next.
using MetaStep = absl::StatusOr<std::string> (*)(std::string_view text);

// The steps from format 1 to the one that EncodeMeta writes. Whoever changes what it writes adds
// one.
const std::vector<MetaStep>& MetaSteps();

// The inverse. One of an older format is brought up to today's by `steps`. kInvalidArgument when
// `text` is not what EncodeMeta wrote; kUnimplemented when its format is newer than this program's.
absl::StatusOr<GenerationMeta> DecodeMeta(std::string_view text,
                                          const std::vector<MetaStep>& steps = MetaSteps());

// `record` as a JSON object.
std::string EncodeLease(const LeaseRecord& record);

// The inverse; kInvalidArgument when `text` is not what EncodeLease wrote, kUnimplemented when its
// format is newer than this program's.
absl::StatusOr<LeaseRecord> DecodeLease(std::string_view text);

}  // namespace indexswap

#endif  // INDEXSWAP_JSON_META_CODEC_H_
