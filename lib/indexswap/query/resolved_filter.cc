#include "indexswap/query/resolved_filter.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>

#include <charconv>
#include <cmath>
#include <set>
#include <utility>

namespace indexswap {
namespace {

using Type = MappedField::Type;

absl::Status Refuse(const std::string& field, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrFormat("field `%s` %s", field, why));
}

bool IsWhole(Type type) {
  return type == Type::kByte || type == Type::kShort || type == Type::kInteger ||
         type == Type::kLong;
}

bool IsNumeric(Type type) { return IsWhole(type) || type == Type::kFloat || type == Type::kDouble; }

struct Found {
  const MappedField* field = nullptr;  // null: the mapping has no such field, and never will
  std::vector<std::string> path;
};

absl::StatusOr<Found> Find(const std::string& name, const MappedField& root) {
  if (name.starts_with('_')) {
    return Refuse(name, "is the server's own, which the embedded store can't filter by");
  }
  Found found{&root, {}};
  for (absl::string_view part : absl::StrSplit(name, '.')) {
    const MappedField& parent = *found.field;
    const bool object = parent.type == Type::kObject;
    const MappedField::Fields& children = object ? parent.properties : parent.multi;
    const auto child = children.find(std::string_view(part.data(), part.size()));
    if (child == children.end()) {
      if (object && parent.enabled && parent.dynamic == MappedField::Dynamic::kMap) {
        return Refuse(name, "is not in the mapping, and may be mapped dynamically; declare it");
      }
      return Found{};
    }
    if (child->second.type == Type::kNested) {
      return Refuse(name,
                    "is nested, which the embedded store can't filter by; put what the "
                    "filter asks into a field of the document");
    }
    found.field = &child->second;
    if (object) found.path.emplace_back(part.data(), part.size());
  }
  return found;
}

absl::StatusOr<FilterValue> ToNumber(const std::string& field, const FilterValue& value) {
  const std::string* text = std::get_if<std::string>(&value);
  if (text == nullptr) {
    if (std::holds_alternative<bool>(value)) return Refuse(field, "holds numbers, not booleans");
    return value;
  }
  int64_t whole = 0;
  if (absl::SimpleAtoi(*text, &whole)) return FilterValue(whole);
  double real = 0;
  if (!text->empty() && absl::SimpleAtod(*text, &real) && std::isfinite(real)) {
    return FilterValue(real);
  }
  return Refuse(field, absl::StrFormat("holds numbers, and `%s` is none", *text));
}

absl::StatusOr<bool> ToFlag(const std::string& field, const FilterValue& value) {
  const std::string text = ToText(value);
  const bool number = std::holds_alternative<int64_t>(value);
  if (!number && text == "true") return true;
  if (!number && (text == "false" || text.empty())) return false;
  return Refuse(field, absl::StrFormat("holds true and false, and `%s` is neither", text));
}

absl::StatusOr<DateBound> ToBound(const std::string& field, const FilterValue& value, bool up,
                                  int64_t adjust_ms, const std::string& zone,
                                  const DateFormats& formats) {
  absl::StatusOr<DateExpression> expression = DateExpression::Parse(ToText(value));
  if (!expression.ok()) return Refuse(field, std::string(expression.status().message()));
  DateBound bound;
  bound.expression = *std::move(expression);
  bound.rounding = {zone, up};
  bound.adjust_ms = adjust_ms;
  // Evaluated now too when it depends on `now`: that shows an unknown zone.
  absl::StatusOr<int64_t> ms = EvaluateDate(bound.expression, formats, bound.rounding, 0);
  if (!ms.ok()) return Refuse(field, std::string(ms.status().message()));
  if (!bound.expression.now) bound.ms = *ms + adjust_ms;
  return bound;
}

absl::StatusOr<DateBetween> ToDates(const RangeFilter& range, const MappedField& mapped) {
  DateFormats formats = mapped.formats;
  if (!range.format.empty()) {
    absl::StatusOr<DateFormats> own = DateFormats::Parse(range.format);
    if (!own.ok()) return Refuse(range.field, std::string(own.status().message()));
    formats = *std::move(own);
  }
  DateBetween dates;
  // What a bound leaves out, or rounds, is filled so that `gt` and `lte` include or pass over the
  // whole of the day (month, ...) named.
  if (range.lower) {
    const bool gte = range.lower->inclusive;
    absl::StatusOr<DateBound> bound =
        ToBound(range.field, range.lower->value, !gte, gte ? 0 : 1, range.time_zone, formats);
    if (!bound.ok()) return bound.status();
    dates.lower = *std::move(bound);
  }
  if (range.upper) {
    const bool lte = range.upper->inclusive;
    absl::StatusOr<DateBound> bound =
        ToBound(range.field, range.upper->value, lte, lte ? 0 : -1, range.time_zone, formats);
    if (!bound.ok()) return bound.status();
    dates.upper = *std::move(bound);
  }
  return dates;
}

FieldRef RefOf(const Found& found) {
  return {found.path, found.field->type, found.field->ignore_above, found.field->formats};
}

ResolvedFilter Nothing() { return {ConstantFilter{false}}; }

absl::StatusOr<ResolvedFilter> ResolveDateTerms(const TermsFilter& terms, const Found& found) {
  // A date equals all moments that it leaves open: `2024-01-02` is a whole day.
  ResolvedBool any;
  any.minimum_should_match = 1;
  for (const FilterValue& value : terms.values) {
    RangeFilter same;
    same.field = terms.field;
    same.lower = same.upper = RangeBound{value, true};
    absl::StatusOr<DateBetween> dates = ToDates(same, *found.field);
    if (!dates.ok()) return dates.status();
    any.should.emplace_back().node = FieldTest{RefOf(found), *std::move(dates)};
  }
  return ResolvedFilter{std::move(any)};
}

absl::StatusOr<ResolvedFilter> Resolve(const TermsFilter& terms, const ParsedMapping& mapping) {
  absl::StatusOr<Found> found = Find(terms.field, mapping.root());
  if (!found.ok()) return found.status();
  if (found->field == nullptr) return Nothing();
  const Type type = found->field->type;
  if (type == Type::kObject) return Nothing();
  if (type == Type::kText) {
    return Refuse(terms.field,
                  "is analysed text, which the embedded store can't match; use its "
                  "`.keyword` sub-field, or a keyword, boolean, number or date");
  }
  if (type == Type::kDate) return ResolveDateTerms(terms, *found);
  FieldTest test{RefOf(*found), IsFlag{}};
  IsText texts;
  IsNumber numbers;
  IsFlag flags;
  for (const FilterValue& value : terms.values) {
    if (type == Type::kBoolean) {
      absl::StatusOr<bool> flag = ToFlag(terms.field, value);
      if (!flag.ok()) return flag.status();
      (*flag ? flags.with_true : flags.with_false) = true;
    } else if (IsNumeric(type)) {
      absl::StatusOr<FilterValue> number = ToNumber(terms.field, value);
      if (!number.ok()) return number.status();
      numbers.values.push_back(*number);
    } else {
      texts.values.push_back(ToText(value));
    }
  }
  if (type == Type::kBoolean) {
    test.test = flags;
  } else if (IsNumeric(type)) {
    test.test = std::move(numbers);
  } else {
    test.test = std::move(texts);
  }
  return ResolvedFilter{std::move(test)};
}

ResolvedFilter ResolveExists(const Found& found) {
  if (found.field->type == Type::kNested) return Nothing();  // as on a server
  if (found.field->type != Type::kObject) return {FieldTest{RefOf(found), HasValue{}}};
  ResolvedBool any;
  any.minimum_should_match = 1;
  for (const auto& [name, child] : found.field->properties) {
    Found below{&child, found.path};
    below.path.push_back(name);
    any.should.push_back(ResolveExists(below));
  }
  return {std::move(any)};
}

absl::StatusOr<ResolvedFilter> Resolve(const ExistsFilter& exists, const ParsedMapping& mapping) {
  absl::StatusOr<Found> found = Find(exists.field, mapping.root());
  if (!found.ok()) return found.status();
  return found->field == nullptr ? Nothing() : ResolveExists(*found);
}

absl::StatusOr<ResolvedFilter> Resolve(const RangeFilter& range, const ParsedMapping& mapping) {
  absl::StatusOr<Found> found = Find(range.field, mapping.root());
  if (!found.ok()) return found.status();
  if (found->field == nullptr) return Nothing();
  FieldTest test{RefOf(*found), HasValue{}};
  if (test.field.type == Type::kDate) {
    absl::StatusOr<DateBetween> dates = ToDates(range, *found->field);
    if (!dates.ok()) return dates.status();
    test.test = *std::move(dates);
    return ResolvedFilter{std::move(test)};
  }
  if (!range.time_zone.empty() || !range.format.empty()) {
    return Refuse(range.field, "is no date; `time_zone` and `format` are for dates");
  }
  if (test.field.type == Type::kKeyword) {
    TextBetween between{range.lower, range.upper};
    for (std::optional<RangeBound>* bound : {&between.lower, &between.upper}) {
      if (*bound) (*bound)->value = ToText((*bound)->value);
    }
    test.test = std::move(between);
    return ResolvedFilter{std::move(test)};
  }
  if (!IsNumeric(test.field.type)) {
    return Refuse(range.field, absl::StrFormat("is of type [%s], of which the embedded store can't "
                                               "take a range; use a keyword, number or date",
                                               ToString(test.field.type)));
  }
  NumberBetween between{range.lower, range.upper};
  for (std::optional<RangeBound>* bound : {&between.lower, &between.upper}) {
    if (!*bound) continue;
    absl::StatusOr<FilterValue> number = ToNumber(range.field, (*bound)->value);
    if (!number.ok()) return number.status();
    (*bound)->value = *number;
  }
  test.test = std::move(between);
  return ResolvedFilter{std::move(test)};
}

absl::Status ResolveAll(const std::vector<Filter>& filters, const ParsedMapping& mapping,
                        std::vector<ResolvedFilter>& resolved) {
  for (const Filter& filter : filters) {
    absl::StatusOr<ResolvedFilter> each = ResolveFilter(filter, mapping);
    if (!each.ok()) return each.status();
    resolved.push_back(*std::move(each));
  }
  return absl::OkStatus();
}

absl::StatusOr<ResolvedFilter> Resolve(const BoolFilter& filter, const ParsedMapping& mapping) {
  ResolvedBool resolved;
  resolved.minimum_should_match = filter.minimum_should_match;
  absl::Status status = ResolveAll(filter.must, mapping, resolved.must);
  if (status.ok()) status = ResolveAll(filter.must_not, mapping, resolved.must_not);
  if (status.ok()) status = ResolveAll(filter.should, mapping, resolved.should);
  if (!status.ok()) return status;
  return ResolvedFilter{std::move(resolved)};
}

absl::StatusOr<ResolvedFilter> Resolve(const ConstantFilter& constant, const ParsedMapping&) {
  return ResolvedFilter{constant};
}

void CollectZones(const std::optional<DateBound>& bound, std::set<std::string>& zones) {
  if (bound && !bound->ms && !bound->rounding.zone.empty()) zones.insert(bound->rounding.zone);
}

void CollectZones(const ResolvedFilter& filter, std::set<std::string>& zones) {
  if (const FieldTest* test = std::get_if<FieldTest>(&filter.node)) {
    if (const DateBetween* dates = std::get_if<DateBetween>(&test->test)) {
      CollectZones(dates->lower, zones);
      CollectZones(dates->upper, zones);
    }
  } else if (const ResolvedBool* clauses = std::get_if<ResolvedBool>(&filter.node)) {
    for (const auto* list : {&clauses->must, &clauses->must_not, &clauses->should}) {
      for (const ResolvedFilter& each : *list) CollectZones(each, zones);
    }
  }
}

}  // namespace

