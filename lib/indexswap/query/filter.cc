#include "indexswap/query/filter.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <utility>

namespace indexswap {
namespace {

namespace json = boost::json;

std::string_view View(json::string_view text) { return {text.data(), text.size()}; }

absl::Status Malformed(std::string_view query, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrFormat("query `%s` %s", query, why));
}

absl::Status UnknownParameter(std::string_view query, std::string_view key) {
  return Malformed(query, absl::StrFormat("has the parameter `%s`, which the embedded store can't "
                                          "translate",
                                          key));
}

// Scores and names make no difference to what is selected.
bool IsIndifferent(std::string_view key) { return key == "boost" || key == "_name"; }

absl::StatusOr<FilterValue> ReadValue(std::string_view query, const json::value& value) {
  switch (value.kind()) {
    case json::kind::bool_:
      return FilterValue(value.get_bool());
    case json::kind::int64:
      return FilterValue(value.get_int64());
    case json::kind::uint64:
      return FilterValue(static_cast<double>(value.get_uint64()));
    case json::kind::double_:
      return FilterValue(value.get_double());
    case json::kind::string:
      return FilterValue(std::string(View(value.get_string())));
    default:
      return Malformed(query, "needs a text, a number or a boolean as its value");
  }
}

// The one member of `body` that names a field; the others must be indifferent.
absl::StatusOr<const json::key_value_pair*> FieldOf(std::string_view query,
                                                    const json::value& body) {
  if (!body.is_object()) return Malformed(query, "needs an object with a field's name");
  const json::key_value_pair* field = nullptr;
  for (const json::key_value_pair& member : body.get_object()) {
    if (IsIndifferent(View(member.key()))) continue;
    if (field != nullptr) return Malformed(query, "doesn't support several fields");
    field = &member;
  }
  if (field == nullptr) return Malformed(query, "names no field");
  return field;
}

absl::StatusOr<Filter> ReadTerm(const json::value& body) {
  absl::StatusOr<const json::key_value_pair*> field = FieldOf("term", body);
  if (!field.ok()) return field.status();
  const json::value* value = &(*field)->value();
  if (const json::object* object = value->if_object()) {
    value = object->if_contains("value");
    if (value == nullptr) return Malformed("term", "has no `value`");
    for (const json::key_value_pair& member : *object) {
      const std::string_view key = View(member.key());
      if (key != "value" && !IsIndifferent(key)) return UnknownParameter("term", key);
    }
  }
  absl::StatusOr<FilterValue> read = ReadValue("term", *value);
  if (!read.ok()) return read.status();
  return Filter{TermsFilter{std::string(View((*field)->key())), {*std::move(read)}}};
}

absl::StatusOr<Filter> ReadTerms(const json::value& body) {
  absl::StatusOr<const json::key_value_pair*> field = FieldOf("terms", body);
  if (!field.ok()) return field.status();
  const json::array* values = (*field)->value().if_array();
  if (values == nullptr) {
    return Malformed("terms", "needs a list; the embedded store can't look terms up elsewhere");
  }
  TermsFilter terms{std::string(View((*field)->key())), {}};
  for (const json::value& value : *values) {
    absl::StatusOr<FilterValue> read = ReadValue("terms", value);
    if (!read.ok()) return read.status();
    terms.values.push_back(*std::move(read));
  }
  if (terms.values.empty()) return Filter{ConstantFilter{false}};
  return Filter{std::move(terms)};
}

absl::StatusOr<Filter> ReadExists(const json::value& body) {
  const json::value* field = body.is_object() ? body.get_object().if_contains("field") : nullptr;
  if (field == nullptr || !field->is_string()) return Malformed("exists", "needs a `field`");
  for (const json::key_value_pair& member : body.get_object()) {
    const std::string_view key = View(member.key());
    if (key != "field" && !IsIndifferent(key)) return UnknownParameter("exists", key);
  }
  return Filter{ExistsFilter{std::string(View(field->get_string()))}};
}

absl::Status ReadRangeParameter(std::string_view key, const json::value& value,
                                RangeFilter& range) {
  if (IsIndifferent(key)) return absl::OkStatus();
  if (key == "time_zone" || key == "format") {
    if (!value.is_string()) return Malformed("range", absl::StrFormat("has no text as `%s`", key));
    (key == "format" ? range.format : range.time_zone) = View(value.get_string());
    return absl::OkStatus();
  }
  const bool lower = key == "gt" || key == "gte";
  if (!lower && key != "lt" && key != "lte") return UnknownParameter("range", key);
  std::optional<RangeBound>& bound = lower ? range.lower : range.upper;
  if (value.is_null()) return absl::OkStatus();  // open, as if it weren't there
  if (bound) return Malformed("range", "has both `gt` and `gte`, or both `lt` and `lte`");
  absl::StatusOr<FilterValue> read = ReadValue("range", value);
  if (!read.ok()) return read.status();
  bound = RangeBound{*std::move(read), key == "gte" || key == "lte"};
  return absl::OkStatus();
}

absl::StatusOr<Filter> ReadRange(const json::value& body) {
  absl::StatusOr<const json::key_value_pair*> field = FieldOf("range", body);
  if (!field.ok()) return field.status();
  const json::object* bounds = (*field)->value().if_object();
  if (bounds == nullptr) return Malformed("range", "needs an object with `gt`, `gte`, `lt`, `lte`");
  RangeFilter range;
  range.field = View((*field)->key());
  for (const json::key_value_pair& member : *bounds) {
    absl::Status read = ReadRangeParameter(View(member.key()), member.value(), range);
    if (!read.ok()) return read;
  }
  if (!range.lower && !range.upper) return Filter{ExistsFilter{range.field}};
  return Filter{std::move(range)};
}

absl::StatusOr<Filter> ReadQuery(const json::value& query);

absl::Status ReadClauses(std::string_view key, const json::value& value,
                         std::vector<Filter>& clauses) {
  const json::array one = value.is_array() ? json::array() : json::array{value};
  for (const json::value& clause : value.is_array() ? value.get_array() : one) {
    absl::StatusOr<Filter> read = ReadQuery(clause);
    if (!read.ok()) {
      return Malformed(
          "bool", absl::StrFormat("has in `%s`: %s", key, std::string(read.status().message())));
    }
    clauses.push_back(*std::move(read));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> ReadMinimum(const json::value& value) {
  int minimum = 0;
  json::error_code error;
  if (value.is_string()) {
    if (absl::SimpleAtoi(std::string(View(value.get_string())), &minimum)) return minimum;
  } else {
    minimum = value.to_number<int>(error);
    if (!error) return minimum;
  }
  return Malformed("bool",
                   "has a `minimum_should_match` that is no whole number; the embedded store can't "
                   "translate percentages and combinations");
}

absl::StatusOr<Filter> ReadBool(const json::value& body) {
  if (!body.is_object()) return Malformed("bool", "needs an object");
  BoolFilter filter;
  std::optional<int> minimum;
  for (const json::key_value_pair& member : body.get_object()) {
    const std::string_view key = View(member.key());
    absl::Status read;
    if (key == "must" || key == "filter") {
      read = ReadClauses(key, member.value(), filter.must);
    } else if (key == "must_not") {
      read = ReadClauses(key, member.value(), filter.must_not);
    } else if (key == "should") {
      read = ReadClauses(key, member.value(), filter.should);
    } else if (key == "minimum_should_match") {
      absl::StatusOr<int> number = ReadMinimum(member.value());
      read = number.status();
      if (number.ok()) minimum = *number;
    } else if (!IsIndifferent(key)) {
      read = UnknownParameter("bool", key);
    }
    if (!read.ok()) return read;
  }
  const int clauses = static_cast<int>(filter.should.size());
  // Without other clauses that select, one of `should` must match; else none needs to.
  filter.minimum_should_match = minimum.value_or(clauses > 0 && filter.must.empty() ? 1 : 0);
  if (filter.minimum_should_match < 0) {
    filter.minimum_should_match = std::max(0, clauses + filter.minimum_should_match);
  }
  return Filter{std::move(filter)};
}

absl::StatusOr<Filter> ReadMatchAll(const json::value& body) {
  if (!body.is_object()) return Malformed("match_all", "needs an object");
  for (const json::key_value_pair& member : body.get_object()) {
    if (!IsIndifferent(View(member.key())))
      return UnknownParameter("match_all", View(member.key()));
  }
  return Filter{ConstantFilter{true}};
}

absl::StatusOr<Filter> ReadQuery(const json::value& query) {
  if (!query.is_object() || query.get_object().size() != 1) {
    return absl::InvalidArgumentError("a query is an object with one member, its name");
  }
  const json::key_value_pair& member = *query.get_object().begin();
  const std::string_view name = View(member.key());
  if (name == "match_all") return ReadMatchAll(member.value());
  if (name == "term") return ReadTerm(member.value());
  if (name == "terms") return ReadTerms(member.value());
  if (name == "exists") return ReadExists(member.value());
  if (name == "range") return ReadRange(member.value());
  if (name == "bool") return ReadBool(member.value());
  return absl::InvalidArgumentError(absl::StrFormat(
      "the embedded store can't translate `%s`; use match_all, term, terms, exists, range, bool "
      "(such as a `term` on a boolean that the documents carry)",
      name));
}

}  // namespace

std::string ToText(const FilterValue& value) {
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const int64_t* whole = std::get_if<int64_t>(&value)) return std::to_string(*whole);
  if (const double* real = std::get_if<double>(&value)) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, *real);
    return std::string(text, end.ptr);
  }
  return std::get<std::string>(value);
}

absl::StatusOr<Filter> ParseFilter(std::string_view query) {
  if (query.empty()) return Filter{ConstantFilter{true}};
  json::error_code error;
  const json::value value = json::parse(json::string_view(query.data(), query.size()), error);
  if (error) return absl::InvalidArgumentError("a query is not JSON: " + error.message());
  return ReadQuery(value);
}

}  // namespace indexswap
