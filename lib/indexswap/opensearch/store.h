// The IndexStore port on an OpenSearch or Elasticsearch cluster.
//
// Fault model: requests get lost before or after they take effect, arrive late, and answers with
// them; other processes and people change aliases and indexes at any time; a process may sleep for
// hours between two requests. What holds nevertheless is decided by the cluster alone: the lease
// index, which every alias request names, and the private write aliases.
#ifndef INDEXSWAP_OPENSEARCH_STORE_H_
#define INDEXSWAP_OPENSEARCH_STORE_H_

#include <indexswap/opensearch.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "indexswap/http/transport.h"
#include "indexswap/opensearch/alias_request.h"
#include "indexswap/opensearch/answers.h"
#include "indexswap/opensearch/capabilities.h"
#include "indexswap/opensearch/inspector.h"
#include "indexswap/opensearch/state_codec.h"

namespace indexswap {

// Thread-safe: all state is constant but the transport's, which is thread-safe itself.
class OpenSearchStore : public IndexStore {
 public:
  OpenSearchStore(std::unique_ptr<HttpTransport> transport, ServerInfo server,
                  std::chrono::milliseconds health_timeout);

  std::string Describe() const override;
  absl::StatusOr<StoreState> Read(const StateQuery& query) override;
  absl::Status CreateLease(const Fence& fence, const LeaseRecord& record) override;
  absl::Status TakeOver(const Fence& fence, const std::vector<std::string>& indexes) override;
  absl::Status WriteLease(const Fence& fence, const LeaseRecord& record) override;
  absl::Status CreateIndex(const Fence& fence, const IndexDefinition& definition) override;
  absl::Status WriteMeta(const Fence& fence, const std::string& index,
                         const GenerationMeta& meta) override;
  absl::Status FinishLoading(const Fence& fence, const std::string& index,
                             const std::string& settings) override;
  absl::Status Refresh(const std::string& index) override;
  absl::StatusOr<std::vector<BulkResult>> Bulk(const Fence& fence,
                                               const std::vector<BulkItem>& items) override;
  absl::StatusOr<uint64_t> Count(const std::string& target, const std::string& filter) override;
  absl::StatusOr<SearchFound> Search(const std::string& target, const std::string& filter,
                                     const std::string& body) override;
  absl::StatusOr<IndexFacts> Inspect(const std::string& index) override;
  absl::StatusOr<std::vector<StoredDocument>> Fetch(const std::string& index,
                                                    const std::vector<std::string>& ids) override;
  absl::Status Scan(const std::string& index, size_t page_documents,
                    const ScanVisitor& visit) override;
  absl::StatusOr<Health> CheckHealth(const std::vector<std::string>& indexes,
                                     Health::Colour at_least) override;
  absl::Status UpdateAliases(const Fence& fence, const std::vector<AliasAction>& actions) override;
  absl::Status DeleteIndexes(const Fence& fence, const std::vector<std::string>& indexes) override;
  std::vector<ExplainedRequest> Explain(const Fence& fence,
                                        const std::vector<IndexDefinition>& created,
                                        const std::vector<AliasAction>& actions) const override;
  StoreInspector* inspector() override { return &inspector_; }

 private:
  // One request; the answer may have any status. The error is StatusFromFailure's.
  absl::StatusOr<HttpResponse> Send(Effect effect, HttpMethod method, std::string target,
                                    std::string_view body = {});

  // One moment of all indexes that `expressions` name (see IndexesTarget).
  absl::StatusOr<IndexEntries> ReadEntries(const std::vector<std::string>& expressions);

  // Reads the records of `leases`, and waits for one that is just being created.
  absl::Status ReadLeaseRecords(const std::string& release, std::vector<Lease>& leases);

  // The entries of the release's leases and of `names`. kAborted when the own lease is gone, or
  // when one of a higher epoch exists.
  absl::StatusOr<IndexEntries> ReadAsHighest(const Fence& fence,
                                             const std::vector<std::string>& names);

  // OK while the own lease exists, else kAborted.
  absl::Status CheckLease(const Fence& fence);

  // The request of UpdateAliases.
  AliasRequest BuildUpdate(const Fence& fence, const std::vector<AliasAction>& actions) const;

  // The request that takes over, as `entries` stand. `complete`: nothing is to be changed.
  AliasRequest BuildTakeOver(const Fence& fence, const std::vector<std::string>& indexes,
                             const IndexEntries& entries, bool& complete) const;

  // For servers without `must_exist`: kFailedPrecondition when an alias that `actions` remove is
  // not there now; kAborted when the own lease is gone.
  absl::Status CheckRemovals(const Fence& fence, const std::vector<AliasAction>& actions);

  // Sends an alias request. The fence is kAborted, another missing index kNotFound, a missing
  // alias kFailedPrecondition. The flood stage's block is lifted, and the request sent again.
  absl::Status PostAliases(const Fence& fence, const AliasRequest& request);

  // Sends a PUT through the private alias of `index`. When the alias is not there: kAborted if the
  // lease is gone, else kNotFound. Lifts the flood stage's block as PostAliases does.
  absl::Status PutThroughAlias(const Fence& fence, const std::string& index,
                               std::string_view endpoint, const std::string& body,
                               std::string_view what);

  // Lifts the flood stage's block from the own lease (kAborted when it is gone) and the indexes.
  absl::Status LiftBlocks(const Fence& fence, const std::vector<std::string>& indexes);

  const std::unique_ptr<HttpTransport> transport_;
  const ServerInfo server_;
  const std::chrono::milliseconds health_timeout_;
  OpenSearchInspector inspector_;
};

// `<release>_lease_*`, for reading only: what comes back is parsed by ParseLeaseName.
std::string LeasePattern(const std::string& release);

// What CreateLease and TakeOver answer when the lease is lost.
absl::Status FencedError(const Fence& fence);

// Whether the answer says that the flood stage's block is set (read-only-allow-delete). The disk
// monitor sets it on every index of a full node; the holder of the lease may lift it.
bool IsFloodBlock(const HttpResponse& response);

}  // namespace indexswap

#endif  // INDEXSWAP_OPENSEARCH_STORE_H_
