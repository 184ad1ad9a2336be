// One table of a TOML file, read key by key, with errors that name file, line, key and expectation.
//
// Internal to plan/: includes toml++, so only .cc files include it.
#ifndef SYNCD_PLAN_TOML_SECTION_H_
#define SYNCD_PLAN_TOML_SECTION_H_

#include <absl/status/status.h>
#include <toml++/toml.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace syncd {

// Collects the first error of one file.
class TomlErrors {
 public:
  explicit TomlErrors(std::string file) : file_(std::move(file)) {}

  // Records `what` at `line` unless there is an error already.
  void Add(toml::source_index line, const std::string& what);

  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }

 private:
  std::string file_;
  absl::Status status_;
};

// A view of one table. Every getter marks its key as known; Finish reports all others. After an
// error the getters return their defaults and the first error stays. `table` and `errors` must
// outlive it.
class TomlSection {
 public:
  // `title` names the table in errors, such as `[[channel]] "tcs"`.
  TomlSection(const toml::table& table, std::string title, TomlErrors& errors)
      : table_(table), title_(std::move(title)), errors_(errors) {}

  void set_title(std::string title) { title_ = std::move(title); }
  const std::string& title() const { return title_; }

  std::string Required(const std::string& key);  // a string that is not empty
  std::string Optional(const std::string& key, const std::string& fallback = "");
  bool Boolean(const std::string& key, bool fallback);
  uint64_t Count(const std::string& key, uint64_t fallback);
  double Number(const std::string& key, double fallback);
  std::vector<std::string> Strings(const std::string& key);

  // The value as JSON text, or `fallback` when the key is absent.
  std::string Json(const std::string& key, const std::string& fallback);

  // Calls `read` with the sub-table, if there is one; it reports unknown keys itself.
  bool Table(const std::string& key, const std::function<void(TomlSection&)>& read);

  // Calls `read` with each table of a list; none if the key is absent.
  void Tables(const std::string& key, const std::function<void(TomlSection&)>& read);

  // Calls `read` with each key of this table and its value; marks all as known.
  void Each(const std::function<void(const std::string&, const toml::node&)>& read);

  bool Has(const std::string& key) const { return table_.contains(key); }

  // Records an error about `key`, at its line if it is there, else at the table's.
  void Fail(const std::string& key, const std::string& what);

  // Reports the first key that nobody asked for.
  void Finish();

 private:
  const toml::node* Get(const std::string& key);
  void FailType(const std::string& key, const std::string& expected, const toml::node& node);

  const toml::table& table_;
  std::string title_;
  TomlErrors& errors_;
  std::set<std::string> known_;
};

// What a node is, in the words of TOML: `string`, `integer`, `table` …
std::string TomlTypeName(const toml::node& node);

}  // namespace syncd

#endif  // SYNCD_PLAN_TOML_SECTION_H_
