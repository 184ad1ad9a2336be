#include "syncd/readmodel/field_values.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <charconv>
#include <vector>

#include "syncd/readmodel/dates.h"

namespace syncd {
namespace {

namespace json = boost::json;

constexpr size_t kKeywordUnits = 256;  // `ignore_above` of every `.keyword`

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

absl::Status Expected(FieldType type, const json::value& value) {
  return absl::InvalidArgumentError(
      absl::StrFormat("expected %s, got %s", FieldTypeName(type), KindName(value)));
}

bool IsScalar(const json::value& value) { return value.is_number() || value.is_bool(); }

// A number or a boolean as its JSON text.
std::string ScalarText(const json::value& value, NumberTexts numbers) {
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_uint64()) return std::to_string(value.get_uint64());
  return std::string(numbers[static_cast<size_t>(value.get_double())]);
}

// UTF-16 code units of UTF-8: one a character, two for those beyond the BMP (four bytes).
size_t Utf16Units(std::string_view text) {
  size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += (byte & 0xc0) != 0x80 ? (byte >= 0xf0 ? 2 : 1) : 0;
  }
  return units;
}

// The text within MongoDB's extended JSON, `{"$oid": "…"}` or `{"$numberLong": "…"}`; else nothing.
const json::value* Unwrapped(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr || object->size() != 1) return nullptr;
  const json::value* inner = object->if_contains("$oid");
  if (inner == nullptr) inner = object->if_contains("$numberLong");
  return inner != nullptr && inner->is_string() ? inner : nullptr;
}

absl::Status ReadText(const json::value& value, FieldType type, NumberTexts numbers, Cell& cell) {
  if (const json::value* inner = Unwrapped(value)) {
    cell.SetText(View(inner->get_string()));
  } else if (value.is_string()) {
    cell.SetText(View(value.get_string()));
  } else if (IsScalar(value)) {
    cell.SetText(ScalarText(value, numbers));
  } else {
    return Expected(type, value);
  }
  if (type == FieldType::kKeyword && !IsKeyword(cell.text)) cell.SetNull();
  return absl::OkStatus();
}

bool ParseInteger(std::string_view text, int64_t& result) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  return error == std::errc() && end == text.data() + text.size();
}

absl::Status ReadInteger(const json::value& value, Cell& cell) {
  int64_t parsed = 0;
  if (const json::value* inner = Unwrapped(value)) return ReadInteger(*inner, cell);
  if (value.is_int64()) {
    cell.SetInteger(value.get_int64());
  } else if (value.is_string() && !value.get_string().starts_with('-') &&
             ParseInteger(View(value.get_string()), parsed)) {
    cell.SetInteger(parsed);
  } else {
    return Expected(FieldType::kInteger, value);
  }
  return absl::OkStatus();
}

// A scalar that is no boolean passes as text: the store is to refuse it, by its own rules.
absl::Status ReadBoolean(const json::value& value, NumberTexts numbers, Cell& cell) {
  if (value.is_object() || value.is_array()) return Expected(FieldType::kBoolean, value);
  cell.SetText(value.is_string() ? std::string(View(value.get_string()))
                                 : ScalarText(value, numbers));
  if (cell.text == "true") cell.SetInteger(1);
  if (cell.kind == Cell::Kind::kText && cell.text == "false") cell.SetInteger(0);
  return absl::OkStatus();
}

std::string FromMillis(int64_t millis, FieldType type) {
  return type == FieldType::kDate ? DateFromMillis(millis) : DateTimeFromMillis(millis);
}

std::string FromText(std::string_view text, FieldType type) {
  return type == FieldType::kDate ? DateFromText(text) : DateTimeFromText(text);
}

// `{"$date": text}`, `{"$date": millis}`, `{"$date": {"$numberLong": "millis"}}`.
absl::Status ReadMongoDate(const json::object& object, const json::value& whole, FieldType type,
                           Cell& cell) {
  const json::value* date = object.if_contains("$date");
  if (date == nullptr) return Expected(type, whole);
  if (const json::object* inner = date->if_object()) {
    date = inner->if_contains("$numberLong");
    int64_t millis = 0;
    if (date == nullptr || !date->is_string() || !ParseInteger(View(date->get_string()), millis)) {
      return Expected(type, whole);
    }
    cell.SetText(FromMillis(millis, type));
  } else if (date->is_int64()) {
    cell.SetText(FromMillis(date->get_int64(), type));
  } else if (date->is_string()) {
    cell.SetText(FromText(View(date->get_string()), type));
  } else {
    return Expected(type, whole);
  }
  return absl::OkStatus();
}

absl::Status ReadDate(const json::value& value, FieldType type, NumberTexts numbers, Cell& cell) {
  if (value.is_string()) {
    cell.SetText(FromText(View(value.get_string()), type));
    return absl::OkStatus();
  }
  if (IsScalar(value)) {
    cell.SetText(ScalarText(value, numbers));
    return absl::OkStatus();
  }
  if (value.is_object()) return ReadMongoDate(value.get_object(), value, type, cell);
  if (!value.is_array()) return Expected(type, value);
  std::vector<int64_t> parts;
  for (const json::value& part : value.get_array()) {
    if (!part.is_int64()) return Expected(type, value);
    parts.push_back(part.get_int64());
  }
  cell.SetText(type == FieldType::kDate ? DateFromParts(parts) : DateTimeFromParts(parts));
  return absl::OkStatus();
}

}  // namespace

bool IsKeyword(std::string_view text) { return Utf16Units(text) <= kKeywordUnits; }

std::string_view KindName(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
    case json::kind::string:
      return "text";
    case json::kind::array:
      return "list";
    case json::kind::object:
      return "object";
    default:
      return "number";
  }
}

bool IsBlank(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); });
}

absl::Status ReadField(const json::value& value, FieldType type, NumberTexts numbers, Cell& cell) {
  if (value.is_null() || (value.is_array() && value.get_array().empty())) {
    cell.SetNull();
    return absl::OkStatus();
  }
  switch (type) {
    case FieldType::kText:
    case FieldType::kKeyword:
      return ReadText(value, type, numbers, cell);
    case FieldType::kInteger:
      return ReadInteger(value, cell);
    case FieldType::kBoolean:
      return ReadBoolean(value, numbers, cell);
    case FieldType::kDate:
    case FieldType::kDateTime:
      return ReadDate(value, type, numbers, cell);
  }
  return absl::InternalError("no such type");
}

}  // namespace syncd
