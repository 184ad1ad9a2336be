// What can be seen of a cluster by reading alone.
#ifndef INDEXSWAP_OPENSEARCH_INSPECTOR_H_
#define INDEXSWAP_OPENSEARCH_INSPECTOR_H_

#include <indexswap/inspector.h>

#include <string>
#include <string_view>
#include <vector>

#include "indexswap/http/transport.h"
#include "indexswap/opensearch/capabilities.h"

namespace indexswap {

// Sends nothing but GET. `transport` and `server` must outlive it.
class OpenSearchInspector : public StoreInspector {
 public:
  OpenSearchInspector(HttpTransport& transport, const ServerInfo& server)
      : transport_(transport), server_(server) {}

  std::vector<CapabilityFacts> Capabilities() const override;
  absl::StatusOr<std::vector<TemplateFacts>> Templates(
      const std::vector<std::string>& names) override;
  absl::StatusOr<std::vector<BlockFacts>> Blocks(const std::vector<std::string>& indexes) override;
  absl::StatusOr<std::vector<DiskFacts>> Disks() override;
  std::vector<ProbeFacts> Probe(const StateQuery& query) override;
  std::vector<std::string> Untried() const override;

 private:
  // The body of the answer to a GET. The errors are StatusFromAnswer's and StatusFromFailure's.
  absl::StatusOr<std::string> Get(const std::string& target, std::string_view what);

  HttpTransport& transport_;
  const ServerInfo& server_;
};

}  // namespace indexswap

#endif  // INDEXSWAP_OPENSEARCH_INSPECTOR_H_
