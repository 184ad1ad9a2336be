// Opening, transactions, leases, indexes. Documents: sqlite_bulk.cc; aliases: sqlite_alias.cc;
// reading: sqlite_read.cc.
#include "indexswap/sqlite/sqlite_store.h"

#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <filesystem>
#include <thread>
#include <utility>

#include "indexswap/json/canonical.h"
#include "indexswap/json/meta_codec.h"
#include "indexswap/sqlite/schema.h"

namespace indexswap {
namespace {

using Durability = Transaction::Durability;

// Page caches. A write transaction that outgrows its cache spills into the write-ahead log.
constexpr int kWriterCacheKib = 6 * 1024;
constexpr int kReaderCacheKib = 1024;
constexpr size_t kIdleReaders = 2;

// How long a checkpoint, which holds the write lock, waits for readers; writes wait meanwhile.
constexpr std::chrono::milliseconds kCheckpointWait{200};

absl::Status NoSuchIndex(const std::string& index) {
  return absl::NotFoundError(absl::StrFormat("no index `%s` of this release", index));
}

}  // namespace

absl::StatusOr<std::unique_ptr<IndexStore>> OpenSqliteStore(const std::string& path,
                                                            SqliteOptions options) {
  absl::StatusOr<std::unique_ptr<Connection>> writer =
      Connection::Open(path, options.create ? Connection::Mode::kCreate : Connection::Mode::kWrite,
                       options.busy_timeout, kWriterCacheKib);
  if (!writer.ok()) return writer.status();
  absl::Status prepared = PrepareSchema(**writer, path);
  // Two processes that create one file: the change to WAL doesn't wait for the other by itself.
  for (int i = 0; i < 50 && prepared.code() == absl::StatusCode::kResourceExhausted; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    prepared = PrepareSchema(**writer, path);
  }
  if (!prepared.ok()) return prepared;
  return std::make_unique<SqliteStore>(path, options, *std::move(writer));
}

SqliteStore::SqliteStore(std::string path, SqliteOptions options,
                         std::unique_ptr<Connection> writer)
    : path_(std::move(path)),
      options_(options),
      inspector_(path_),
      writer_(std::move(writer)),
      checkpoint_at_(options.checkpoint_bytes) {}

SqliteStore::~SqliteStore() {
  const std::lock_guard lock(write_mutex_);
  MaybeCheckpoint(/*force=*/true);
}

std::string SqliteStore::Describe() const { return "SQLite file " + path_; }

void SqliteStore::MaybeCheckpoint(bool force) {
  if (!force && writer_->WalBytes() < checkpoint_at_) return;
  writer_->SetBusyTimeout(kCheckpointWait);
  const absl::StatusOr<bool> emptied = writer_->TruncateWal();
  writer_->SetBusyTimeout(options_.busy_timeout);
  // Not emptied, whatever the reason: the commits are safe in the log, which grows until readers
  // let it go. Trying at each commit would hold up every write.
  checkpoint_at_ = emptied.ok() && *emptied ? options_.checkpoint_bytes
                                            : writer_->WalBytes() + options_.checkpoint_bytes / 4;
}

absl::Status SqliteStore::Write(const Fence* fence, Durability durability,
                                const std::function<absl::Status(Connection&)>& body) {
  const std::lock_guard lock(write_mutex_);
  {
    absl::StatusOr<Transaction> transaction =
        Transaction::Begin(*writer_, Transaction::Kind::kWrite, durability);
    if (!transaction.ok()) return transaction.status();
    absl::Status done = fence == nullptr ? absl::OkStatus() : CheckFence(*writer_, *fence);
    if (done.ok()) done = body(*writer_);
    if (done.ok()) done = transaction->Commit();
    if (!done.ok()) return done;
  }
  MaybeCheckpoint(/*force=*/false);
  return absl::OkStatus();
}

absl::Status SqliteStore::ReadOnly(const std::function<absl::Status(Connection&)>& body) const {
  std::unique_ptr<Connection> reader;
  {
    const std::lock_guard lock(readers_mutex_);
    if (!readers_.empty()) {
      reader = std::move(readers_.back());
      readers_.pop_back();
    }
  }
  if (reader == nullptr) {
    absl::StatusOr<std::unique_ptr<Connection>> opened =
        Connection::Open(path_, Connection::Mode::kRead, options_.busy_timeout, kReaderCacheKib);
    if (!opened.ok()) return opened.status();
    reader = *std::move(opened);
  }
  absl::Status done;
  {
    absl::StatusOr<Transaction> transaction = Transaction::Begin(*reader, Transaction::Kind::kRead);
    done = transaction.ok() ? body(*reader) : transaction.status();
  }
  const std::lock_guard lock(readers_mutex_);
  if (readers_.size() < kIdleReaders) readers_.push_back(std::move(reader));
  return done;
}

absl::Status CheckFence(Connection& connection, const Fence& fence) {
  Statement leases(connection.raw(),
                   "SELECT min(epoch), max(epoch) FROM indexswap_lease WHERE release=?");
  leases.Bind(fence.release);
  absl::StatusOr<bool> row = leases.Step();
  if (!row.ok()) return row.status();
  const int64_t lowest = leases.Int(0);
  if (lowest == static_cast<int64_t>(fence.epoch) && lowest != 0) return absl::OkStatus();
  return absl::AbortedError(absl::StrFormat(
      "the lease `%s` is not in force (the file has epochs %d to %d); another writer has taken "
      "over",
      LeaseName(fence.release, fence.epoch), lowest, leases.Int(1)));
}

absl::StatusOr<std::string> KindOf(Connection& connection, std::string_view name) {
  absl::StatusOr<std::optional<std::string>> kind = connection.Lookup(
      "SELECT type FROM sqlite_schema WHERE name=? COLLATE NOCASE AND type<>'index'", {name});
  if (!kind.ok()) return kind.status();
  return kind->value_or("");
}

absl::Status SqliteStore::CreateLease(const Fence& fence, const LeaseRecord& record) {
  if (fence.epoch == 0 || fence.epoch > INT64_MAX) {
    return absl::InvalidArgumentError("a lease's epoch is 1 to 2^63-1");
  }
  return Write(nullptr, Durability::kPowerLoss, [&](Connection& connection) -> absl::Status {
    Statement highest(connection.raw(), "SELECT max(epoch) FROM indexswap_lease WHERE release=?");
    absl::StatusOr<bool> row = highest.Bind(fence.release).Step();
    if (!row.ok()) return row.status();
    const auto epoch = static_cast<int64_t>(fence.epoch);
    const std::string name = LeaseName(fence.release, fence.epoch);
    if (highest.Int(0) == epoch) {
      return absl::AlreadyExistsError(absl::StrFormat("the lease `%s` is there already", name));
    }
    if (highest.Int(0) > epoch) {
      return absl::AbortedError(absl::StrFormat("the lease `%s` comes too late: epoch %d is there",
                                                name, highest.Int(0)));
    }
    Statement insert(connection.raw(), "INSERT INTO indexswap_lease VALUES(?,?,?)");
    const std::string text = EncodeLease(record);
    return insert.Bind(fence.release).Bind(epoch).Bind(text).Run();
  });
}

absl::Status SqliteStore::TakeOver(const Fence& fence, const std::vector<std::string>&) {
  return Write(nullptr, Durability::kPowerLoss, [&](Connection& connection) -> absl::Status {
    const auto epoch = static_cast<int64_t>(fence.epoch);
    Statement own(connection.raw(), "SELECT 1 FROM indexswap_lease WHERE release=? AND epoch=?");
    absl::StatusOr<bool> row = own.Bind(fence.release).Bind(epoch).Step();
    if (!row.ok()) return row.status();
    if (!*row) {
      return absl::AbortedError(
          absl::StrFormat("no lease `%s`", LeaseName(fence.release, fence.epoch)));
    }
    Statement remove(connection.raw(), "DELETE FROM indexswap_lease WHERE release=? AND epoch<?");
    return remove.Bind(fence.release).Bind(epoch).Run();
  });
}

absl::Status SqliteStore::WriteLease(const Fence& fence, const LeaseRecord& record) {
  // A beat that a power failure takes back harms nobody, but `free` is written once.
  const Durability durability = record.free ? Durability::kPowerLoss : Durability::kProcess;
  return Write(nullptr, durability, [&](Connection& connection) -> absl::Status {
    Statement update(connection.raw(),
                     "UPDATE indexswap_lease SET record=? WHERE release=? AND epoch=?");
    const std::string text = EncodeLease(record);
    absl::Status updated =
        update.Bind(text).Bind(fence.release).Bind(static_cast<int64_t>(fence.epoch)).Run();
    if (!updated.ok() || connection.Changes() == 1) return updated;
    return absl::AbortedError(
        absl::StrFormat("the lease `%s` is gone", LeaseName(fence.release, fence.epoch)));
  });
}

absl::Status SqliteStore::CreateIndex(const Fence& fence, const IndexDefinition& definition) {
  if (!ParseIndexName(definition.name) || IsReservedName(definition.name)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("`%s` is no name of a generation's index", definition.name));
  }
  absl::StatusOr<ParsedMapping> mapping = ParsedMapping::Parse(definition.mappings);
  if (!mapping.ok()) return mapping.status();
  return Write(&fence, Durability::kPowerLoss, [&](Connection& connection) -> absl::Status {
    absl::StatusOr<std::string> kind = KindOf(connection, definition.name);
    if (!kind.ok()) return kind.status();
    if (!kind->empty()) {
      return absl::AlreadyExistsError(
          absl::StrFormat("the name `%s` is taken by a %s", definition.name, *kind));
    }
    for (const std::string& statement : CreationStatements(fence, definition)) {
      if (absl::Status s = connection.Run(statement); !s.ok()) return s;
    }
    return absl::OkStatus();
  });
}