absl::StatusOr<ResolvedFilter> ResolveFilter(const Filter& filter, const ParsedMapping& mapping) {
  return std::visit([&mapping](const auto& node) { return Resolve(node, mapping); }, filter.node);
}

absl::StatusOr<int64_t> EvaluateBound(const DateBound& bound, int64_t now_ms) {
  if (bound.ms) return *bound.ms;
  absl::StatusOr<int64_t> ms = EvaluateDate(bound.expression, {}, bound.rounding, now_ms);
  if (!ms.ok()) return ms.status();
  return *ms + bound.adjust_ms;
}

absl::StatusOr<ResolvedFilter> FixNow(ResolvedFilter filter, int64_t now_ms) {
  absl::Status status;
  const auto fix = [&](std::optional<DateBound>& bound) {
    if (!bound) return;
    absl::StatusOr<int64_t> ms = EvaluateBound(*bound, now_ms);
    if (ms.ok()) bound->ms = *ms;
    status.Update(ms.status());
  };
  if (FieldTest* test = std::get_if<FieldTest>(&filter.node)) {
    if (DateBetween* dates = std::get_if<DateBetween>(&test->test)) {
      fix(dates->lower);
      fix(dates->upper);
    }
  } else if (ResolvedBool* clauses = std::get_if<ResolvedBool>(&filter.node)) {
    for (auto* list : {&clauses->must, &clauses->must_not, &clauses->should}) {
      for (ResolvedFilter& each : *list) {
        absl::StatusOr<ResolvedFilter> fixed = FixNow(std::move(each), now_ms);
        status.Update(fixed.status());
        if (fixed.ok()) each = *std::move(fixed);
      }
    }
  }
  if (!status.ok()) return status;
  return filter;
}

std::vector<std::string> TimeZonesOf(const ResolvedFilter& filter) {
  std::set<std::string> zones;
  CollectZones(filter, zones);
  return {zones.begin(), zones.end()};
}

}  // namespace indexswap
