#include "syncd/readmodel/sql_file.h"

#include <absl/strings/str_format.h>
#include <sqlite3.h>

#include <string_view>

namespace syncd {
namespace {

// Asks the authorizer for as long as it lives.
class Guard {
 public:
  Guard(Database& db, SqlAuthorizer allow, void* context) : db_(db) {
    sqlite3_set_authorizer(db_.handle(), allow, context);
  }
  ~Guard() { sqlite3_set_authorizer(db_.handle(), nullptr, nullptr); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  Database& db_;
};

size_t LineAt(std::string_view text, size_t offset) {
  size_t line = 1;
  for (const char c : text.substr(0, offset)) line += c == '\n' ? 1 : 0;
  return line;
}

// What is before the next statement: space and comments of lines.
size_t StatementStart(std::string_view rest) {
  for (size_t at = 0;;) {
    at = rest.find_first_not_of(" \t\r\n", at);
    if (at == std::string_view::npos) return rest.size();
    if (rest.substr(at, 2) != "--") return at;
    at = std::min(rest.find('\n', at), rest.size());
  }
}

}  // namespace

absl::Status RunSqlFile(Database& db, const std::string& name, const std::string& text,
                        SqlAuthorizer allow, void* context, const std::string& expected) {
  const Guard guard(db, allow, context);
  std::string_view rest = text;
  for (;;) {
    rest.remove_prefix(StatementStart(rest));
    if (rest.empty()) return absl::OkStatus();
    const size_t offset = text.size() - rest.size();
    std::string_view tail;
    auto statement = db.Prepare(rest, &tail);
    absl::Status status = statement.status();
    if (status.ok() && statement->valid()) status = statement->Run();
    if (!status.ok()) {
      const std::string head(rest.substr(0, rest.find('\n')));
      return absl::InvalidArgumentError(
          absl::StrFormat("%s:%d: in the statement \"%s\": %s; expected %s", name,
                          LineAt(text, offset), head, std::string(status.message()), expected));
    }
    rest = tail;
  }
}

}  // namespace syncd
