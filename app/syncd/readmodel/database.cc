#include "syncd/readmodel/database.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace syncd {
namespace {

// How long a connection waits for a lock, and how often it looks: SQLite's own handler looks so
// rarely that a busy writer can keep others out for long.
constexpr int kBusyTimeoutMs = 60'000;
constexpr int kBusyLookMs = 2;

constexpr char kInMemory[] = ":memory:";

absl::StatusCode CodeOf(int result) {
  switch (result & 0xff) {
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:  // says nothing of what was to be written
      return absl::StatusCode::kUnavailable;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return absl::StatusCode::kPermissionDenied;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_CANTOPEN:
      return absl::StatusCode::kNotFound;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status ErrorOf(sqlite3* db, int result) {
  const char* file = db == nullptr ? nullptr : sqlite3_db_filename(db, "main");
  return absl::Status(CodeOf(result),
                      absl::StrCat(file == nullptr || *file == '\0' ? "SQLite" : file, ": ",
                                   db == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(db)));
}

std::string_view SynchronousWord(Durability durability) {
  switch (durability) {
    case Durability::kFull:
      return "FULL";
    case Durability::kNormal:
      return "NORMAL";
    case Durability::kOff:
      return "OFF";
  }
  return "FULL";
}

int WaitForTurn(void*, int looks) {
  if (looks >= kBusyTimeoutMs / kBusyLookMs) return 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(kBusyLookMs));
  return 1;
}

// Makes a file that nobody but its owner can read, if there is none: people are in it. SQLite gives
// its WAL the same mode.
absl::Status CreatePrivate(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return absl::ErrnoToStatus(errno, path);
  ::close(file);
  return absl::OkStatus();
}

}  // namespace

Statement::~Statement() { sqlite3_finalize(stmt_); }

void Statement::BindNull(int parameter) { sqlite3_bind_null(stmt_, parameter); }

void Statement::BindInteger(int parameter, int64_t value) {
  sqlite3_bind_int64(stmt_, parameter, value);
}

void Statement::BindText(int parameter, std::string_view value) {
  // A null pointer would bind NULL, and an empty view may have one.
  sqlite3_bind_text64(stmt_, parameter, value.empty() ? "" : value.data(), value.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
}

absl::StatusOr<bool> Statement::Step() {
  const int result = sqlite3_step(stmt_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return ErrorOf(sqlite3_db_handle(stmt_), result);
}

absl::Status Statement::Run() {
  absl::StatusOr<bool> row = Step();
  while (row.ok() && *row) row = Step();
  Reset();
  return row.status();
}

void Statement::Reset() { sqlite3_reset(stmt_); }

int Statement::columns() const { return sqlite3_column_count(stmt_); }

std::string_view Statement::ColumnName(int column) const {
  const char* name = sqlite3_column_name(stmt_, column);
  return name == nullptr ? "" : name;
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(stmt_, column) == SQLITE_NULL;
}

bool Statement::IsText(int column) const {
  return sqlite3_column_type(stmt_, column) == SQLITE_TEXT;
}

int64_t Statement::Integer(int column) const { return sqlite3_column_int64(stmt_, column); }

std::string_view Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(stmt_, column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(stmt_, column))};
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path, Mode mode,
                                                         Durability durability) {
  int flags = SQLITE_OPEN_NOMUTEX;
  flags |= mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (mode == Mode::kCreate) flags |= SQLITE_OPEN_CREATE;
  if (mode == Mode::kCreate && path != kInMemory) {
    if (absl::Status s = CreatePrivate(path); !s.ok()) return s;
  }
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> db(new Database(handle, path));
  if (result != SQLITE_OK) {
    return absl::Status(CodeOf(result), absl::StrFormat("%s: %s", path, sqlite3_errstr(result)));
  }
  sqlite3_busy_handler(handle, WaitForTurn, nullptr);
  // secure_delete (Debian's default) would write zeros over what is replaced. The WAL is folded
  // back every 16 MiB, and shortened again after a larger transaction.
  std::string setup =
      "PRAGMA cache_size=-8192; PRAGMA mmap_size=0; PRAGMA temp_store=FILE;"
      "PRAGMA secure_delete=OFF;";
  if (mode != Mode::kReadOnly) {
    absl::StrAppend(&setup,
                    "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=4096;"
                    "PRAGMA journal_size_limit=67108864; PRAGMA synchronous=",
                    std::string(SynchronousWord(durability)), ";");
  }
  if (absl::Status status = db->Execute(setup); !status.ok()) return status;
  return db;
}

// Who may write to one file, first come, first served.
class Database::WriteTurns {
 public:
  // Those of `path`, shared by all connections to it.
  static std::shared_ptr<WriteTurns> Of(const std::string& path) {
    static std::mutex mutex;
    static auto& all = *new std::map<std::string, std::weak_ptr<WriteTurns>>;
    const std::lock_guard lock(mutex);
    std::erase_if(all, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<WriteTurns>& turns = all[path];
    auto shared = turns.lock();
    if (shared == nullptr) turns = shared = std::make_shared<WriteTurns>();
    return shared;
  }

  // False when it takes longer than `patience`.
  bool Take(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    const uint64_t ticket = next_++;
    waiting_.push_back(ticket);
    const bool taken =
        changed_.wait_for(lock, patience, [&] { return !taken_ && waiting_.front() == ticket; });
    std::erase(waiting_, ticket);
    taken_ = taken_ || taken;
    changed_.notify_all();
    return taken;
  }

  void Give() {
    const std::lock_guard lock(mutex_);
    taken_ = false;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<uint64_t> waiting_;
  uint64_t next_ = 0;
  bool taken_ = false;
};

Database::Database(sqlite3* db, std::string path)
    : db_(db),
      path_(std::move(path)),
      turns_(path_ == kInMemory ? std::make_shared<WriteTurns>() : WriteTurns::Of(path_)) {}

Database::~Database() {
  sqlite3_close_v2(db_);
  EndTurn();
}

absl::Status Database::Begin() {
  if (has_turn_) return absl::InternalError(path_ + ": a transaction within a transaction");
  if (sqlite3_db_readonly(db_, "main") == 1) {
    return absl::PermissionDeniedError(path_ + ": open for reading only");
  }
  if (!turns_->Take(std::chrono::milliseconds(kBusyTimeoutMs))) {
    return absl::UnavailableError(path_ + ": another part of this process writes for too long");
  }
  has_turn_ = true;
  const absl::Status begun = Execute("BEGIN IMMEDIATE");
  if (!begun.ok()) EndTurn();
  return begun;
}

absl::Status Database::Commit() {
  const absl::Status committed = Execute("COMMIT");
  if (committed.ok()) EndTurn();
  return committed;
}

void Database::Rollback() {
  if (InTransaction()) Execute("ROLLBACK").IgnoreError();
  EndTurn();
}

void Database::EndTurn() {
  if (std::exchange(has_turn_, false)) turns_->Give();
}

absl::Status Database::Execute(const std::string& sql) {
  const int result = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  return result == SQLITE_OK ? absl::OkStatus() : ErrorOf(db_, result);
}

absl::StatusOr<Statement> Database::Prepare(std::string_view sql, std::string_view* tail) {
  sqlite3_stmt* stmt = nullptr;
  const char* rest = nullptr;
  const int result = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &stmt, &rest);
  if (result != SQLITE_OK) return ErrorOf(db_, result);
  if (tail != nullptr) *tail = sql.substr(static_cast<size_t>(rest - sql.data()));
  return Statement(stmt);
}

absl::StatusOr<int64_t> Database::QueryInteger(std::string_view sql) {
  auto statement = Prepare(sql);
  if (!statement.ok()) return statement.status();
  auto row = statement->Step();
  if (!row.ok()) return row.status();
  return *row ? statement->Integer(0) : 0;
}

bool Database::InTransaction() const { return sqlite3_get_autocommit(db_) == 0; }

std::string QuoteName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace syncd
