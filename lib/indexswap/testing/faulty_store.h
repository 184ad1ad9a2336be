// A store that fails on purpose: before a call has had its effect, or after.
#ifndef INDEXSWAP_TESTING_FAULTY_STORE_H_
#define INDEXSWAP_TESTING_FAULTY_STORE_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "indexswap/testing/forwarding_store.h"

namespace indexswap::testing {

// The methods that can be made to fail.
enum class Method {
  kRead,
  kCreateLease,
  kTakeOver,
  kWriteLease,
  kCreateIndex,
  kWriteMeta,
  kFinishLoading,
  kBulk,
  kCount,
  kSearch,
  kInspect,
  kFetch,
  kScan,
  kUpdateAliases,
  kDeleteIndexes,
};

// What one call of a method does instead of succeeding.
struct Fault {
  absl::Status status;         // what the caller is told; OK: the call is left alone
  bool after_effect = false;   // the target has carried the call out before
  std::function<void()> also;  // run before anything else; may be empty
};

// Thread-safe as far as its target is.
class FaultyStore : public ForwardingStore {
 public:
  // Answers one bulk request in place of the target; nothing: the target answers.
  using BulkHook = std::function<std::optional<absl::StatusOr<std::vector<BulkResult>>>(
      const std::vector<BulkItem>&)>;

  explicit FaultyStore(std::unique_ptr<IndexStore> target) : ForwardingStore(std::move(target)) {}

  // The next calls of `method` meet these faults, one each, behind those that are still to come.
  void Fail(Method method, std::vector<Fault> faults) {
    const std::lock_guard lock(mutex_);
    for (Fault& fault : faults) faults_[method].push_back(std::move(fault));
  }

  // Forgets the faults that are still to come.
  void Heal() {
    const std::lock_guard lock(mutex_);
    faults_.clear();
  }

  // Every call of `method` fails with `status`, without effect, until it is set to OK again.
  void FailAlways(Method method, absl::Status status) {
    const std::lock_guard lock(mutex_);
    always_[method] = std::move(status);
  }

  void set_bulk_hook(BulkHook hook) {
    const std::lock_guard lock(mutex_);
    bulk_hook_ = std::move(hook);
  }

  // How often `method` was called, failures included.
  int calls(Method method) {
    const std::lock_guard lock(mutex_);
    return calls_[method];
  }

  // How many calls that write have been made: all but Read, Count, Fetch and the like.
  int writes() {
    const std::lock_guard lock(mutex_);
    int sum = 0;
    for (const auto& [method, count] : calls_) {
      const bool reads = method == Method::kRead || method == Method::kCount ||
                         method == Method::kSearch || method == Method::kInspect ||
                         method == Method::kFetch || method == Method::kScan;
      if (!reads) sum += count;
    }
    return sum;
  }

  absl::StatusOr<StoreState> Read(const StateQuery& query) override {
    return With<absl::StatusOr<StoreState>>(Method::kRead, [&] { return target().Read(query); });
  }
  absl::Status CreateLease(const Fence& fence, const LeaseRecord& record) override {
    return With<absl::Status>(Method::kCreateLease,
                              [&] { return target().CreateLease(fence, record); });
  }
  absl::Status TakeOver(const Fence& fence, const std::vector<std::string>& indexes) override {
    return With<absl::Status>(Method::kTakeOver, [&] { return target().TakeOver(fence, indexes); });
  }
  absl::Status WriteLease(const Fence& fence, const LeaseRecord& record) override {
    return With<absl::Status>(Method::kWriteLease,
                              [&] { return target().WriteLease(fence, record); });
  }
  absl::Status CreateIndex(const Fence& fence, const IndexDefinition& definition) override {
    return With<absl::Status>(Method::kCreateIndex,
                              [&] { return target().CreateIndex(fence, definition); });
  }
  absl::Status WriteMeta(const Fence& fence, const std::string& index,
                         const GenerationMeta& meta) override {
    return With<absl::Status>(Method::kWriteMeta,
                              [&] { return target().WriteMeta(fence, index, meta); });
  }
  absl::Status FinishLoading(const Fence& fence, const std::string& index,
                             const std::string& settings) override {
    return With<absl::Status>(Method::kFinishLoading,
                              [&] { return target().FinishLoading(fence, index, settings); });
  }
  absl::StatusOr<std::vector<BulkResult>> Bulk(const Fence& fence,
                                               const std::vector<BulkItem>& items) override {
    using Answer = absl::StatusOr<std::vector<BulkResult>>;
    return With<Answer>(Method::kBulk, [&]() -> Answer {
      BulkHook hook;
      {
        const std::lock_guard lock(mutex_);
        hook = bulk_hook_;
      }
      if (hook) {
        if (auto answer = hook(items)) return *std::move(answer);
      }
      return target().Bulk(fence, items);
    });
  }
  absl::StatusOr<uint64_t> Count(const std::string& name, const std::string& filter) override {
    return With<absl::StatusOr<uint64_t>>(Method::kCount,
                                          [&] { return target().Count(name, filter); });
  }
  absl::StatusOr<SearchFound> Search(const std::string& name, const std::string& filter,
                                     const std::string& body) override {
    return With<absl::StatusOr<SearchFound>>(Method::kSearch,
                                             [&] { return target().Search(name, filter, body); });
  }
  absl::StatusOr<IndexFacts> Inspect(const std::string& index) override {
    return With<absl::StatusOr<IndexFacts>>(Method::kInspect,
                                            [&] { return target().Inspect(index); });
  }
  absl::StatusOr<std::vector<StoredDocument>> Fetch(const std::string& index,
                                                    const std::vector<std::string>& ids) override {
    return With<absl::StatusOr<std::vector<StoredDocument>>>(
        Method::kFetch, [&] { return target().Fetch(index, ids); });
  }
  absl::Status Scan(const std::string& index, size_t page_documents,
                    const ScanVisitor& visit) override {
    return With<absl::Status>(Method::kScan,
                              [&] { return target().Scan(index, page_documents, visit); });
  }
  absl::Status UpdateAliases(const Fence& fence, const std::vector<AliasAction>& actions) override {
    return With<absl::Status>(Method::kUpdateAliases,
                              [&] { return target().UpdateAliases(fence, actions); });
  }
  absl::Status DeleteIndexes(const Fence& fence, const std::vector<std::string>& indexes) override {
    return With<absl::Status>(Method::kDeleteIndexes,
                              [&] { return target().DeleteIndexes(fence, indexes); });
  }

 private:
  template <typename Answer, typename Call>
  Answer With(Method method, Call call) {
    Fault fault;
    {
      const std::lock_guard lock(mutex_);
      ++calls_[method];
      if (const auto always = always_.find(method); always != always_.end()) {
        // Not a copy, which would share its text with other threads: Debian's Abseil counts its
        // owners where ThreadSanitizer doesn't see it.
        fault.status = absl::Status(always->second.code(), always->second.message());
      }
      if (auto& queue = faults_[method]; !queue.empty()) {
        fault = std::move(queue.front());
        queue.pop_front();
      }
    }
    if (fault.also) fault.also();
    if (fault.status.ok()) return call();
    if (fault.after_effect) static_cast<void>(call());
    return fault.status;
  }

  std::mutex mutex_;
  // All guarded by mutex_.
  std::map<Method, std::deque<Fault>> faults_;
  std::map<Method, absl::Status> always_;
  std::map<Method, int> calls_;
  BulkHook bulk_hook_;
};

}  // namespace indexswap::testing

#endif  // INDEXSWAP_TESTING_FAULTY_STORE_H_
