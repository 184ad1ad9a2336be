#include "syncd/plan/mapping_types.h"

#include <absl/status/status.h>
#include <absl/strings/str_format.h>

#include <boost/json.hpp>

namespace syncd {
namespace {

namespace json = boost::json;

size_t LineOf(std::string_view text, size_t offset) {
  size_t line = 1;
  for (const char c : text.substr(0, offset)) line += c == '\n' ? 1 : 0;
  return line;
}

}  // namespace

absl::StatusOr<MappingTypes> ReadMappingTypes(std::string_view text) {
  json::stream_parser parser;
  json::error_code error;
  size_t used = parser.write(text.data(), text.size(), error);
  if (!error) parser.finish(error);
  if (error) {
    return absl::InvalidArgumentError(absl::StrFormat("%d: expected a JSON object, but: %s",
                                                      LineOf(text, used), error.message()));
  }
  const json::value root = parser.release();
  const json::value* properties =
      root.is_object() ? root.get_object().if_contains("properties") : nullptr;
  if (properties == nullptr || !properties->is_object()) {
    return absl::InvalidArgumentError("1: expected {\"properties\": {…}}");
  }
  MappingTypes types;
  for (const auto& [name, field] : properties->get_object()) {
    const json::object* object = field.if_object();
    const json::value* type = object == nullptr ? nullptr : object->if_contains("type");
    if (type != nullptr && type->is_string()) {
      types.emplace(std::string(name), std::string(type->get_string()));
    } else if (object != nullptr && type == nullptr && object->contains("properties")) {
      types.emplace(std::string(name), "object");
    } else {
      return absl::InvalidArgumentError(absl::StrFormat(
          "1: key \"properties.%s\": expected an object with a type", std::string(name)));
    }
  }
  return types;
}

}  // namespace syncd
