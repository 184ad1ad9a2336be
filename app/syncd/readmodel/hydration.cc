#include "syncd/readmodel/hydration.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "syncd/readmodel/field_values.h"
#include "syncd/readmodel/schema.h"
#include "syncd/readmodel/sql_file.h"

namespace syncd {
namespace {

namespace fs = std::filesystem;

// `document` is what the plan's SQL reads; the other two are for the comparison.
constexpr char kStagedTables[] = R"sql(
CREATE TABLE staged.document (
  family TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, document TEXT NOT NULL);
CREATE TABLE staged.projected (
  family TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (family, id)) WITHOUT ROWID;
CREATE TABLE staged.differing (
  family TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (family, id)) WITHOUT ROWID;
)sql";

// In the order of versions the newest of several documents about one record comes last.
constexpr char kStagedIndexes[] = R"sql(
CREATE UNIQUE INDEX staged.document_id ON document (family, id);
CREATE INDEX staged.document_version ON document (family, version);
)sql";

constexpr char kExpected[] =
    "INSERT, UPDATE or DELETE on the plan's entities, or CREATE TEMP VIEW, over the table document";

// keyword(text): the text, or null where a `.keyword` sub-field would not have it.
void Keyword(sqlite3_context* context, int, sqlite3_value** values) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
  if (text == nullptr) return sqlite3_result_null(context);
  const std::string_view view(text, static_cast<size_t>(sqlite3_value_bytes(values[0])));
  if (!IsKeyword(view)) return sqlite3_result_null(context);
  sqlite3_result_value(context, values[0]);
}

absl::Status AddFunctions(Database& db) {
  const int result =
      sqlite3_create_function_v2(db.handle(), "keyword", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                 nullptr, Keyword, nullptr, nullptr, nullptr);
  return result == SQLITE_OK ? absl::OkStatus() : absl::InternalError(sqlite3_errstr(result));
}

// What the plan's SQL may do: read, write its own entities, and define what ends with the
// connection.
int AllowDerivation(void* context, int action, const char* first, const char*, const char*,
                    const char*) {
  const Plan& plan = *static_cast<const Plan*>(context);
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
    case SQLITE_CREATE_TEMP_VIEW:
      return SQLITE_OK;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE: {
      const std::string_view table = first == nullptr ? "" : first;
      const bool own = plan.FindEntity(table) != nullptr || table == "sqlite_temp_master";
      return own ? SQLITE_OK : SQLITE_DENY;
    }
    default:
      return SQLITE_DENY;
  }
}

absl::Status RunHydrate(Database& db, const Plan& plan) {
  if (absl::Status s = AddFunctions(db); !s.ok()) return s;
  // SQLite makes this one up as a table when it is first used, which the plan's SQL may not do.
  if (const auto s = db.QueryInteger("SELECT count(*) FROM json_each('[]')"); !s.ok()) {
    return s.status();
  }
  absl::Status s = RunSqlFile(db, plan.hydrate_file, plan.files.at(plan.hydrate_file),
                              AllowDerivation, const_cast<Plan*>(&plan), kExpected);
  // What an older record must not replace is decided by this column.
  for (const PlanEntity& entity : plan.entities) {
    if (!s.ok()) return s;
    if (entity.order.empty()) continue;
    s = db.Execute(absl::StrFormat("UPDATE %s SET %s = %s WHERE %s IS NULL", QuoteName(entity.name),
                                   kOrderColumn, QuoteName(entity.order), kOrderColumn));
  }
  return s;
}

void RemoveDatabase(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::error_code ignored;
    fs::remove(path + suffix, ignored);
  }
}

