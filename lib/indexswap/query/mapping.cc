// The reading of a mapping. Whether a document fits it: mapping_check.cc.
#include "indexswap/query/mapping.h"

#include <absl/strings/str_format.h>

#include <array>
#include <boost/json.hpp>
#include <utility>

namespace indexswap {
namespace {

namespace json = boost::json;
using Type = MappedField::Type;
using Dynamic = MappedField::Dynamic;

constexpr std::array<std::pair<std::string_view, Type>, 12> kTypes = {{
    {"object", Type::kObject},
    {"nested", Type::kNested},
    {"text", Type::kText},
    {"keyword", Type::kKeyword},
    {"boolean", Type::kBoolean},
    {"byte", Type::kByte},
    {"short", Type::kShort},
    {"integer", Type::kInteger},
    {"long", Type::kLong},
    {"float", Type::kFloat},
    {"double", Type::kDouble},
    {"date", Type::kDate},
}};

// Parameters that change how a field is searched by text or kept on disk, which makes no
// difference to what is taken, nor to the filters of the embedded store.
constexpr std::array<std::string_view, 25> kIndifferent = {"analyzer",
                                                           "boost",
                                                           "copy_to",
                                                           "doc_values",
                                                           "eager_global_ordinals",
                                                           "fielddata",
                                                           "fielddata_frequency_filter",
                                                           "include_in_parent",
                                                           "include_in_root",
                                                           "index",
                                                           "index_options",
                                                           "index_phrases",
                                                           "index_prefixes",
                                                           "locale",
                                                           "meta",
                                                           "norms",
                                                           "position_increment_gap",
                                                           "search_analyzer",
                                                           "search_quote_analyzer",
                                                           "similarity",
                                                           "split_queries_on_whitespace",
                                                           "store",
                                                           "term_vector",
                                                           "max_input_length",
                                                           "scaling_factor"};

constexpr std::array<std::string_view, 9> kRootIndifferent = {"_meta",
                                                              "_source",
                                                              "_routing",
                                                              "_size",
                                                              "dynamic_templates",
                                                              "date_detection",
                                                              "numeric_detection",
                                                              "dynamic_date_formats",
                                                              "_field_names"};

template <size_t N>
bool Contains(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::string_view each : names) {
    if (each == name) return true;
  }
  return false;
}

std::string_view View(json::string_view text) { return {text.data(), text.size()}; }

absl::Status Refuse(const std::string& path, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrFormat("mapping: field [%s] %s", path.empty() ? "_doc" : path, why));
}

// Booleans of a mapping may be written as texts.
absl::StatusOr<bool> ReadBool(const std::string& path, std::string_view key,
                              const json::value& value) {
  if (value.is_bool()) return value.get_bool();
  if (value.is_string() && value.get_string() == "true") return true;
  if (value.is_string() && value.get_string() == "false") return false;
  return Refuse(path, absl::StrFormat("has a `%s` that is neither true nor false", key));
}

absl::Status ReadDynamic(const std::string& path, const json::value& value, MappedField& field) {
  if (value.is_string() && value.get_string() == "strict") {
    field.dynamic = Dynamic::kStrict;
    return absl::OkStatus();
  }
  absl::StatusOr<bool> dynamic = ReadBool(path, "dynamic", value);
  if (!dynamic.ok()) return Refuse(path, "has a `dynamic` that is not true, false or strict");
  field.dynamic = *dynamic ? Dynamic::kMap : Dynamic::kIgnore;
  return absl::OkStatus();
}

absl::StatusOr<MappedField> ReadField(const std::string& path, const json::value& value,
                                      Dynamic inherited);

absl::Status ReadFields(const std::string& parent, const json::value& value, Dynamic inherited,
                        MappedField::Fields& fields) {
  if (!value.is_object()) return Refuse(parent, "has fields that are no JSON object");
  for (const json::key_value_pair& member : value.get_object()) {
    const std::string name(View(member.key()));
    const std::string path = parent.empty() ? name : parent + "." + name;
    if (name.empty() || name.find('.') != std::string::npos) {
      return Refuse(path, "has an empty name or one with a dot; use nested `properties`");
    }
    absl::StatusOr<MappedField> field = ReadField(path, member.value(), inherited);
    if (!field.ok()) return field.status();
    fields.emplace(name, *std::move(field));
  }
  return absl::OkStatus();
}

