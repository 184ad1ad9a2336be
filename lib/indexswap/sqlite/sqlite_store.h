// The embedded store. One connection writes, behind a mutex; others read, each for one call.
#ifndef INDEXSWAP_SQLITE_SQLITE_STORE_H_
#define INDEXSWAP_SQLITE_SQLITE_STORE_H_

#include <indexswap/sqlite.h>
#include <indexswap/store.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "indexswap/query/mapping.h"
#include "indexswap/sqlite/connection.h"
#include "indexswap/sqlite/sqlite_inspector.h"

namespace indexswap {

class SqliteStore : public IndexStore {
 public:
  SqliteStore(std::string path, SqliteOptions options, std::unique_ptr<Connection> writer);
  ~SqliteStore() override;

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
  // What the store knows of one index of its own.
  struct Index {
    std::string mappings;
    std::shared_ptr<const ParsedMapping> mapping;
    bool loading = false;
  };
  using Indexes = std::map<std::string, Index>;

  // Runs `body` in a write transaction, under the fence unless `fence` is null, and commits it if
  // `body` returns OK.
  absl::Status Write(const Fence* fence, Transaction::Durability durability,
                     const std::function<absl::Status(Connection&)>& body);

  // Runs `body` in a read transaction: all that it reads is of one moment.
  absl::Status ReadOnly(const std::function<absl::Status(Connection&)>& body) const;

  // The release's own indexes of these names; others are left out.
  absl::StatusOr<Indexes> FindIndexes(Connection& connection, const std::string& release,
                                      const std::vector<std::string>& names);

  // The mapping of one index, from the cache when its text is known.
  absl::StatusOr<std::shared_ptr<const ParsedMapping>> Parse(const std::string& index,
                                                             std::string_view mappings) const;
  absl::StatusOr<std::shared_ptr<const ParsedMapping>> MappingOf(Connection& connection,
                                                                 const std::string& index) const;

  absl::Status ApplyBulk(Connection& connection, const std::vector<BulkItem>& items,
                         const Indexes& indexes, std::vector<BulkResult>& results);

  // What CreateIndex and FinishLoading run. `settings` canonical.
  static std::vector<std::string> CreationStatements(const Fence& fence,
                                                     const IndexDefinition& definition);
  static std::string FinishStatement(const Fence& fence, const std::string& index,
                                     const std::string& settings);

  // The statements that carry out `actions`, checked one by one against the file and the indexes
  // that will be `created` before.
  absl::StatusOr<std::vector<std::string>> AliasStatements(
      Connection& connection, const std::vector<AliasAction>& actions,
      const std::vector<IndexDefinition>& created = {}) const;

  // What Explain says of AliasStatements.
  std::string ExplainAliases(const std::string& begin, const std::vector<AliasAction>& actions,
                             const std::vector<IndexDefinition>& created) const;

  // The condition of `filter` on `index`, which may be `created` later, and the zones it needs.
  absl::StatusOr<std::string> Condition(Connection& connection, const std::string& index,
                                        const std::string& filter, std::optional<int64_t> now_ms,
                                        std::vector<std::string>* zones,
                                        const std::vector<IndexDefinition>& created = {}) const;

  // The same on an index or an alias; empty selects everything.
  absl::StatusOr<std::string> ConditionOn(Connection& connection, const std::string& target,
                                          const std::string& filter, int64_t now_ms) const;

  // Empties the write-ahead log when it has grown enough, or whenever it can be for `force`.
  void MaybeCheckpoint(bool force);

  const std::string path_;
  const SqliteOptions options_;
  SqliteInspector inspector_;

  std::mutex write_mutex_;
  std::unique_ptr<Connection> writer_;  // guarded by write_mutex_
  int64_t checkpoint_at_;               // guarded by write_mutex_; bytes of the log

  mutable std::mutex readers_mutex_;
  mutable std::vector<std::unique_ptr<Connection>> readers_;  // idle ones; guarded

  mutable std::mutex mappings_mutex_;
  // By index; the text tells whether it is still the index's mapping. Guarded by mappings_mutex_.
  mutable std::map<std::string, std::pair<std::string, std::shared_ptr<const ParsedMapping>>>
      mappings_;
};

// kAborted unless the fence's lease is there and none lower is: a lease that is created but has not
// taken over is not in force.
absl::Status CheckFence(Connection& connection, const Fence& fence);

// `table`, `view`, or empty when nothing in the file has that name. SQLite knows no upper case.
absl::StatusOr<std::string> KindOf(Connection& connection, std::string_view name);

}  // namespace indexswap

#endif  // INDEXSWAP_SQLITE_SQLITE_STORE_H_
