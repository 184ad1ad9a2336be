// Whether a document fits a mapping. On the path of every document: no allocation for one that
// fits, except what lies beyond the buffer on the stack.
#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>

#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <limits>

#include "indexswap/query/mapping.h"

namespace indexswap {
namespace {

namespace json = boost::json;
using Type = MappedField::Type;
using Dynamic = MappedField::Dynamic;

// What a server's parser would take; a document nested more deeply is refused.
constexpr size_t kMaxDepth = 1000;

// The longest term that an index takes, in bytes of UTF-8 (Lucene's IndexWriter.MAX_TERM_LENGTH).
constexpr size_t kMaxTermBytes = 32766;

std::string_view View(json::string_view text) { return {text.data(), text.size()}; }

// The path to a field, as a chain of names on the stack: only a refusal makes a text of it.
struct Path {
  const Path* parent = nullptr;
  std::string_view name;

  std::string Text() const {
    if (parent == nullptr) return std::string(name);
    const std::string before = parent->Text();
    return before.empty() ? std::string(name) : before + "." + std::string(name);
  }
};

std::string Shape(const json::value& value) {
  constexpr size_t kShown = 80;
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  std::string text = json::serialize(value);
  if (text.size() > kShown) text = text.substr(0, kShown) + "…";
  return value.is_string() ? "the text " + text : "the value " + text;
}

absl::Status Refuse(const Path& path, const MappedField& field, const json::value& value,
                    std::string_view why) {
  const std::string format =
      field.type == Type::kDate ? absl::StrFormat(" (format `%s`)", field.formats.text) : "";
  return absl::InvalidArgumentError(absl::StrFormat("field [%s] of type [%s]%s can't hold %s: %s",
                                                    path.Text(), ToString(field.type), format,
                                                    Shape(value), why));
}

struct WholeRange {
  int64_t least;
  int64_t most;
};

WholeRange RangeOf(Type type) {
  switch (type) {
    case Type::kByte:
      return {std::numeric_limits<int8_t>::min(), std::numeric_limits<int8_t>::max()};
    case Type::kShort:
      return {std::numeric_limits<int16_t>::min(), std::numeric_limits<int16_t>::max()};
    case Type::kInteger:
      return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
    default:
      return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
  }
}

// Why the number is refused, or nullptr.
const char* CheckWhole(double number, Type type, bool coerce) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  const WholeRange range = RangeOf(type);
  const double whole = std::trunc(number);  // the fraction is dropped, as long as it may be
  const bool fits = type == Type::kLong ? whole >= -kTwoTo63 && whole < kTwoTo63
                                        : whole >= static_cast<double>(range.least) &&
                                              whole <= static_cast<double>(range.most);
  if (!fits) return "out of range";
  return !coerce && whole != number ? "it has a fraction" : nullptr;
}

const char* CheckReal(double number, Type type) {
  const double most = type == Type::kFloat ? static_cast<double>(std::numeric_limits<float>::max())
                                           : std::numeric_limits<double>::max();
  return std::isfinite(number) && std::abs(number) <= most ? nullptr : "it is not finite";
}

const char* CheckNumberText(std::string_view text, const MappedField& field) {
  const bool real = field.type == Type::kFloat || field.type == Type::kDouble;
  if (!field.coerce) return "it is a text";
  if (text.empty()) return nullptr;  // taken for null
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.empty()) return "it is no number";
  const char* end = text.data() + text.size();
  if (text[0] == '+') {
    text.remove_prefix(1);
    if (text.starts_with('-')) return "it is no number";
  }
  if (!real) {
    int64_t whole = 0;
    const auto read = std::from_chars(text.data(), end, whole);
    if (read.ptr == end && read.ec == std::errc()) {
      const WholeRange range = RangeOf(field.type);
      return whole < range.least || whole > range.most ? "out of range" : nullptr;
    }
  }
  double number = 0;
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ptr != end || text.empty()) return "it is no number";
  if (read.ec == std::errc::result_out_of_range) return "out of range";
  if (!std::isfinite(number)) return "it is not finite";
  return real ? CheckReal(number, field.type) : CheckWhole(number, field.type, field.coerce);
}

const char* CheckNumber(const json::value& value, const MappedField& field) {
  const bool real = field.type == Type::kFloat || field.type == Type::kDouble;
  switch (value.kind()) {
    case json::kind::int64: {
      const WholeRange range = RangeOf(field.type);
      const int64_t whole = value.get_int64();
      return !real && (whole < range.least || whole > range.most) ? "out of range" : nullptr;
    }
    case json::kind::uint64:
      return real ? nullptr : "out of range";
    case json::kind::double_:
      return real ? CheckReal(value.get_double(), field.type)
                  : CheckWhole(value.get_double(), field.type, field.coerce);
    case json::kind::string:
      return CheckNumberText(View(value.get_string()), field);
    default:
      return "it is no number";
  }
}