absl::Status ReadFlag(const std::string& path, std::string_view key, const json::value& value,
                      bool& flag) {
  absl::StatusOr<bool> read = ReadBool(path, key, value);
  if (read.ok()) flag = *read;
  return read.status();
}

absl::Status ReadParameter(const std::string& path, std::string_view key, const json::value& value,
                           MappedField& field) {
  const bool object = field.type == Type::kObject || field.type == Type::kNested;
  if (key == "type" || key == "dynamic") return absl::OkStatus();  // read before the others
  if (key == "properties" && object) {
    return ReadFields(path, value, field.dynamic, field.properties);
  }
  if (key == "fields" && !object) return ReadFields(path, value, Dynamic::kStrict, field.multi);
  if (key == "enabled" && object) return ReadFlag(path, key, value, field.enabled);
  if (key == "coerce") return ReadFlag(path, key, value, field.coerce);
  if (key == "ignore_malformed") return ReadFlag(path, key, value, field.ignore_malformed);
  if (key == "ignore_above" && field.type == Type::kKeyword) {
    json::error_code error;
    field.ignore_above = value.to_number<size_t>(error);
    return error ? Refuse(path, "has an `ignore_above` that is no whole number") : absl::OkStatus();
  }
  if (key == "format" && field.type == Type::kDate) {
    if (!value.is_string()) return Refuse(path, "has a `format` that is no text");
    absl::StatusOr<DateFormats> formats = DateFormats::Parse(View(value.get_string()));
    if (!formats.ok()) return Refuse(path, std::string(formats.status().message()));
    field.formats = *std::move(formats);
    return absl::OkStatus();
  }
  if (Contains(kIndifferent, key)) return absl::OkStatus();
  return Refuse(path, absl::StrFormat("of type [%s] has the parameter `%s`, which the embedded "
                                      "store does not know",
                                      ToString(field.type), key));
}

absl::StatusOr<MappedField> ReadField(const std::string& path, const json::value& value,
                                      Dynamic inherited) {
  if (!value.is_object()) return Refuse(path, "is not mapped by a JSON object");
  const json::object& object = value.get_object();
  MappedField field;
  field.dynamic = inherited;
  if (const json::value* type = object.if_contains("type")) {
    const std::string_view name = type->is_string() ? View(type->get_string()) : "";
    bool known = false;
    for (const auto& [each, mapped] : kTypes) {
      if (each != name) continue;
      field.type = mapped;
      known = true;
    }
    if (!known) {
      return Refuse(path, absl::StrFormat("has the type `%s`, which the embedded store does not "
                                          "know",
                                          name));
    }
  } else if (!object.contains("properties")) {
    return Refuse(path, "has no `type`");
  }
  if (const json::value* dynamic = object.if_contains("dynamic")) {
    absl::Status read = ReadDynamic(path, *dynamic, field);
    if (!read.ok()) return read;
  }
  if (field.type == Type::kDate) field.formats = DateFormats::Parse("").value();
  for (const json::key_value_pair& member : object) {
    absl::Status read = ReadParameter(path, View(member.key()), member.value(), field);
    if (!read.ok()) return read;
  }
  return field;
}

}  // namespace

const char* ToString(MappedField::Type type) {
  for (const auto& [name, each] : kTypes) {
    if (each == type) return name.data();
  }
  return "?";
}

absl::StatusOr<ParsedMapping> ParsedMapping::Parse(std::string_view mappings) {
  auto root = std::make_shared<MappedField>();
  if (mappings.empty()) return ParsedMapping(std::move(root));
  json::error_code error;
  const json::value value = json::parse(json::string_view(mappings.data(), mappings.size()), error);
  if (error || !value.is_object()) {
    return Refuse("", error ? "is not JSON: " + error.message() : "is no JSON object");
  }
  const json::object& object = value.get_object();
  if (const json::value* dynamic = object.if_contains("dynamic")) {
    absl::Status read = ReadDynamic("", *dynamic, *root);
    if (!read.ok()) return read;
  }
  for (const json::key_value_pair& member : object) {
    const std::string_view key = View(member.key());
    absl::Status read;
    if (key == "properties") {
      read = ReadFields("", member.value(), root->dynamic, root->properties);
    } else if (key != "dynamic" && !Contains(kRootIndifferent, key)) {
      read = Refuse("", absl::StrFormat("has the parameter `%s`, which is unknown", key));
    }
    if (!read.ok()) return read;
  }
  return ParsedMapping(std::move(root));
}

}  // namespace indexswap
