// Documents: bulk writes with external versions.
#include <absl/strings/str_format.h>

#include <set>
#include <utility>

#include "indexswap/sqlite/sqlite_store.h"

namespace indexswap {
namespace {

using Outcome = BulkResult::Outcome;
using Kind = BulkItem::Kind;

constexpr size_t kMaxIdBytes = 512;  // what the servers take

// Why the item can never be stored, or empty.
std::string ReasonToRefuse(const BulkItem& item, const ParsedMapping& mapping) {
  if (item.id.empty() || item.id.size() > kMaxIdBytes) {
    return absl::StrFormat("an id has 1 to %d bytes, this one %d", kMaxIdBytes, item.id.size());
  }
  if (item.version > INT64_MAX) return "a version is less than 2^63";
  if (item.kind == Kind::kDelete) return "";
  return std::string(mapping.Check(item.document).message());
}

// The writes of one index within one transaction.
class IndexWriter {
 public:
  IndexWriter(Connection& connection, const std::string& index)
      : connection_(connection),
        index_(index),
        upsert_(connection.raw(),
                absl::StrFormat("INSERT INTO %s(id,version,document) VALUES(?,?,?) "
                                "ON CONFLICT(id) DO UPDATE SET version=excluded.version, "
                                "document=excluded.document WHERE excluded.version>version",
                                QuoteName(index))),
        remove_(connection.raw(), absl::StrFormat("DELETE FROM %s WHERE id=?", QuoteName(index))),
        version_(connection.raw(),
                 absl::StrFormat("SELECT version FROM %s WHERE id=?", QuoteName(index))),
        tombstone_(connection.raw(),
                   "SELECT version FROM indexswap_tombstone WHERE name=? AND id=?"),
        bury_(connection.raw(), "INSERT OR REPLACE INTO indexswap_tombstone VALUES(?,?,?)"),
        unbury_(connection.raw(), "DELETE FROM indexswap_tombstone WHERE name=? AND id=?") {}

  // Looks whether there are tombstones at all: while an index is loaded there are none.
  absl::Status Start() {
    Statement any(connection_.raw(), "SELECT 1 FROM indexswap_tombstone WHERE name=? LIMIT 1");
    absl::StatusOr<bool> row = any.Bind(index_).Step();
    has_tombstones_ = row.ok() && *row;
    return row.status();
  }

  absl::StatusOr<Outcome> Write(const BulkItem& item) {
    return item.kind == Kind::kIndex ? Put(item) : Delete(item);
  }

  absl::Status Finish() {
    Statement grow(connection_.raw(), "UPDATE indexswap_size SET bytes=bytes+? WHERE name=?");
    return grow.Bind(bytes_).Bind(index_).Run();
  }

 private:
  // The version found by `statement`, or -1.
  static absl::StatusOr<int64_t> VersionOf(Statement& statement) {
    absl::StatusOr<bool> row = statement.Step();
    if (!row.ok()) return row.status();
    if (!*row) return -1;
    const int64_t version = statement.Int(0);
    absl::StatusOr<bool> more = statement.Step();  // to its end, so that it can be bound anew
    if (!more.ok()) return more.status();
    return version;
  }

  absl::StatusOr<Outcome> Put(const BulkItem& item) {
    const auto version = static_cast<int64_t>(item.version);
    bool buried = false;
    if (has_tombstones_) {
      absl::StatusOr<int64_t> deleted = VersionOf(tombstone_.Bind(index_).Bind(item.id));
      if (!deleted.ok()) return deleted.status();
      if (*deleted >= version) return Outcome::kNotNewer;
      buried = *deleted >= 0;
    }
    absl::Status written = upsert_.Bind(item.id).Bind(version).Bind(item.document).Run();
    if (!written.ok()) return written;
    if (connection_.Changes() == 0) return Outcome::kNotNewer;
    bytes_ += static_cast<int64_t>(item.id.size() * 2 + item.document.size() + 16);
    if (buried) written = unbury_.Bind(index_).Bind(item.id).Run();
    if (!written.ok()) return written;
    return Outcome::kDone;
  }

  absl::StatusOr<Outcome> Delete(const BulkItem& item) {
    const auto version = static_cast<int64_t>(item.version);
    absl::StatusOr<int64_t> live = VersionOf(version_.Bind(item.id));
    if (!live.ok()) return live.status();
    absl::StatusOr<int64_t> dead = VersionOf(tombstone_.Bind(index_).Bind(item.id));
    if (!dead.ok()) return dead.status();
    if (*live >= version || *dead >= version) return Outcome::kNotNewer;
    absl::Status done = absl::OkStatus();
    if (*live >= 0) done = remove_.Bind(item.id).Run();
    if (done.ok()) done = bury_.Bind(index_).Bind(item.id).Bind(version).Run();
    if (!done.ok()) return done;
    has_tombstones_ = true;
    return Outcome::kDone;
  }

