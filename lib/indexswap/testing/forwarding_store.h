// A store that hands every call to another one: the base of stores that inject faults, of which
// each overrides the one or two methods that it makes fail.
#ifndef INDEXSWAP_TESTING_FORWARDING_STORE_H_
#define INDEXSWAP_TESTING_FORWARDING_STORE_H_

#include <indexswap/store.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace indexswap::testing {

// Owns its target. As thread-safe as the target is.
class ForwardingStore : public IndexStore {
 public:
  explicit ForwardingStore(std::unique_ptr<IndexStore> target) : target_(std::move(target)) {}

  std::string Describe() const override { return target_->Describe(); }
  absl::StatusOr<StoreState> Read(const StateQuery& query) override { return target_->Read(query); }
  absl::Status CreateLease(const Fence& fence, const LeaseRecord& record) override {
    return target_->CreateLease(fence, record);
  }
  absl::Status TakeOver(const Fence& fence, const std::vector<std::string>& indexes) override {
    return target_->TakeOver(fence, indexes);
  }
  absl::Status WriteLease(const Fence& fence, const LeaseRecord& record) override {
    return target_->WriteLease(fence, record);
  }
  absl::Status CreateIndex(const Fence& fence, const IndexDefinition& definition) override {
    return target_->CreateIndex(fence, definition);
  }
  absl::Status WriteMeta(const Fence& fence, const std::string& index,
                         const GenerationMeta& meta) override {
    return target_->WriteMeta(fence, index, meta);
  }
  absl::Status FinishLoading(const Fence& fence, const std::string& index,
                             const std::string& settings) override {
    return target_->FinishLoading(fence, index, settings);
  }
  absl::Status Refresh(const std::string& index) override { return target_->Refresh(index); }
  absl::StatusOr<std::vector<BulkResult>> Bulk(const Fence& fence,
                                               const std::vector<BulkItem>& items) override {
    return target_->Bulk(fence, items);
  }
  absl::StatusOr<uint64_t> Count(const std::string& target, const std::string& filter) override {
    return target_->Count(target, filter);
  }
  absl::StatusOr<SearchFound> Search(const std::string& target, const std::string& filter,
                                     const std::string& body) override {
    return target_->Search(target, filter, body);
  }
  absl::StatusOr<IndexFacts> Inspect(const std::string& index) override {
    return target_->Inspect(index);
  }
  absl::StatusOr<std::vector<StoredDocument>> Fetch(const std::string& index,
                                                    const std::vector<std::string>& ids) override {
    return target_->Fetch(index, ids);
  }
  absl::Status Scan(const std::string& index, size_t page_documents,
                    const ScanVisitor& visit) override {
    return target_->Scan(index, page_documents, visit);
  }
  absl::StatusOr<Health> CheckHealth(const std::vector<std::string>& indexes,
                                     Health::Colour at_least) override {
    return target_->CheckHealth(indexes, at_least);
  }
  absl::Status UpdateAliases(const Fence& fence, const std::vector<AliasAction>& actions) override {
    return target_->UpdateAliases(fence, actions);
  }
  absl::Status DeleteIndexes(const Fence& fence, const std::vector<std::string>& indexes) override {
    return target_->DeleteIndexes(fence, indexes);
  }
  std::vector<ExplainedRequest> Explain(const Fence& fence,
                                        const std::vector<IndexDefinition>& created,
                                        const std::vector<AliasAction>& actions) const override {
    return target_->Explain(fence, created, actions);
  }

 protected:
  IndexStore& target() { return *target_; }

 private:
  std::unique_ptr<IndexStore> target_;
};

}  // namespace indexswap::testing

#endif  // INDEXSWAP_TESTING_FORWARDING_STORE_H_
