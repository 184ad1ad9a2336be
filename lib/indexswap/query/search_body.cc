#include "indexswap/query/search_body.h"

#include <absl/strings/str_format.h>

#include <boost/json.hpp>

#include "indexswap/query/filter.h"

namespace indexswap {
namespace {

namespace json = boost::json;

absl::StatusOr<uint64_t> Number(const std::string& key, const json::value& value) {
  json::error_code error;
  const auto number = value.to_number<uint64_t>(error);
  if (!error) return number;
  return absl::InvalidArgumentError(
      absl::StrFormat("`%s` of a search: expected a whole number from 0", key));
}

absl::Status ReadQuery(const json::value& value, SearchBody& search) {
  search.query = json::serialize(value);
  const absl::Status parsed = ParseFilter(search.query).status();
  if (parsed.ok()) return parsed;
  return absl::UnimplementedError(
      absl::StrFormat("`query` of a search: %s", std::string(parsed.message())));
}

}  // namespace

absl::StatusOr<SearchBody> ParseSearchBody(std::string_view body) {
  json::error_code error;
  const json::value root = json::parse(json::string_view(body.data(), body.size()), error);
  if (error || !root.is_object()) {
    return absl::InvalidArgumentError("the body of a search: expected a JSON object");
  }
  SearchBody search;
  for (const auto& [name, value] : root.get_object()) {
    const std::string key(name);
    absl::Status read;
    if (key == "query") {
      read = ReadQuery(value, search);
    } else if (key == "from" || key == "size") {
      const auto number = Number(key, value);
      read = number.status();
      if (number.ok()) (key == "from" ? search.from : search.size) = *number;
    } else if (key != "_source" && key != "track_total_hits") {
      read = absl::UnimplementedError(absl::StrFormat(
          "this store does not know `%s` of a search: it only selects (query, from, size, _source, "
          "track_total_hits)",
          key));
    }
    if (!read.ok()) return read;
  }
  return search;
}

}  // namespace indexswap
