// The memory store's own class, for the files that implement it.
#ifndef INDEXSWAP_TESTING_MEMORY_STORE_IMPL_H_
#define INDEXSWAP_TESTING_MEMORY_STORE_IMPL_H_

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "indexswap/query/resolved_filter.h"
#include "indexswap/testing/memory_store.h"

namespace indexswap::testing {

class MemoryStore : public IndexStore {
 public:
  explicit MemoryStore(std::shared_ptr<MemoryCluster> cluster) : cluster_(std::move(cluster)) {}

  std::string Describe() const override { return "memory"; }
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

 private:
  using Index = MemoryCluster::Index;

  // All of these are called with the cluster's mutex held.
  absl::Status CheckFence(const Fence& fence) const;
  absl::StatusOr<Index*> Own(const Fence& fence, const std::string& name) const;
  BulkResult WriteItem(const Fence& fence, const BulkItem& item);
  static void MakeSearchable(Index& index);
  absl::StatusOr<ResolvedFilter> Resolve(const std::string& index, const std::string& filter) const;
  absl::Status Apply(const AliasAction& action, AliasTable& table,
                     std::set<std::string>& removed) const;

  std::shared_ptr<MemoryCluster> cluster_;
};

}  // namespace indexswap::testing

#endif  // INDEXSWAP_TESTING_MEMORY_STORE_IMPL_H_