const char* CheckDate(const json::value& value, const MappedField& field) {
  if (value.is_string()) {
    return ParseDate(field.formats, View(value.get_string())) ? nullptr : "it is no such date";
  }
  if (value.is_bool()) return "it is no date";
  return ParseDate(field.formats, View(json::serialize(value))) ? nullptr : "it is no such date";
}

const char* CheckBoolean(const json::value& value) {
  if (value.is_bool()) return nullptr;
  if (const json::string* text = value.if_string()) {
    if (text->empty() || *text == "true" || *text == "false") return nullptr;
  }
  return "only true and false are allowed";
}

// A scalar, which is not null.
const char* CheckScalar(const json::value& value, const MappedField& field) {
  switch (field.type) {
    case Type::kObject:
    case Type::kNested:
      return "it is no object";
    case Type::kText:
      return nullptr;
    case Type::kKeyword:
      return value.is_string() && value.get_string().size() > kMaxTermBytes && !field.ignore_above
                 ? "it is longer than 32766 bytes; set `ignore_above`"
                 : nullptr;
    case Type::kBoolean:
      return CheckBoolean(value);
    case Type::kDate:
      return CheckDate(value, field);
    default:
      return CheckNumber(value, field);
  }
}

absl::Status CheckObject(const json::object& object, const MappedField& field, const Path& path);

absl::Status CheckValue(const json::value& value, const MappedField& field, const Path& path) {
  if (value.is_null()) return absl::OkStatus();
  if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) {
      absl::Status checked = CheckValue(element, field, path);
      if (!checked.ok()) return checked;
    }
    return absl::OkStatus();
  }
  if (const json::object* object = value.if_object()) {
    if (field.type == Type::kObject || field.type == Type::kNested) {
      return CheckObject(*object, field, path);
    }
    return Refuse(path, field, value, "a single value is expected");
  }
  if (!field.ignore_malformed) {
    if (const char* why = CheckScalar(value, field)) return Refuse(path, field, value, why);
  }
  for (const auto& [name, sub] : field.multi) {
    absl::Status checked = CheckValue(value, sub, {&path, name});
    if (!checked.ok()) return checked;
  }
  return absl::OkStatus();
}

// A key with dots stands for nested objects.
absl::Status CheckDotted(std::string_view key, const json::value& value, const MappedField& field,
                         const Path& path);

absl::Status CheckMember(std::string_view key, const json::value& value, const MappedField& field,
                         const Path& path) {
  const auto found = field.properties.find(key);
  if (found != field.properties.end()) return CheckValue(value, found->second, {&path, key});
  if (key.find('.') != std::string_view::npos) return CheckDotted(key, value, field, path);
  if (field.dynamic == Dynamic::kStrict) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "mapping set to strict, dynamic introduction of [%s] within [%s] is not allowed", key,
        path.Text().empty() ? "_doc" : path.Text()));
  }
  return absl::OkStatus();
}

absl::Status CheckDotted(std::string_view key, const json::value& value, const MappedField& field,
                         const Path& path) {
  const size_t dot = key.find('.');
  const std::string_view head = key.substr(0, dot);
  const auto found = field.properties.find(head);
  if (found == field.properties.end()) return CheckMember(head, value, field, path);
  const MappedField& child = found->second;
  if (child.type != Type::kObject) {
    return Refuse({&path, head}, child, value, "its sub-fields can't be set by a name with dots");
  }
  if (!child.enabled) return absl::OkStatus();
  const Path here{&path, head};
  return CheckMember(key.substr(dot + 1), value, child, here);
}

absl::Status CheckObject(const json::object& object, const MappedField& field, const Path& path) {
  if (!field.enabled) return absl::OkStatus();
  for (const json::key_value_pair& member : object) {
    absl::Status checked = CheckMember(View(member.key()), member.value(), field, path);
    if (!checked.ok()) return checked;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ParsedMapping::Check(std::string_view document) const {
  unsigned char buffer[8192];
  json::monotonic_resource memory(buffer, sizeof buffer);
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  const json::value value =
      json::parse(json::string_view(document.data(), document.size()), error, &memory, options);
  if (error) {
    return absl::InvalidArgumentError("the document is not JSON: " + error.message());
  }
  if (!value.is_object()) {
    return absl::InvalidArgumentError("the document is no JSON object, but " + Shape(value));
  }
  return CheckObject(value.get_object(), *root_, Path{});
}

}  // namespace indexswap
