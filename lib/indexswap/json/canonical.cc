#include "indexswap/json/canonical.h"

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "indexswap/json/exact_numbers.h"

namespace indexswap {
namespace {

namespace json = boost::json;

constexpr size_t kDepthMax = 1100;  // a store takes 1000

void Print(const json::value& value, std::string& out);

void PrintObject(const json::object& object, std::string& out) {
  std::vector<const json::key_value_pair*> members;
  members.reserve(object.size());
  for (const json::key_value_pair& member : object) members.push_back(&member);
  std::sort(members.begin(), members.end(),
            [](const auto* a, const auto* b) { return a->key() < b->key(); });
  out += '{';
  for (size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    out += json::serialize(json::string_view(members[i]->key()));
    out += ':';
    Print(members[i]->value(), out);
  }
  out += '}';
}

void Print(const json::value& value, std::string& out) {
  if (const json::object* object = value.if_object()) {
    PrintObject(*object, out);
  } else if (const json::array* array = value.if_array()) {
    out += '[';
    for (size_t i = 0; i < array->size(); ++i) {
      if (i > 0) out += ',';
      Print((*array)[i], out);
    }
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

absl::StatusOr<std::string> CanonicalJson(std::string_view text) {
  if (text.empty()) return std::string();
  json::error_code error;
  json::parse_options options;
  options.max_depth = kDepthMax;
  json::value value =
      json::parse(json::string_view(text.data(), text.size()), error, json::storage_ptr(), options);
  if (error) return absl::InvalidArgumentError("not JSON: " + error.message());
  MakeNumbersExact(text, value);
  std::string out;
  out.reserve(text.size());
  Print(value, out);
  return out;
}

}  // namespace indexswap