// The file, or folder, as it is now, on the disk.
absl::Status Sync(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = fd >= 0 && fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (done) return absl::OkStatus();
  return absl::ErrnoToStatus(error, absl::StrFormat("%s: %s", path, strerror(error)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Hydration>> Hydration::Begin(const std::string& path,
                                                            const Plan& plan, const RunInfo& run) {
  if (plan.hydrate_file.empty()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "plan \"%s\" has no `hydrate`: it can't turn documents back into entities", plan.name));
  }
  std::error_code ignored;
  if (fs::exists(path, ignored)) {
    return absl::AlreadyExistsError(absl::StrFormat("%s: there is such a generation file", path));
  }
  std::unique_ptr<Hydration> hydration(new Hydration(path, plan, run.event_cursor));
  hydration->RemoveDrafts();
  auto file = GenerationFile::Create(hydration->draft_, plan, run, Durability::kOff);
  if (!file.ok()) return file.status();
  file->reset();
  if (absl::Status s = hydration->Open(); !s.ok()) return s;
  return hydration;
}

Hydration::Hydration(std::string path, const Plan& plan, uint64_t cursor)
    : path_(std::move(path)),
      draft_(path_ + ".hydrating"),
      staged_(path_ + ".documents"),
      plan_(plan),
      cursor_(cursor) {}

Hydration::~Hydration() {
  insert_ = Statement();
  db_.reset();
  RemoveDrafts();
}

void Hydration::RemoveDrafts() {
  RemoveDatabase(draft_);
  RemoveDatabase(staged_);
}

absl::Status Hydration::Open() {
  // Created on its own, so that nobody else may read it.
  auto staged = Database::Open(staged_, Database::Mode::kCreate, Durability::kOff);
  if (!staged.ok()) return staged.status();
  if (absl::Status s = (*staged)->Execute("PRAGMA journal_mode=DELETE"); !s.ok()) return s;
  staged->reset();
  auto db = Database::Open(draft_, Database::Mode::kReadWrite, Durability::kOff);
  if (!db.ok()) return db.status();
  db_ = *std::move(db);
  auto attach = db_->Prepare("ATTACH ?1 AS staged");
  if (!attach.ok()) return attach.status();
  attach->BindText(1, staged_);
  if (absl::Status s = attach->Run(); !s.ok()) return s;
  // A file that is cut off is never looked at again.
  absl::Status s =
      db_->Execute(absl::StrCat("PRAGMA staged.journal_mode=OFF; PRAGMA staged.synchronous=OFF;",
                                "PRAGMA staged.cache_size=-8192;", kStagedTables));
  if (!s.ok()) return s;
  auto insert = db_->Prepare(
      "INSERT INTO staged.document (family, id, version, document) VALUES (?1, ?2, ?3, ?4)");
  if (!insert.ok()) return insert.status();
  insert_ = *std::move(insert);
  return absl::OkStatus();
}

absl::Status Hydration::BeginPage() { return db_->Execute("BEGIN IMMEDIATE"); }

absl::Status Hydration::Add(std::string_view family, std::string_view id, uint64_t version,
                            std::string_view document) {
  ++report_.documents;
  insert_.BindText(1, family);
  insert_.BindText(2, id);
  insert_.BindInteger(3, static_cast<int64_t>(version));
  insert_.BindText(4, document);
  return insert_.Run();
}

absl::Status Hydration::EndPage() { return db_->Execute("COMMIT"); }

absl::Status Hydration::Derive() {
  if (absl::Status s = db_->Execute(kStagedIndexes); !s.ok()) return s;
  if (absl::Status s = db_->Execute("BEGIN IMMEDIATE"); !s.ok()) return s;
  if (absl::Status s = RunHydrate(*db_, plan_); !s.ok()) return s;
  for (const PlanFamily& family : plan_.families) {
    // What the index has, or will have once what differs is written.
    absl::Status s = db_->Execute(absl::StrFormat(
        "UPDATE document_count SET base = (SELECT count(*) FROM %s) WHERE family = '%s'",
        QuoteName(family.view), family.name));
    if (!s.ok()) return s;
  }
  return db_->Execute("COMMIT");
}

absl::Status Hydration::CountEntities() {
  for (const PlanEntity& entity : plan_.entities) {
    const auto count =
        db_->QueryInteger(absl::StrCat("SELECT count(*) FROM ", QuoteName(entity.name)));
    if (!count.ok()) return count.status();
    report_.entities[entity.name] = static_cast<uint64_t>(*count);
  }
  return absl::OkStatus();
}

absl::StatusOr<HydrationReport> Hydration::Finish() {
  if (absl::Status s = CountEntities(); !s.ok()) return s;
  insert_ = Statement();
  if (absl::Status s = db_->Execute("DETACH staged; PRAGMA wal_checkpoint(TRUNCATE)"); !s.ok()) {
    return s;
  }
  db_.reset();
  if (absl::Status s = Sync(draft_); !s.ok()) return s;
  std::error_code error;
  fs::rename(draft_, path_, error);
  if (error) return absl::InternalError(absl::StrFormat("%s: %s", path_, error.message()));
  if (absl::Status s = Sync(fs::path(path_).parent_path().string()); !s.ok()) return s;
  RemoveDatabase(staged_);
  return report_;
}

absl::Status CheckHydrate(const Plan& plan) {
  if (plan.hydrate_file.empty()) return absl::OkStatus();
  auto db = Database::Open(":memory:", Database::Mode::kCreate, Durability::kOff);
  if (!db.ok()) return db.status();
  absl::Status s = CreateSchema(**db, plan);
  if (s.ok()) s = (*db)->Execute("ATTACH ':memory:' AS staged");
  if (s.ok()) s = (*db)->Execute(kStagedTables);
  if (s.ok()) s = RunHydrate(**db, plan);
  return s;
}

}  // namespace syncd
