// A filter over a mapping: every field found, every value of the field's type, every bound a
// moment or a number. What remains is evaluated by a store in its own language.
#ifndef INDEXSWAP_QUERY_RESOLVED_FILTER_H_
#define INDEXSWAP_QUERY_RESOLVED_FILTER_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "indexswap/query/date.h"
#include "indexswap/query/filter.h"
#include "indexswap/query/mapping.h"

namespace indexswap {

// The values of a field that can be searched. Each test below holds for a document when it holds
// for one of them.
struct FieldRef {
  std::vector<std::string> path;  // from the document's root, without `.keyword`
  MappedField::Type type = MappedField::Type::kKeyword;
  std::optional<size_t> ignore_above;  // characters; longer keywords have no value
  DateFormats formats;                 // of a date
};

// There is a value.
struct HasValue {};

// The value is one of these.
struct IsText {
  std::vector<std::string> values;
};
struct IsFlag {
  bool with_true = false;
  bool with_false = false;
};
struct IsNumber {
  std::vector<FilterValue> values;  // of int64_t and double only
};

// The value is between these, as bytes of UTF-8 or as numbers.
struct TextBetween {
  std::optional<RangeBound> lower;
  std::optional<RangeBound> upper;
};
struct NumberBetween {
  std::optional<RangeBound> lower;
  std::optional<RangeBound> upper;
};

// A moment, both ends of a range included: gt and lt have become gte and lte by `adjust_ms`.
struct DateBound {
  std::optional<int64_t> ms;  // nothing: depends on `now`
  DateExpression expression;
  DateRounding rounding;
  int64_t adjust_ms = 0;
};

// The value is a date between these.
struct DateBetween {
  std::optional<DateBound> lower;
  std::optional<DateBound> upper;
};

struct FieldTest {
  FieldRef field;
  std::variant<HasValue, IsText, IsFlag, IsNumber, TextBetween, NumberBetween, DateBetween> test;
};

struct ResolvedFilter;

struct ResolvedBool {
  std::vector<ResolvedFilter> must;
  std::vector<ResolvedFilter> must_not;
  std::vector<ResolvedFilter> should;
  int minimum_should_match = 0;
};

struct ResolvedFilter {
  std::variant<ConstantFilter, FieldTest, ResolvedBool> node;
};

// kInvalidArgument when a value is not of its field's type, or for what only a server can answer:
// `term` on analysed text, nested fields, fields that a dynamic mapping would map.
absl::StatusOr<ResolvedFilter> ResolveFilter(const Filter& filter, const ParsedMapping& mapping);

// The moment of a bound.
absl::StatusOr<int64_t> EvaluateBound(const DateBound& bound, int64_t now_ms);

// The filter with every bound evaluated at `now_ms`.
absl::StatusOr<ResolvedFilter> FixNow(ResolvedFilter filter, int64_t now_ms);

// The time zones by name, sorted, that decide what a filter selects at a given `now`.
std::vector<std::string> TimeZonesOf(const ResolvedFilter& filter);

}  // namespace indexswap

#endif  // INDEXSWAP_QUERY_RESOLVED_FILTER_H_
