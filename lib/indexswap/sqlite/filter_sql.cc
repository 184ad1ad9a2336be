#include "indexswap/sqlite/filter_sql.h"

#include <absl/strings/str_format.h>

#include <cmath>
#include <utility>

#include "indexswap/sqlite/connection.h"
#include "indexswap/sqlite/date_sql.h"

namespace indexswap {
namespace {

using Type = MappedField::Type;

std::string NumberLiteral(const FilterValue& value) {
  if (const double* real = std::get_if<double>(&value)) return absl::StrFormat("%.17e", *real);
  const int64_t whole = std::get<int64_t>(value);
  // The smallest number is no literal: its digits alone are out of range.
  return whole == INT64_MIN ? "(-9223372036854775807-1)" : std::to_string(whole);
}

std::string ListOf(const std::vector<std::string>& literals) {
  std::string list = "(";
  for (const std::string& literal : literals) {
    if (list.size() > 1) list += ',';
    list += literal;
  }
  return list + ')';
}

// A stored value as SQL, once it is known to be a scalar, and its JSON type.
struct Value {
  std::string sql;
  std::string type;
};

// As text, the way a server reads it: JSON booleans are 0 and 1 in SQLite.
std::string AsText(const Value& value) {
  return absl::StrFormat(
      "CASE %s WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(%s AS TEXT) END",
      value.type, value.sql);
}

std::string AsNumber(const Value& value, Type type) {
  return type == Type::kFloat || type == Type::kDouble
             ? absl::StrFormat("CAST(%s AS REAL)", value.sql)
             : absl::StrFormat("CAST(CAST(%s AS NUMERIC) AS INTEGER)", value.sql);
}

std::string Between(const std::string& value, const std::optional<RangeBound>& lower,
                    const std::optional<RangeBound>& upper, bool text) {
  std::string test;
  const auto literal = [text](const FilterValue& bound) {
    return text ? QuoteText(std::get<std::string>(bound)) : NumberLiteral(bound);
  };
  if (lower) test = value + (lower->inclusive ? ">=" : ">") + literal(lower->value);
  if (upper) {
    if (lower) test += " AND ";
    test += value + (upper->inclusive ? "<=" : "<") + literal(upper->value);
  }
  return "(" + test + ")";
}

// The test of one scalar: 0 or 1.
class TestWriter {
 public:
  TestWriter(const FieldRef& field) : field_(field) {}

  absl::StatusOr<std::string> Write(const FieldTest& test, const Value& value) const {
    return std::visit([&](const auto& each) { return WriteTest(each, value); }, test.test);
  }

 private:
  using Result = absl::StatusOr<std::string>;

  Result WriteTest(const HasValue&, const Value& value) const {
    if (field_.ignore_above) return Searchable(AsText(value), "1");
    const bool number = field_.type != Type::kText && field_.type != Type::kKeyword &&
                        field_.type != Type::kBoolean && field_.type != Type::kDate;
    return number ? absl::StrFormat("%s<>''", value.sql) : "1";  // a number's '' stands for null
  }

  Result WriteTest(const IsText& is, const Value& value) const {
    std::vector<std::string> literals;
    for (const std::string& text : is.values) literals.push_back(QuoteText(text));
    const std::string text = AsText(value);
    return Searchable(text, absl::StrFormat("(%s) IN %s", text, ListOf(literals)));
  }

  Result WriteTest(const IsFlag& is, const Value& value) const {
    std::vector<std::string> literals;
    if (is.with_true) literals.insert(literals.end(), {"1", "'true'"});
    if (is.with_false) literals.insert(literals.end(), {"0", "'false'", "''"});
    return absl::StrFormat("%s IN %s", value.sql, ListOf(literals));
  }

  Result WriteTest(const IsNumber& is, const Value& value) const {
    std::vector<std::string> literals;
    for (const FilterValue& number : is.values) literals.push_back(NumberLiteral(number));
    return absl::StrFormat("(%s<>'' AND %s IN %s)", value.sql, AsNumber(value, field_.type),
                           ListOf(literals));
  }

  Result WriteTest(const TextBetween& between, const Value& value) const {
    const std::string text = "(" + AsText(value) + ")";
    return Searchable(text, Between(text, between.lower, between.upper, true));
  }

  Result WriteTest(const NumberBetween& between, const Value& value) const {
    return absl::StrFormat(
        "(%s<>'' AND %s)", value.sql,
        Between(AsNumber(value, field_.type), between.lower, between.upper, false));
  }

  Result WriteTest(const DateBetween& dates, const Value& value) const {
    return DateTestToSql(dates, field_.formats, absl::StrFormat("CAST(%s AS TEXT)", value.sql));
  }

