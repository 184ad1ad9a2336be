#include "indexswap/sqlite/connection.h"

#include <absl/strings/str_format.h>
#include <sqlite3.h>

#include <utility>

namespace indexswap {

std::string QuoteName(std::string_view name) {
  std::string quoted = "\"";
  for (char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string QuoteText(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + '\'';
}

absl::Status SqliteError(sqlite3* db, int code, std::string_view doing) {
  const std::string text = absl::StrFormat("%s: %s (SQLite %d)", doing, sqlite3_errmsg(db),
                                           sqlite3_extended_errcode(db));
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::ResourceExhaustedError(text + "; another process holds the file's write lock");
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(text + "; make room on the disk");
    case SQLITE_TOOBIG:
      return absl::OutOfRangeError(text);
    case SQLITE_ERROR:
      return absl::InvalidArgumentError(text);
    case SQLITE_NOTADB:
      return absl::FailedPreconditionError(text);
    case SQLITE_CORRUPT:
      return absl::DataLossError(text);
    default:
      return absl::UnavailableError(text);
  }
}

Statement::Statement(sqlite3* db, std::string_view sql) : db_(db) {
  error_ = sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::Bind(std::string_view text) {
  // An empty view may have no address, which SQLite would take for NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  const int bound =
      sqlite3_bind_text64(statement_, next_++, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (error_ == SQLITE_OK) error_ = bound;
  return *this;
}

Statement& Statement::Bind(int64_t number) {
  const int bound = sqlite3_bind_int64(statement_, next_++, number);
  if (error_ == SQLITE_OK) error_ = bound;
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  if (error_ == SQLITE_OK) error_ = sqlite3_step(statement_);
  const int code = std::exchange(error_, SQLITE_OK);
  if (code == SQLITE_ROW) return true;
  next_ = 1;
  absl::Status status =
      code == SQLITE_DONE ? absl::OkStatus() : SqliteError(db_, code, "the store's file");
  if (statement_ == nullptr) {
    error_ = code;  // never prepared: every step fails
  } else {
    sqlite3_reset(statement_);
  }
  if (!status.ok()) return status;
  return false;
}

absl::Status Statement::Run() { return Step().status(); }

std::string_view Statement::Text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_, column);
  return {reinterpret_cast<const char*>(text),
          text == nullptr ? 0 : static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

int Connection::OnCommit(void* self, sqlite3*, const char*, int pages) {
  Connection* connection = static_cast<Connection*>(self);
  connection->wal_bytes_ = pages * connection->page_size_;
  return SQLITE_OK;
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& path, Mode mode,
                                                             std::chrono::milliseconds busy_timeout,
                                                             int cache_kib) {
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (mode == Mode::kCreate ? SQLITE_OPEN_CREATE : 0);
  const int opened = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  std::unique_ptr<Connection> connection(new Connection(db));
  if (opened != SQLITE_OK) {
    absl::Status status = SqliteError(db, opened, "open " + path);
    return (opened & 0xff) == SQLITE_CANTOPEN ? absl::NotFoundError(status.message()) : status;
  }
  connection->SetBusyTimeout(busy_timeout);
  // The last to close would lock the file for its checkpoint, and fail a reader that opens it.
  sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // Checkpoints are ours (see SqliteStore): the automatic ones never empty the log under readers.
  // secure_delete would write zeros over a dropped table under the write lock, for seconds.
  absl::Status set = connection->Run(
      absl::StrFormat("PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=NORMAL;"
                      "PRAGMA secure_delete=OFF; PRAGMA cache_size=-%d;%s",
                      cache_kib, mode == Mode::kRead ? "PRAGMA query_only=ON;" : ""));
  if (!set.ok()) return set;
  sqlite3_wal_hook(db, &Connection::OnCommit, connection.get());
  absl::StatusOr<int64_t> page_size = connection->Number("PRAGMA page_size");
  if (!page_size.ok()) return page_size.status();
  connection->page_size_ = *page_size;
  return connection;
}

Connection::~Connection() { sqlite3_close_v2(db_); }

absl::Status Connection::Run(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : SqliteError(db_, code, "the store's file");
}

absl::StatusOr<int64_t> Connection::Number(const std::string& sql) {
  Statement statement(db_, sql);
  absl::StatusOr<bool> row = statement.Step();
  if (!row.ok()) return row.status();
  return *row ? statement.Int(0) : 0;
}

absl::StatusOr<std::optional<std::string>> Connection::Lookup(
    std::string_view sql, std::initializer_list<std::string_view> parameters) {
  Statement statement(db_, sql);
  for (std::string_view parameter : parameters) statement.Bind(parameter);
  absl::StatusOr<bool> row = statement.Step();
  if (!row.ok()) return row.status();
  if (!*row) return std::nullopt;
  return std::string(statement.Text(0));
}

int64_t Connection::Changes() const { return sqlite3_changes64(db_); }

void Connection::SetBusyTimeout(std::chrono::milliseconds timeout) {
  sqlite3_busy_timeout(db_, static_cast<int>(timeout.count()));
}

absl::StatusOr<bool> Connection::TruncateWal() {
  const int code =
      sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code == SQLITE_OK) {
    wal_bytes_ = 0;
    return true;
  }
  if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED) return false;
  return SqliteError(db_, code, "checkpoint");
}

absl::StatusOr<Transaction> Transaction::Begin(Connection& connection, Kind kind,
                                               Durability durability) {
  if (kind == Kind::kWrite) {
    // Can't be changed within a transaction. A full commit makes every earlier one durable too.
    absl::Status set =
        connection.Run(durability == Durability::kPowerLoss ? "PRAGMA synchronous=FULL"
                                                            : "PRAGMA synchronous=NORMAL");
    if (!set.ok()) return set;
  }
  absl::Status begun = connection.Run(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
  if (!begun.ok()) return begun;
  return Transaction(&connection);
}

Transaction::~Transaction() {
  if (connection_ != nullptr && sqlite3_get_autocommit(connection_->raw()) == 0) {
    // Nothing to be done about an error: the transaction ends with the connection at the latest.
    (void)connection_->Run("ROLLBACK");
  }
}

absl::Status Transaction::Commit() {
  absl::Status committed = connection_->Run("COMMIT");
  if (committed.ok() || committed.code() == absl::StatusCode::kResourceExhausted) return committed;
  return absl::UnknownError(committed.message());
}

}  // namespace indexswap
