#include "syncd/plan/toml_section.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <sstream>

namespace syncd {

void TomlErrors::Add(toml::source_index line, const std::string& what) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(absl::StrFormat("%s:%d: %s", file_, line, what));
}

std::string TomlTypeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "table";
    case toml::node_type::array:
      return "list";
    case toml::node_type::string:
      return "string";
    case toml::node_type::integer:
      return "integer";
    case toml::node_type::floating_point:
      return "floating-point number";
    case toml::node_type::boolean:
      return "boolean";
    default:
      return "date or time";
  }
}

const toml::node* TomlSection::Get(const std::string& key) {
  known_.insert(key);
  return table_.get(key);
}

void TomlSection::Fail(const std::string& key, const std::string& what) {
  const toml::node* node = table_.get(key);
  const auto line = node != nullptr ? node->source().begin.line : table_.source().begin.line;
  errors_.Add(line, absl::StrFormat("%s: key \"%s\": %s", title_, key, what));
}

void TomlSection::FailType(const std::string& key, const std::string& expected,
                           const toml::node& node) {
  Fail(key, absl::StrFormat("expected %s, got %s", expected, TomlTypeName(node)));
}

std::string TomlSection::Required(const std::string& key) {
  if (Get(key) == nullptr) {
    Fail(key, "missing; expected a string");
    return "";
  }
  std::string value = Optional(key);
  if (value.empty()) Fail(key, "expected a string that is not empty");
  return value;
}

std::string TomlSection::Optional(const std::string& key, const std::string& fallback) {
  const toml::node* node = Get(key);
  if (node == nullptr) return fallback;
  if (const auto* value = node->as_string()) return value->get();
  FailType(key, "a string", *node);
  return fallback;
}

bool TomlSection::Boolean(const std::string& key, bool fallback) {
  const toml::node* node = Get(key);
  if (node == nullptr) return fallback;
  if (const auto* value = node->as_boolean()) return value->get();
  FailType(key, "true or false", *node);
  return fallback;
}

uint64_t TomlSection::Count(const std::string& key, uint64_t fallback) {
  const toml::node* node = Get(key);
  if (node == nullptr) return fallback;
  if (const auto* value = node->as_integer()) {
    if (value->get() >= 0) return static_cast<uint64_t>(value->get());
    Fail(key, absl::StrFormat("expected an integer of 0 or more, got %d", value->get()));
    return fallback;
  }
  FailType(key, "an integer of 0 or more", *node);
  return fallback;
}

double TomlSection::Number(const std::string& key, double fallback) {
  const toml::node* node = Get(key);
  if (node == nullptr) return fallback;
  if (const auto value = node->value<double>(); value && node->is_number()) return *value;
  FailType(key, "a number", *node);
  return fallback;
}

std::vector<std::string> TomlSection::Strings(const std::string& key) {
  std::vector<std::string> result;
  const toml::node* node = Get(key);
  if (node == nullptr) return result;
  const toml::array* list = node->as_array();
  if (list == nullptr) {
    FailType(key, "a list of strings", *node);
    return result;
  }
  for (const toml::node& element : *list) {
    if (const auto* value = element.as_string()) {
      result.push_back(value->get());
    } else {
      FailType(key, "a list of strings", element);
    }
  }
  return result;
}

std::string TomlSection::Json(const std::string& key, const std::string& fallback) {
  const toml::node* node = Get(key);
  if (node == nullptr) return fallback;
  std::ostringstream text;
  node->visit([&text](const auto& value) {
    text << toml::json_formatter(value, toml::format_flags::quote_dates_and_times);
  });
  return std::move(text).str();
}

bool TomlSection::Table(const std::string& key, const std::function<void(TomlSection&)>& read) {
  const toml::node* node = Get(key);
  if (node == nullptr) return false;
  const toml::table* table = node->as_table();
  if (table == nullptr) {
    FailType(key, "a table", *node);
    return false;
  }
  TomlSection section(*table, absl::StrCat(title_, ": ", key), errors_);
  read(section);
  section.Finish();
  return true;
}

void TomlSection::Tables(const std::string& key, const std::function<void(TomlSection&)>& read) {
  const toml::node* node = Get(key);
  if (node == nullptr) return;
  const toml::array* list = node->as_array();
  if (list == nullptr) {
    FailType(key, "a list of tables", *node);
    return;
  }
  for (const toml::node& element : *list) {
    const toml::table* table = element.as_table();
    if (table == nullptr) {
      FailType(key, "a list of tables", element);
      return;
    }
    const std::string title = title_.empty() ? absl::StrCat("[[", key, "]]") : title_ + ": " + key;
    TomlSection section(*table, title, errors_);
    read(section);
    section.Finish();
  }
}

void TomlSection::Each(const std::function<void(const std::string&, const toml::node&)>& read) {
  for (const auto& [key, node] : table_) {
    known_.insert(std::string(key.str()));
    read(std::string(key.str()), node);
  }
}

void TomlSection::Finish() {
  for (const auto& [key, node] : table_) {
    const std::string name(key.str());
    if (known_.contains(name)) continue;
    std::string expected;
    for (const std::string& known : known_)
      absl::StrAppend(&expected, expected.empty() ? "" : ", ", known);
    errors_.Add(key.source().begin.line,
                absl::StrFormat("%s: unknown key \"%s\"; expected one of: %s",
                                title_.empty() ? "top level" : title_, name, expected));
    return;
  }
}

}  // namespace syncd