std::vector<std::string> SqliteStore::CreationStatements(const Fence& fence,
                                                         const IndexDefinition& definition) {
  return {absl::StrFormat("CREATE TABLE %s(id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL, "
                          "document TEXT NOT NULL)",
                          QuoteName(definition.name)),
          absl::StrFormat("INSERT INTO indexswap_meta VALUES(%s,%s,%s,%s,%s,1)",
                          QuoteText(definition.name), QuoteText(fence.release),
                          QuoteText(EncodeMeta(definition.meta)), QuoteText(definition.mappings),
                          QuoteText(definition.settings)),
          absl::StrFormat("INSERT INTO indexswap_size VALUES(%s,0)", QuoteText(definition.name))};
}

std::string SqliteStore::FinishStatement(const Fence& fence, const std::string& index,
                                         const std::string& settings) {
  return absl::StrFormat(
      "UPDATE indexswap_meta SET settings=%s, loading=0 WHERE name=%s AND release=%s",
      QuoteText(settings), QuoteText(index), QuoteText(fence.release));
}

absl::Status SqliteStore::WriteMeta(const Fence& fence, const std::string& index,
                                    const GenerationMeta& meta) {
  return Write(&fence, Durability::kPowerLoss, [&](Connection& connection) -> absl::Status {
    Statement update(connection.raw(),
                     "UPDATE indexswap_meta SET meta=? WHERE name=? AND release=?");
    const std::string text = EncodeMeta(meta);
    absl::Status updated = update.Bind(text).Bind(index).Bind(fence.release).Run();
    if (!updated.ok() || connection.Changes() == 1) return updated;
    return NoSuchIndex(index);
  });
}

