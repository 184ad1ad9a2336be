// The filters of aliases: the part of the query DSL that the embedded store reads, as a value.
#ifndef INDEXSWAP_QUERY_FILTER_H_
#define INDEXSWAP_QUERY_FILTER_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace indexswap {

// A value in a filter, as its JSON has it.
using FilterValue = std::variant<bool, int64_t, double, std::string>;

// The value as a server reads it where it wants a text: `true`, `12`, `0.5`, `abc`.
std::string ToText(const FilterValue& value);

struct Filter;

// `match_all`; `terms` of nothing selects none.
struct ConstantFilter {
  bool selects = true;
};

// `term` and `terms`: the field has one of the values.
struct TermsFilter {
  std::string field;
  std::vector<FilterValue> values;
};

// `exists`: the field has a value that can be searched.
struct ExistsFilter {
  std::string field;
};

// One end of a range.
struct RangeBound {
  FilterValue value;
  bool inclusive = false;
};

// `range`.
struct RangeFilter {
  std::string field;
  std::optional<RangeBound> lower;
  std::optional<RangeBound> upper;
  std::string time_zone;  // as written; empty for UTC
  std::string format;     // of the bounds, when it is not the mapping's
};

// `bool`. `must` holds the clauses of both `must` and `filter`, which select alike.
struct BoolFilter {
  std::vector<Filter> must;
  std::vector<Filter> must_not;
  std::vector<Filter> should;
  int minimum_should_match = 0;  // the default rule already applied; above should.size(): none
};

// A filter as it was written; what its fields are is the mapping's to say (resolved_filter.h).
struct Filter {
  std::variant<ConstantFilter, TermsFilter, ExistsFilter, RangeFilter, BoolFilter> node;
};

// Reads a query. Empty text selects everything. kInvalidArgument names the query, parameter or
// value that is malformed or that the embedded store can't translate, and what to use instead.
// Thread-safe.
absl::StatusOr<Filter> ParseFilter(std::string_view query);

}  // namespace indexswap

#endif  // INDEXSWAP_QUERY_FILTER_H_
