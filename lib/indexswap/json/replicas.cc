#include "indexswap/json/replicas.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>
#include <string>

namespace indexswap {
namespace {

namespace json = boost::json;

// The number in 3, "3", and "0-3", where it is the last; of "0-all" the most that there can be.
std::optional<uint64_t> NumberIn(const json::value& value, uint64_t most) {
  if (value.is_int64()) return static_cast<uint64_t>(std::max<int64_t>(0, value.get_int64()));
  if (!value.is_string()) return std::nullopt;
  std::string_view text(value.get_string().data(), value.get_string().size());
  text.remove_prefix(text.find('-') == std::string_view::npos ? 0 : text.find('-') + 1);
  if (text == "all") return most;
  uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

const json::value* Find(const json::object& settings, const std::string& key) {
  if (const json::value* found = settings.if_contains(key)) return found;
  if (const json::value* found = settings.if_contains("index." + key)) return found;
  const json::value* index = settings.if_contains("index");
  return index == nullptr || !index->is_object() ? nullptr : index->get_object().if_contains(key);
}

}  // namespace

uint64_t ReplicasOn(uint64_t nodes, std::string_view settings) {
  const uint64_t most = nodes - 1;
  json::error_code error;
  const json::value parsed =
      json::parse(json::string_view(settings.data(), settings.size()), error);
  if (error || !parsed.is_object()) return std::min<uint64_t>(1, most);
  for (const char* key : {"auto_expand_replicas", "number_of_replicas"}) {
    const json::value* found = Find(parsed.get_object(), key);
    const auto number = found == nullptr ? std::nullopt : NumberIn(*found, most);
    if (number) return std::min(*number, most);
  }
  return std::min<uint64_t>(1, most);
}

}  // namespace indexswap