  // `test`, and the keyword is short enough to have been indexed.
  std::string Searchable(const std::string& text, const std::string& test) const {
    if (!field_.ignore_above) return test;
    return absl::StrFormat("(length(%s)<=%d AND %s)", text, *field_.ignore_above, test);
  }

  const FieldRef& field_;
};

std::string Member(const std::string& name) { return ".\"" + name + '"'; }

// All scalars under the field, through lists at every level, as a FROM clause whose last table is
// `e`. json_tree walks down lists of lists.
std::string EveryValue(const std::vector<std::string>& path) {
  std::string from;
  std::string document = "document";
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    const std::string at = QuoteText("$" + Member(path[i]));
    from += absl::StrFormat(
        "json_each(CASE json_type(%1$s,%2$s) WHEN 'array' THEN json_extract(%1$s,%2$s) "
        "ELSE json_array(json_extract(%1$s,%2$s)) END) e%3$d,",
        document, at, i);
    document = absl::StrFormat("iif(e%1$d.type='object',e%1$d.value,'{}')", i);
  }
  return from +
         absl::StrFormat("json_tree(%s,%s) e", document, QuoteText("$" + Member(path.back())));
}

// The JSON type that nearly all values of a field have, which is tested without json_tree.
const char* UsualType(Type type) {
  switch (type) {
    case Type::kFloat:
    case Type::kDouble:
      return "real";
    case Type::kByte:
    case Type::kShort:
    case Type::kInteger:
    case Type::kLong:
      return "integer";
    default:
      return "text";
  }
}

absl::StatusOr<std::string> Write(const ConstantFilter& constant) {
  return std::string(constant.selects ? "1" : "0");
}

absl::StatusOr<std::string> Write(const FieldTest& test) {
  std::string path = "$";
  for (const std::string& name : test.field.path) {
    if (name.find('"') != std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrFormat("field `%s` has a quote in its name, which SQLite can't search", name));
    }
    path += Member(name);
  }
  const std::string quoted = QuoteText(path);
  const TestWriter writer(test.field);
  absl::StatusOr<std::string> any = writer.Write(test, {"e.atom", "e.type"});
  if (!any.ok()) return any.status();
  const std::string everywhere =
      absl::StrFormat("EXISTS(SELECT 1 FROM %s WHERE e.atom IS NOT NULL AND %s)",
                      EveryValue(test.field.path), *any);
  const std::string type = absl::StrFormat("json_type(document,%s)", quoted);
  if (const IsFlag* flag = std::get_if<IsFlag>(&test.test)) {
    return absl::StrFormat("CASE %s WHEN 'true' THEN %d WHEN 'false' THEN %d ELSE %s END", type,
                           flag->with_true, flag->with_false, everywhere);
  }
  const std::string usual = UsualType(test.field.type);
  absl::StatusOr<std::string> direct =
      writer.Write(test, {absl::StrFormat("json_extract(document,%s)", quoted), "'" + usual + "'"});
  if (!direct.ok()) return direct.status();
  return absl::StrFormat("CASE %s WHEN '%s' THEN %s WHEN 'null' THEN 0 ELSE %s END", type, usual,
                         *direct, everywhere);
}

absl::Status Join(const std::vector<ResolvedFilter>& filters, std::string_view with,
                  std::string& joined) {
  for (const ResolvedFilter& filter : filters) {
    absl::StatusOr<std::string> sql = FilterToSql(filter);
    if (!sql.ok()) return sql.status();
    if (!joined.empty()) joined += with;
    joined += "(" + *sql + ")";
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Write(const ResolvedBool& clauses) {
  const int minimum = clauses.minimum_should_match;
  if (minimum > static_cast<int>(clauses.should.size())) return std::string("0");
  std::string must;
  std::string must_not;
  std::string should;
  absl::Status joined = Join(clauses.must, " AND ", must);
  if (joined.ok()) joined = Join(clauses.must_not, " OR ", must_not);
  if (joined.ok() && minimum > 0) {
    joined = Join(clauses.should, minimum == 1 ? " OR " : "+", should);
  }
  if (!joined.ok()) return joined;
  if (minimum > 1) should = absl::StrFormat("(%s)>=%d", should, minimum);
  std::string all = must;
  if (!must_not.empty()) all += (all.empty() ? "" : " AND ") + ("NOT (" + must_not + ")");
  if (!should.empty()) all += (all.empty() ? "(" : " AND (") + should + ")";
  return all.empty() ? std::string("1") : all;
}

}  // namespace

absl::StatusOr<std::string> FilterToSql(const ResolvedFilter& filter) {
  return std::visit([](const auto& node) { return Write(node); }, filter.node);
}

}  // namespace indexswap
