// The store on an OpenSearch or Elasticsearch cluster.
#ifndef INDEXSWAP_OPENSEARCH_H_
#define INDEXSWAP_OPENSEARCH_H_

#include <absl/status/statusor.h>
#include <indexswap/aws.h>
#include <indexswap/store.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace indexswap {

// How to reach the cluster. Only `url` has to be set.
struct OpenSearchOptions {
  // http(s)://host[:port][/path], without credentials.
  std::string url;

  // Other nodes of the same cluster, of the same form. A request that one could not be sent to goes
  // to the next; one whose answer was lost does so only if it may be carried out twice.
  std::vector<std::string> other_urls;

  // Basic authentication; an empty user for none.
  std::string user;
  std::string password;

  // Signs every request instead, for Amazon OpenSearch Service (`es`) and Serverless (`aoss`).
  std::optional<AwsSigning> aws;

  // PEM file of the authorities that the server's certificate is checked against; empty for the
  // system's. Certificates are always checked.
  std::string ca_file;

  // Bodies go as gzip, and answers may come so: less on the network for more work on both sides.
  bool compress = false;

  // To connect, and one request in total. A request that outlives it has an unknown outcome, so
  // raise it rather than lower it when the cluster is slow.
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds request_timeout{60000};

  // Connections kept alive between requests. More are opened while more requests are in flight, so
  // that a bulk load never holds up the lease.
  size_t connections = 8;

  // How long CheckHealth waits for the colour that it is asked for.
  std::chrono::milliseconds health_timeout{30000};
};

// Opens the store: asks the cluster once for its name and version, and decides by them what it can
// be asked for (docs/compatibility.md). The store is thread-safe, keeps no state but its
// connections, and leaves nothing behind when it is destroyed.
//
// kInvalidArgument for options that make no sense, kFailedPrecondition for a version that is too
// old or no search cluster at all, otherwise the errors of store.h.
absl::StatusOr<std::unique_ptr<IndexStore>> OpenOpenSearchStore(OpenSearchOptions options);

}  // namespace indexswap

#endif  // INDEXSWAP_OPENSEARCH_H_
