#include "indexswap/sqlite/schema.h"

#include <absl/strings/match.h>
#include <absl/strings/str_format.h>

namespace indexswap {
namespace {

constexpr int64_t kApplicationId = 0x69737770;  // "iswp"

// Tables are rowid tables where rows are wide and come in any order: a new row goes to the end, and
// only the narrow index of ids is written at random. The small ones are kept by their keys.
constexpr char kTables[] = R"sql(
CREATE TABLE indexswap_lease(
  release TEXT NOT NULL, epoch INTEGER NOT NULL, record TEXT NOT NULL,
  PRIMARY KEY(release, epoch)) WITHOUT ROWID;
CREATE TABLE indexswap_meta(
  name TEXT PRIMARY KEY, release TEXT NOT NULL, meta TEXT NOT NULL, mappings TEXT NOT NULL,
  settings TEXT NOT NULL, loading INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE indexswap_size(name TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE indexswap_alias(
  alias TEXT NOT NULL, name TEXT NOT NULL, filter TEXT NOT NULL,
  PRIMARY KEY(alias, name)) WITHOUT ROWID;
CREATE TABLE indexswap_tombstone(
  name TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  PRIMARY KEY(name, id)) WITHOUT ROWID;
CREATE TABLE indexswap_time_zone(
  zone TEXT NOT NULL, utc_from INTEGER NOT NULL, local_from INTEGER NOT NULL,
  offset_s INTEGER NOT NULL, PRIMARY KEY(zone, utc_from)) WITHOUT ROWID;
)sql";

int64_t Current(const std::vector<SchemaStep>& steps) {
  return 1 + static_cast<int64_t>(steps.size());
}

// The store's version; 0: the file is empty. An error when it is something else.
absl::StatusOr<int64_t> VersionOf(Connection& connection, const std::string& path,
                                  int64_t current) {
  // The tables first: another process may fill the file between these, which it does at once.
  absl::StatusOr<int64_t> tables = connection.Number("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  absl::StatusOr<int64_t> id = connection.Number("PRAGMA application_id");
  if (!id.ok()) return id.status();
  absl::StatusOr<int64_t> version = connection.Number("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*id == 0 && *tables == 0) return 0;
  if (*id != kApplicationId || *version < 1) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s is an SQLite file, but no store of indexswap (application_id %d); name another file, "
        "which will be created",
        path, *id));
  }
  if (*version > current) {
    return absl::UnimplementedError(absl::StrFormat(
        "a newer program wrote the store %s: it has format %d, and this one reads up to %d. Use "
        "that program again; nothing was changed",
        path, *version, current));
  }
  return version;
}

absl::Status CreateTables(Connection& connection) {
  return connection.Run(absl::StrFormat("%sPRAGMA application_id=%d;", kTables, kApplicationId));
}

absl::Status Upgrade(Connection& connection, const std::string& path, int64_t version,
                     const std::vector<SchemaStep>& steps) {
  for (; version < Current(steps); ++version) {
    const absl::Status s = steps[static_cast<size_t>(version - 1)](connection);
    if (s.ok()) continue;
    return absl::Status(s.code(),
                        absl::StrFormat("the store %s of format %d can't be made one of format "
                                        "%d: %s",
                                        path, version, version + 1, std::string(s.message())));
  }
  return absl::OkStatus();
}

}  // namespace

const std::vector<SchemaStep>& SchemaSteps() {
  static const auto& steps = *new std::vector<SchemaStep>();
  return steps;
}

absl::Status PrepareSchema(Connection& connection, const std::string& path,
                           const std::vector<SchemaStep>& steps) {
  const int64_t current = Current(steps);
  absl::StatusOr<int64_t> version = VersionOf(connection, path, current);
  if (!version.ok() || *version == current) return version.status();
  if (*version == 0) {
    absl::Status wal = connection.Run("PRAGMA journal_mode=WAL");
    if (!wal.ok()) return wal;
  }
  absl::StatusOr<Transaction> transaction = Transaction::Begin(
      connection, Transaction::Kind::kWrite, Transaction::Durability::kPowerLoss);
  if (!transaction.ok()) return transaction.status();
  version = VersionOf(connection, path, current);  // another process may have been first
  if (!version.ok() || *version == current) return version.status();
  absl::Status done =
      *version == 0 ? CreateTables(connection) : Upgrade(connection, path, *version, steps);
  if (done.ok()) done = connection.Run(absl::StrFormat("PRAGMA user_version=%d;", current));
  return done.ok() ? transaction->Commit() : done;
}

bool IsReservedName(std::string_view name) {
  const std::string text(name);
  return absl::StartsWithIgnoreCase(text, "indexswap_") ||
         absl::StartsWithIgnoreCase(text, "sqlite_");
}

}  // namespace indexswap
