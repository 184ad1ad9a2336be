// A thin layer over SQLite: connections, prepared statements, errors as Status.
#ifndef SYNCD_READMODEL_DATABASE_H_
#define SYNCD_READMODEL_DATABASE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace syncd {

class Database;

// A prepared statement. Not thread-safe. Must not outlive its Database.
//
// Bind* return nothing: an error of binding (no memory) shows at the next Step. Texts are bound
// without a copy and must stay alive until Reset or the next binding of that parameter.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept : stmt_(std::exchange(other.stmt_, nullptr)) {}
  Statement& operator=(Statement&& other) noexcept {
    std::swap(stmt_, other.stmt_);
    return *this;
  }
  ~Statement();

  void BindNull(int parameter);  // parameters count from 1
  void BindInteger(int parameter, int64_t value);
  void BindText(int parameter, std::string_view value);

  // Runs on to the next row: true; to the end: false.
  absl::StatusOr<bool> Step();

  // Runs to the end, and is ready to be bound anew, after an error too.
  absl::Status Run();

  // Ready to run again; bindings stay.
  void Reset();

  // Of the current row; columns count from 0. Texts live until the next Step or Reset.
  int columns() const;
  std::string_view ColumnName(int column) const;
  bool IsNull(int column) const;
  bool IsText(int column) const;
  int64_t Integer(int column) const;
  std::string_view Text(int column) const;  // empty for null
  std::string TextCopy(int column) const { return std::string(Text(column)); }

  bool valid() const { return stmt_ != nullptr; }

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* stmt) : stmt_(stmt) {}

  sqlite3_stmt* stmt_ = nullptr;
};

// When a commit is on the disk. Less is faster, and loses at most the file, never its consistency
// against a killed process; kOff may leave a broken file after a power failure.
enum class Durability { kFull, kNormal, kOff };

// One connection. Not thread-safe: one thread at a time. At most 8 MiB of page cache, no mmap.
//
// Errors: kResourceExhausted, the disk is full; kUnavailable, somebody else holds a lock for longer
// than a minute, or the disk fails; kPermissionDenied; kDataLoss, the file is damaged or is no
// database; else kInternal. All name the file.
class Database {
 public:
  enum class Mode { kCreate, kReadWrite, kReadOnly };

  // Opens `path` (":memory:" for a database that ends with the connection) in WAL mode.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path, Mode mode,
                                                        Durability durability);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs statements of our own that give no rows.
  absl::Status Execute(const std::string& sql);

  // Prepares one statement; `tail`, if not null, gets what follows it. An invalid statement is
  // returned for a text of comments and space only.
  absl::StatusOr<Statement> Prepare(std::string_view sql, std::string_view* tail = nullptr);

  // The first column of the first row of `sql`; 0 if there is none.
  absl::StatusOr<int64_t> QueryInteger(std::string_view sql);

  // Begins a transaction that writes. Connections of one process to one file take turns, in the
  // order in which they ask: one that comes back at once keeps no other out.
  absl::Status Begin();
  absl::Status Commit();  // an error leaves the transaction open, for Rollback
  void Rollback();        // nothing, if there is no transaction

  bool InTransaction() const;
  const std::string& path() const { return path_; }
  sqlite3* handle() { return db_; }

 private:
  class WriteTurns;

  Database(sqlite3* db, std::string path);
  void EndTurn();

  sqlite3* db_;
  std::string path_;
  std::shared_ptr<WriteTurns> turns_;
  bool has_turn_ = false;
};

// `name` as an identifier in SQL, quoted.
std::string QuoteName(std::string_view name);

}  // namespace syncd

#endif  // SYNCD_READMODEL_DATABASE_H_
