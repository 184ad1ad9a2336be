// One connection to an SQLite file, its statements and transactions, with errors as Status.
//
// A connection and what is made from it belong to one thread at a time.
#ifndef INDEXSWAP_SQLITE_CONNECTION_H_
#define INDEXSWAP_SQLITE_CONNECTION_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace indexswap {

// `name` as an SQL identifier, and `text` as an SQL literal.
std::string QuoteName(std::string_view name);
std::string QuoteText(std::string_view text);

// One prepared statement. An error of preparing or binding comes out of the next Step.
class Statement {
 public:
  Statement(sqlite3* db, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Binds the next parameter. Texts must live until the statement is stepped for the last time.
  Statement& Bind(std::string_view text);
  Statement& Bind(int64_t number);

  // True: there is a row. False: done, and the statement can be bound anew.
  absl::StatusOr<bool> Step();

  // Steps a statement that has no rows.
  absl::Status Run();

  // Columns of the row; the text is valid until the next Step.
  std::string_view Text(int column) const;
  int64_t Int(int column) const;

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
  int error_ = 0;
  int next_ = 1;
};

class Connection {
 public:
  enum class Mode { kCreate, kWrite, kRead };

  // `cache_kib` bounds the page cache.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const std::string& path, Mode mode,
                                                          std::chrono::milliseconds busy_timeout,
                                                          int cache_kib);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  absl::Status Run(const std::string& sql);

  // The first column of the first row; 0 when there is no row.
  absl::StatusOr<int64_t> Number(const std::string& sql);

  // The first column of the first row of `sql` with `parameters` bound; nothing when there is no
  // row. The statement is finished, as DDL needs it.
  absl::StatusOr<std::optional<std::string>> Lookup(
      std::string_view sql, std::initializer_list<std::string_view> parameters);

  // Rows changed by the last statement.
  int64_t Changes() const;

  void SetBusyTimeout(std::chrono::milliseconds timeout);

  // Bytes of the write-ahead log after the last commit of this connection.
  int64_t WalBytes() const { return wal_bytes_; }

  // Empties the write-ahead log. False: readers or writers were in the way.
  absl::StatusOr<bool> TruncateWal();

  sqlite3* raw() { return db_; }

 private:
  explicit Connection(sqlite3* db) : db_(db) {}
  static int OnCommit(void* self, sqlite3* db, const char* name, int pages);

  sqlite3* db_;
  int64_t page_size_ = 4096;
  int64_t wal_bytes_ = 0;
};

// A transaction that is rolled back unless it is committed.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  enum class Durability { kProcess, kPowerLoss };  // what a commit survives

  static absl::StatusOr<Transaction> Begin(Connection& connection, Kind kind,
                                           Durability durability = Durability::kProcess);
  Transaction(Transaction&& other) noexcept : connection_(other.connection_) {
    other.connection_ = nullptr;
  }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // kUnknown when it can't be told whether the commit has taken effect.
  absl::Status Commit();

 private:
  explicit Transaction(Connection* connection) : connection_(connection) {}

  Connection* connection_;
};

// The Status of an SQLite result code, with SQLite's own words.
absl::Status SqliteError(sqlite3* db, int code, std::string_view doing);

}  // namespace indexswap

#endif  // INDEXSWAP_SQLITE_CONNECTION_H_