  Connection& connection_;
  const std::string& index_;
  Statement upsert_;
  Statement remove_;
  Statement version_;
  Statement tombstone_;
  Statement bury_;
  Statement unbury_;
  bool has_tombstones_ = false;
  int64_t bytes_ = 0;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const ParsedMapping>> SqliteStore::Parse(
    const std::string& index, std::string_view mappings) const {
  {
    const std::lock_guard lock(mappings_mutex_);
    const auto found = mappings_.find(index);
    if (found != mappings_.end() && found->second.first == mappings) return found->second.second;
  }
  absl::StatusOr<ParsedMapping> parsed = ParsedMapping::Parse(mappings);
  if (!parsed.ok()) return parsed.status();
  auto shared = std::make_shared<const ParsedMapping>(*std::move(parsed));
  const std::lock_guard lock(mappings_mutex_);
  mappings_[index] = {std::string(mappings), shared};
  return shared;
}

absl::StatusOr<SqliteStore::Indexes> SqliteStore::FindIndexes(
    Connection& connection, const std::string& release, const std::vector<std::string>& names) {
  Indexes indexes;
  Statement select(connection.raw(),
                   "SELECT mappings, loading FROM indexswap_meta WHERE name=? AND release=?");
  for (const std::string& name : names) {
    absl::StatusOr<bool> row = select.Bind(name).Bind(release).Step();
    if (!row.ok()) return row.status();
    if (!*row) continue;
    absl::StatusOr<std::shared_ptr<const ParsedMapping>> mapping = Parse(name, select.Text(0));
    if (!mapping.ok()) return mapping.status();
    indexes[name] = {std::string(select.Text(0)), *mapping, select.Int(1) != 0};
    row = select.Step();
    if (!row.ok()) return row.status();
  }
  return indexes;
}

absl::Status SqliteStore::ApplyBulk(Connection& connection, const std::vector<BulkItem>& items,
                                    const Indexes& indexes, std::vector<BulkResult>& results) {
  std::map<std::string, IndexWriter> writers;
  for (size_t i = 0; i < items.size(); ++i) {
    const auto index = indexes.find(items[i].index);
    if (index == indexes.end()) {
      results[i] = {Outcome::kFenced,
                    absl::StrFormat("no index `%s` of this release to write to", items[i].index)};
      continue;
    }
    if (results[i].outcome == Outcome::kRefused) continue;
    auto writer = writers.find(index->first);
    if (writer == writers.end()) {
      writer = writers.try_emplace(index->first, connection, index->first).first;
      absl::Status started = writer->second.Start();
      if (!started.ok()) return started;
    }
    absl::StatusOr<Outcome> outcome = writer->second.Write(items[i]);
    if (!outcome.ok()) return outcome.status();
    results[i] = {*outcome, ""};
  }
  for (auto& [index, writer] : writers) {
    absl::Status finished = writer.Finish();
    if (!finished.ok()) return finished;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<BulkResult>> SqliteStore::Bulk(const Fence& fence,
                                                          const std::vector<BulkItem>& items) {
  std::set<std::string> distinct;
  for (const BulkItem& item : items) distinct.insert(item.index);
  const std::vector<std::string> names(distinct.begin(), distinct.end());
  Indexes indexes;
  absl::Status read = ReadOnly([&](Connection& connection) -> absl::Status {
    absl::StatusOr<Indexes> found = FindIndexes(connection, fence.release, names);
    if (found.ok()) indexes = *std::move(found);
    return found.status();
  });
  if (!read.ok()) return read;

  // Documents are checked before the write lock is taken: several threads do it at once. Replies of
  // an index that has been loaded are durable, since events are acknowledged on them; those of a
  // load become so at its end (FinishLoading), and a build is repeated after a power failure.
  std::vector<BulkResult> results(items.size());
  auto durability = Transaction::Durability::kProcess;
  for (size_t i = 0; i < items.size(); ++i) {
    const auto index = indexes.find(items[i].index);
    if (index == indexes.end()) continue;
    if (!index->second.loading) durability = Transaction::Durability::kPowerLoss;
    std::string reason = ReasonToRefuse(items[i], *index->second.mapping);
    if (!reason.empty()) results[i] = {Outcome::kRefused, std::move(reason)};
  }
  absl::Status written = Write(&fence, durability, [&](Connection& connection) -> absl::Status {
    absl::StatusOr<Indexes> now = FindIndexes(connection, fence.release, names);
    if (!now.ok()) return now.status();
    for (const auto& [name, index] : indexes) {
      const auto found = now->find(name);
      if (found != now->end() && found->second.mappings != index.mappings) {
        return absl::ResourceExhaustedError("the mapping of `" + name + "` has just changed");
      }
    }
    return ApplyBulk(connection, items, *now, results);
  });
  if (!written.ok()) return written;
  return results;
}

}  // namespace indexswap
