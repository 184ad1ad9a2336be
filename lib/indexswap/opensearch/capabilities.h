// What a server can be asked for, decided in one place by its name and version.
#ifndef INDEXSWAP_OPENSEARCH_CAPABILITIES_H_
#define INDEXSWAP_OPENSEARCH_CAPABILITIES_H_

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace indexswap {

enum class Distribution { kOpenSearch, kElasticsearch };

// See docs/compatibility.md, which lists the same.
struct Capabilities {
  // `must_exist` on `remove` in an alias request: OpenSearch 2.12, Elasticsearch 7.11. Older ones
  // refuse the whole request because of the word.
  bool must_exist = false;
};

// The server behind a URL.
struct ServerInfo {
  Distribution distribution = Distribution::kOpenSearch;
  int major = 0;
  int minor = 0;
  std::string version;  // as the server says it: `2.19.1`
  Capabilities capabilities;
};

// Reads the answer to `GET /`. kFailedPrecondition when it is no search cluster, or one older than
// OpenSearch 1.0 and Elasticsearch 7.10 (which lack `require_alias`, and so the fence). Pure.
absl::StatusOr<ServerInfo> ParseServerInfo(std::string_view body);

// The same from the answer to `GET /_nodes/_local`, for an Elasticsearch without the module that
// answers `GET /`. Pure.
absl::StatusOr<ServerInfo> ParseNodeInfo(std::string_view body);

// `OpenSearch 2.19.1`.
std::string Describe(const ServerInfo& server);

}  // namespace indexswap

#endif  // INDEXSWAP_OPENSEARCH_CAPABILITIES_H_
