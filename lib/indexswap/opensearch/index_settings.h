// Index settings of a family, as they are while an index is loaded and once it is sealed. Pure.
#ifndef INDEXSWAP_OPENSEARCH_INDEX_SETTINGS_H_
#define INDEXSWAP_OPENSEARCH_INDEX_SETTINGS_H_

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace indexswap {

// The `settings` for the creation of an index that is about to be loaded: all of `settings` (JSON,
// keys nested or dotted, with or without `index.`, or empty), but no refresh and no replicas.
// kInvalidArgument when `settings` is no JSON object.
absl::StatusOr<std::string> LoadingSettings(std::string_view settings);

// The settings that end the loading state: refresh and replicas as `settings` say, else the
// cluster's defaults, and all else of `settings` that can be changed on an open index. What only
// matters at creation (shards, analysis, codec …) is left out: a server would refuse it.
absl::StatusOr<std::string> SealedSettings(std::string_view settings);

}  // namespace indexswap

#endif  // INDEXSWAP_OPENSEARCH_INDEX_SETTINGS_H_