absl::Status SqliteStore::FinishLoading(const Fence& fence, const std::string& index,
                                        const std::string& settings) {
  absl::StatusOr<std::string> canonical = CanonicalJson(settings);
  if (!canonical.ok()) return canonical.status();
  if (!canonical->empty() && !canonical->starts_with('{')) {
    return absl::InvalidArgumentError("settings are a JSON object");
  }
  absl::Status finished =
      Write(&fence, Durability::kPowerLoss, [&](Connection& connection) -> absl::Status {
        absl::Status updated = connection.Run(FinishStatement(fence, index, *canonical));
        if (!updated.ok() || connection.Changes() == 1) return updated;
        return NoSuchIndex(index);
      });
  if (finished.ok()) {
    // Readers of the new index find it in the file, not in a long log.
    const std::lock_guard lock(write_mutex_);
    MaybeCheckpoint(/*force=*/true);
  }
  return finished;
}

absl::Status SqliteStore::DeleteIndexes(const Fence& fence,
                                        const std::vector<std::string>& indexes) {
  return Write(&fence, Durability::kPowerLoss, [&](Connection& connection) -> absl::Status {
    for (const std::string& index : indexes) {
      absl::StatusOr<std::optional<std::string>> own = connection.Lookup(
          "SELECT name FROM indexswap_meta WHERE name=? AND release=?", {index, fence.release});
      if (!own.ok()) return own.status();
      if (!*own) return NoSuchIndex(index);
      absl::StatusOr<std::optional<std::string>> alias =
          connection.Lookup("SELECT alias FROM indexswap_alias WHERE name=?", {index});
      if (!alias.ok()) return alias.status();
      if (*alias) {
        return absl::FailedPreconditionError(absl::StrFormat(
            "the index `%s` is not deleted while the alias `%s` points at it; move the alias first",
            index, **alias));
      }
      absl::Status dropped = connection.Run("DROP TABLE " + QuoteName(index));
      for (const char* table : {"indexswap_meta", "indexswap_size", "indexswap_tombstone"}) {
        if (!dropped.ok()) return dropped;
        Statement remove(connection.raw(), absl::StrFormat("DELETE FROM %s WHERE name=?", table));
        dropped = remove.Bind(index).Run();
      }
      if (!dropped.ok()) return dropped;
    }
    return absl::OkStatus();
  });
}

}  // namespace indexswap
