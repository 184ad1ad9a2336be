#include "syncd/readmodel/journal.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <openssl/rand.h>

#include <array>
#include <filesystem>

#include "syncd/readmodel/dead_letters.h"

namespace syncd {
namespace {

constexpr char kSchema[] = R"sql(
CREATE TABLE journal_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  state_id TEXT NOT NULL,
  epoch INTEGER NOT NULL DEFAULT 0,
  arrival INTEGER NOT NULL DEFAULT 0,      -- counts every live event that ever came
  arrival_ms INTEGER NOT NULL DEFAULT 0);  -- the time of the last, since 1970; never goes back
CREATE TABLE owed_marker (
  channel TEXT PRIMARY KEY,
  markers INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE event (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  channel TEXT NOT NULL,
  body TEXT NOT NULL,
  received_ms INTEGER NOT NULL,            -- since 1970, UTC
  stale TEXT NOT NULL);                    -- entities of which something newer was known
CREATE INDEX event_received ON event (received_ms);
CREATE TABLE entity_order (  -- of each entity's last change; a tombstone if deleted
  entity TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  deleted INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL,
  PRIMARY KEY (entity, key)) WITHOUT ROWID;
CREATE INDEX entity_order_changed ON entity_order (changed_ms);
CREATE TABLE wanted_run (    -- asked for, and not ended
  id INTEGER PRIMARY KEY CHECK (id = 1),
  promote INTEGER,                         -- null: rebuild
  overrides TEXT NOT NULL,
  run INTEGER NOT NULL);
CREATE TABLE cold (          -- generations that get no events any more
  generation INTEGER PRIMARY KEY,
  reason TEXT NOT NULL);
)sql";

absl::StatusOr<std::string> RandomId() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) {
    return absl::InternalError("OpenSSL gives no random bytes");
  }
  std::string id;
  for (const unsigned char byte : bytes) absl::StrAppendFormat(&id, "%02x", byte);
  return id;
}

absl::Status CreateTables(Database& db) {
  auto id = RandomId();
  if (!id.ok()) return id.status();
  absl::Status status = db.Execute(kSchema);
  if (status.ok()) status = db.Execute(kDeadLetterTable);
  if (status.ok()) {
    status = db.Execute(
        absl::StrFormat("INSERT INTO journal_state (id, state_id) VALUES (1, '%s')", *id));
  }
  return status.ok() ? WriteVersion(db, JournalFormat()) : status;
}

// Creates the tables of a new file, all or nothing.
absl::Status Fill(Database& db) {
  auto version = db.QueryInteger("PRAGMA user_version");
  if (!version.ok() || *version != 0) return version.status();
  // So that what is trimmed can be given back to the disk. The file has its first page already, so
  // that only VACUUM changes it.
  absl::Status s = db.Execute("PRAGMA auto_vacuum=INCREMENTAL; VACUUM");
  if (s.ok()) s = db.Begin();
  if (!s.ok()) return s;
  // Another connection may have been first.
  version = db.QueryInteger("PRAGMA user_version");
  s = version.status();
  if (s.ok() && *version == 0) s = CreateTables(db);
  if (s.ok()) s = db.Commit();
  if (!s.ok()) db.Rollback();
  return s;
}

}  // namespace

const FileFormat& JournalFormat() {
  static const auto& format = *new FileFormat{"journal", {}};
  return format;
}

absl::StatusOr<std::unique_ptr<Database>> OpenJournalFile(const std::string& state_dir,
                                                          Database::Mode mode) {
  const auto path = std::filesystem::path(state_dir) / kJournalFile;
  return OpenFile(path.string(), mode, Durability::kFull, JournalFormat());
}

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& state_dir) {
  auto db = OpenJournalFile(state_dir, Database::Mode::kCreate);
  if (!db.ok()) return db.status();
  if (absl::Status s = Fill(**db); !s.ok()) return s;
  auto select = (*db)->Prepare("SELECT state_id FROM journal_state");
  if (!select.ok()) return select.status();
  auto row = select->Step();
  if (!row.ok()) return row.status();
  if (!*row)
    return absl::DataLossError(absl::StrFormat("%s: has lost its identity", (*db)->path()));
  std::string state_id = select->TextCopy(0);
  select->Reset();
  return std::unique_ptr<Journal>(new Journal(*std::move(db), std::move(state_id)));
}

absl::StatusOr<uint64_t> Journal::Epoch() {
  const std::lock_guard lock(mutex_);
  auto epoch = db_->QueryInteger("SELECT epoch FROM journal_state");
  if (!epoch.ok()) return epoch.status();
  return static_cast<uint64_t>(*epoch);
}

absl::Status Journal::RaiseEpoch(uint64_t epoch) {
  const std::lock_guard lock(mutex_);
  auto update = db_->Prepare("UPDATE journal_state SET epoch = max(epoch, ?1)");
  if (!update.ok()) return update.status();
  update->BindInteger(1, static_cast<int64_t>(epoch));
  return update->Run();
}

absl::StatusOr<uint64_t> Journal::Owed(std::string_view channel) {
  const std::lock_guard lock(mutex_);
  auto select = db_->Prepare("SELECT markers FROM owed_marker WHERE channel = ?1");
  if (!select.ok()) return select.status();
  select->BindText(1, channel);
  auto row = select->Step();
  if (!row.ok()) return row.status();
  return *row ? static_cast<uint64_t>(select->Integer(0)) : 0;
}

absl::Status Journal::RaiseOwed(std::string_view channel) {
  return ChangeOwed(
      "INSERT INTO owed_marker (channel, markers) VALUES (?1, 1) "
      "ON CONFLICT DO UPDATE SET markers = markers + 1",
      channel);
}

absl::Status Journal::LowerOwed(std::string_view channel) {
  return ChangeOwed("UPDATE owed_marker SET markers = max(markers - 1, 0) WHERE channel = ?1",
                    channel);
}

absl::Status Journal::ClearOwed(std::string_view channel) {
  return ChangeOwed("DELETE FROM owed_marker WHERE channel = ?1", channel);
}

absl::Status Journal::ChangeOwed(const char* sql, std::string_view channel) {
  const std::lock_guard lock(mutex_);
  auto change = db_->Prepare(sql);
  if (!change.ok()) return change.status();
  change->BindText(1, channel);
  return change->Run();
}

}  // namespace syncd
