// A bulk writer before a store whose answers the test gives.
#ifndef INDEXSWAP_TESTS_UNIT_ENGINE_BULK_WRITER_WORLD_H_
#define INDEXSWAP_TESTS_UNIT_ENGINE_BULK_WRITER_WORLD_H_

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "indexswap/engine/bulk_writer.h"
#include "world.h"

namespace indexswap {

inline constexpr uint64_t kVersionMask = (1ULL << 40) - 1;

using BulkAnswer = std::optional<absl::StatusOr<std::vector<BulkResult>>>;

// Keeps what it is told. Thread-safe.
class Notes : public Observer {
 public:
  void OnNote(Severity severity, const std::string& text) override {
    const std::lock_guard lock(mutex_);
    notes_.push_back((severity == Severity::kWarning ? "warning: " : "") + text);
  }
  std::vector<std::string> all() {
    const std::lock_guard lock(mutex_);
    return notes_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> notes_;
};

class BulkWriterTest : public World {
 protected:
  void SetUp() override {
    options_.bulk.in_flight = 1;
    ASSERT_TRUE(keeper_.Acquire().ok());
    store_.set_bulk_hook([this](const std::vector<BulkItem>& items) {
      const std::lock_guard lock(mutex_);
      std::vector<std::string> ids;
      for (const BulkItem& item : items) ids.push_back(item.id);
      requests_.push_back(ids);
      BulkAnswer answer = answer_ ? answer_(items) : std::nullopt;
      return answer ? std::move(answer) : BulkAnswer(std::vector<BulkResult>(items.size()));
    });
  }

  std::unique_ptr<BulkWriter> Writer() {
    return std::make_unique<BulkWriter>(store_, keeper_, options_.bulk, clock_, notes_,
                                        [this](const BulkItem& item, const std::string& reason) {
                                          const std::lock_guard lock(mutex_);
                                          refused_.push_back(item.id + ": " + reason);
                                        });
  }

  static BulkItem Item(const std::string& id, size_t bytes = 2) {
    return {BulkItem::Kind::kIndex, "docs_v1", id, 7, std::string(bytes, ' ')};
  }

  // Answers every item with `outcome`.
  static BulkAnswer All(const std::vector<BulkItem>& items, BulkResult::Outcome outcome,
                        const std::string& reason) {
    return Each(items, [&](const std::string&) { return BulkResult{outcome, reason}; });
  }

  static absl::Status AddAll(BulkWriter& writer, const std::vector<std::string>& ids) {
    for (const std::string& id : ids) {
      if (absl::Status s = writer.Add(Item(id)); !s.ok()) return s;
    }
    return writer.Flush();
  }

  // Answers each item with the outcome that `of` gives its id.
  static BulkAnswer Each(const std::vector<BulkItem>& items,
                         const std::function<BulkResult(const std::string&)>& of) {
    std::vector<BulkResult> results;
    for (const BulkItem& item : items) results.push_back(of(item.id));
    return results;
  }

  FaultyStore store_{testing::MakeMemoryStore(cluster_)};
  EngineOptions options_ = OptionsFor("w", clock_);
  Notes notes_;
  LeaseKeeper keeper_{store_, {"tis", {"docs"}, {}}, options_, notes_};
  std::mutex mutex_;
  std::function<BulkAnswer(const std::vector<BulkItem>&)> answer_;
  std::vector<std::vector<std::string>> requests_;
  std::vector<std::string> refused_;
};

}  // namespace indexswap

#endif  // INDEXSWAP_TESTS_UNIT_ENGINE_BULK_WRITER_WORLD_H_
