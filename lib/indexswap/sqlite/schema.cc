#include "indexswap/sqlite/schema.h"

#include <absl/strings/match.h>
#include <absl/strings/str_format.h>

namespace indexswap {
namespace {

constexpr int64_t kApplicationId = 0x69737770;  // "iswp"
constexpr int64_t kVersion = 1;

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

// Whether the file is a store already. An error when it is something else.
absl::StatusOr<bool> IsStore(Connection& connection, const std::string& path) {
  absl::StatusOr<int64_t> id = connection.Number("PRAGMA application_id");
  if (!id.ok()) return id.status();
  absl::StatusOr<int64_t> tables = connection.Number("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  absl::StatusOr<int64_t> version = connection.Number("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*id == 0 && *tables == 0) return false;
  if (*id != kApplicationId) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s is an SQLite file, but no store of indexswap (application_id %d); name another file, "
        "which will be created",
        path, *id));
  }
  if (*version > kVersion) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s is a store of format %d, and this program knows %d; upgrade it", path,
                        *version, kVersion));
  }
  return true;
}

}  // namespace

absl::Status PrepareSchema(Connection& connection, const std::string& path) {
  absl::StatusOr<bool> store = IsStore(connection, path);
  if (!store.ok() || *store) return store.status();
  absl::Status wal = connection.Run("PRAGMA journal_mode=WAL");
  if (!wal.ok()) return wal;
  absl::StatusOr<Transaction> transaction = Transaction::Begin(
      connection, Transaction::Kind::kWrite, Transaction::Durability::kPowerLoss);
  if (!transaction.ok()) return transaction.status();
  store = IsStore(connection, path);  // another process may have been first
  if (!store.ok() || *store) return store.status();
  absl::Status created = connection.Run(absl::StrFormat(
      "%sPRAGMA application_id=%d; PRAGMA user_version=%d;", kTables, kApplicationId, kVersion));
  return created.ok() ? transaction->Commit() : created;
}

bool IsReservedName(std::string_view name) {
  const std::string text(name);
  return absl::StartsWithIgnoreCase(text, "indexswap_") ||
         absl::StartsWithIgnoreCase(text, "sqlite_");
}

}  // namespace indexswap
