#include "indexswap/testing/filter_matcher.h"

#include <absl/strings/numbers.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <functional>

namespace indexswap::testing {
namespace {

namespace json = boost::json;
using Type = MappedField::Type;

std::string TextOf(const json::value& value) {
  if (const json::string* text = value.if_string()) return {text->data(), text->size()};
  return json::serialize(value);
}

size_t CodePoints(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// The number as the field indexes it; nothing for the empty text, which stands for null.
std::optional<double> NumberOf(const json::value& value, Type type) {
  double number = 0;
  if (value.is_string()) {
    if (!absl::SimpleAtod(TextOf(value), &number)) return std::nullopt;
  } else {
    number = value.to_number<double>();
  }
  return type == Type::kFloat || type == Type::kDouble ? number : std::trunc(number);
}

double NumberOf(const FilterValue& value) {
  if (const double* real = std::get_if<double>(&value)) return *real;
  return static_cast<double>(std::get<int64_t>(value));
}

template <typename T>
bool IsBetween(const T& value, const std::optional<RangeBound>& lower,
               const std::optional<RangeBound>& upper,
               const std::function<T(const FilterValue&)>& read) {
  if (lower) {
    const T bound = read(lower->value);
    if (value < bound || (value == bound && !lower->inclusive)) return false;
  }
  if (upper) {
    const T bound = read(upper->value);
    if (bound < value || (value == bound && !upper->inclusive)) return false;
  }
  return true;
}

// The tests of one scalar that is not null.
struct ScalarTest {
  const FieldRef& field;
  const json::value& value;
  int64_t now_ms;

  bool Indexed() const {
    return !field.ignore_above || CodePoints(TextOf(value)) <= *field.ignore_above;
  }
  bool operator()(const HasValue&) const {
    const bool number = field.type != Type::kText && field.type != Type::kKeyword &&
                        field.type != Type::kBoolean && field.type != Type::kDate;
    return Indexed() && !(number && value.is_string() && value.get_string().empty());
  }
  bool operator()(const IsText& is) const {
    return Indexed() &&
           std::find(is.values.begin(), is.values.end(), TextOf(value)) != is.values.end();
  }
  bool operator()(const IsFlag& is) const {
    return TextOf(value) == "true" ? is.with_true : is.with_false;
  }
  bool operator()(const IsNumber& is) const {
    const std::optional<double> number = NumberOf(value, field.type);
    return number && std::any_of(is.values.begin(), is.values.end(), [&](const FilterValue& each) {
             return NumberOf(each) == *number;
           });
  }
  bool operator()(const TextBetween& between) const {
    return Indexed() && IsBetween<std::string>(TextOf(value), between.lower, between.upper, ToText);
  }
  bool operator()(const NumberBetween& between) const {
    const std::optional<double> number = NumberOf(value, field.type);
    return number && IsBetween<double>(*number, between.lower, between.upper,
                                       [](const FilterValue& each) { return NumberOf(each); });
  }
  bool operator()(const DateBetween& dates) const {
    DateExpression expression;
    expression.anchor = TextOf(value);
    const absl::StatusOr<int64_t> ms = EvaluateDate(expression, field.formats, {}, 0);
    return ms.ok() && (!dates.lower || *ms >= EvaluateBound(*dates.lower, now_ms).value()) &&
           (!dates.upper || *ms <= EvaluateBound(*dates.upper, now_ms).value());
  }
};

// Walks to the field's values, through lists at every level.
bool AnyValue(const json::value& value, const FieldTest& test, size_t depth, int64_t now_ms) {
  if (const json::array* array = value.if_array()) {
    return std::any_of(array->begin(), array->end(), [&](const json::value& element) {
      return AnyValue(element, test, depth, now_ms);
    });
  }
  if (depth < test.field.path.size()) {
    const json::object* object = value.if_object();
    const json::value* member =
        object == nullptr ? nullptr : object->if_contains(test.field.path[depth]);
    return member != nullptr && AnyValue(*member, test, depth + 1, now_ms);
  }
  if (value.is_null() || value.is_object()) return false;
  return std::visit(ScalarTest{test.field, value, now_ms}, test.test);
}

bool MatchesValue(const ResolvedFilter& filter, const json::value& document, int64_t now_ms) {
  if (const ConstantFilter* constant = std::get_if<ConstantFilter>(&filter.node)) {
    return constant->selects;
  }
  if (const FieldTest* test = std::get_if<FieldTest>(&filter.node)) {
    return AnyValue(document, *test, 0, now_ms);
  }
  const ResolvedBool& clauses = std::get<ResolvedBool>(filter.node);
  const auto matches = [&](const ResolvedFilter& each) {
    return MatchesValue(each, document, now_ms);
  };
  return std::all_of(clauses.must.begin(), clauses.must.end(), matches) &&
         std::none_of(clauses.must_not.begin(), clauses.must_not.end(), matches) &&
         std::count_if(clauses.should.begin(), clauses.should.end(), matches) >=
             clauses.minimum_should_match;
}

}  // namespace

bool Matches(const ResolvedFilter& filter, std::string_view document, int64_t now_ms) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 1000;
  const json::value value =
      json::parse(json::string_view(document.data(), document.size()), error, {}, options);
  return !error && MatchesValue(filter, value, now_ms);
}

}  // namespace indexswap::testing
