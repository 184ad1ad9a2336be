#include "indexswap/sqlite/date_sql.h"

#include <absl/strings/str_format.h>

#include <string_view>
#include <utility>
#include <vector>

#include "indexswap/sqlite/connection.h"

namespace indexswap {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kYear10000Ms = 253'402'300'800'000;
constexpr int64_t kYear0Ms = -62'167'219'200'000;

// The offset in force. `column` is utc_from for a moment, local_from for a local time.
std::string OffsetMs(const std::string& zone, const char* column, const char* ms) {
  if (zone.empty()) return "0";
  return absl::StrFormat(
      "1000*(SELECT offset_s FROM indexswap_time_zone WHERE zone=%s AND %s<=%s/1000 "
      "ORDER BY utc_from DESC LIMIT 1)",
      QuoteText(zone), column, ms);
}

// A chain of expressions, each over `t`, the value of the one before it. As common table
// expressions: nested subqueries would overflow SQLite's parser, and be copied into one another.
class Chain {
 public:
  explicit Chain(std::string first) : steps_{std::move(first)} {}

  Chain& Then(std::string expression) {
    steps_.push_back(std::move(expression));
    return *this;
  }

  // A local time from a moment, and back.
  Chain& ToLocal(const std::string& zone) { return Then("t+" + OffsetMs(zone, "utc_from", "t")); }
  Chain& ToMoment(const std::string& zone) {
    return Then("t-" + OffsetMs(zone, "local_from", "t"));
  }

  // A scalar subquery, which does not depend on the row: SQLite evaluates it once.
  std::string Sql() const {
    std::string sql = "(WITH n0(t) AS MATERIALIZED (SELECT " + steps_[0] + ")";
    for (size_t i = 1; i < steps_.size(); ++i) {
      sql += absl::StrFormat(",n%d(t) AS MATERIALIZED (SELECT %s FROM n%d)", i, steps_[i], i - 1);
    }
    return sql + absl::StrFormat(" SELECT t FROM n%d)", steps_.size() - 1);
  }

 private:
  std::vector<std::string> steps_;
};

// t rounded down to a multiple of `unit`, also before 1970.
std::string FloorTo(int64_t unit) { return absl::StrFormat("t-(t%%%d+%d)%%%d", unit, unit, unit); }

std::string FloorLocal(char unit) {
  switch (unit) {
    case 'y':
      return "1000*unixepoch(strftime('%Y-01-01',t/1000,'unixepoch'))";
    case 'M':
      return "1000*unixepoch(strftime('%Y-%m-01',t/1000,'unixepoch'))";
    case 'w':  // 1970-01-01 was a Thursday
      return "t-((t+259200000)%604800000+604800000)%604800000";
    case 'd':
      return FloorTo(kDayMs);
    case 'H':
      return FloorTo(3'600'000);
    case 'm':
      return FloorTo(60'000);
    default:
      return FloorTo(1000);
  }
}

// SQLite's `+1 month` runs over into the month after; date math ends at the last day.
std::string AddMonthsLocal(int64_t months) {
  return absl::StrFormat(
      "1000*unixepoch(min(date(t/1000,'unixepoch','%+d months'),"
      "date(t/1000,'unixepoch','start of month','%+d months','-1 day')))+(t%%%d+%d)%%%d",
      months, months + 1, kDayMs, kDayMs, kDayMs);
}

void AddTo(Chain& chain, int64_t count, char unit, const std::string& zone) {
  switch (unit) {
    case 'H':
      chain.Then(absl::StrFormat("t%+d", count * 3'600'000));
      break;
    case 'm':
      chain.Then(absl::StrFormat("t%+d", count * 60'000));
      break;
    case 's':
      chain.Then(absl::StrFormat("t%+d", count * 1000));
      break;
    case 'y':
    case 'M':
      chain.ToLocal(zone).Then(AddMonthsLocal(unit == 'y' ? count * 12 : count)).ToMoment(zone);
      break;
    default:
      chain.ToLocal(zone)
          .Then(absl::StrFormat("t%+d", count * (unit == 'w' ? 7 * kDayMs : kDayMs)))
          .ToMoment(zone);
  }
}

void Round(Chain& chain, char unit, const DateRounding& rounding) {
  chain.ToLocal(rounding.zone).Then(FloorLocal(unit)).ToMoment(rounding.zone);
  if (rounding.up) {
    AddTo(chain, 1, unit, rounding.zone);
    chain.Then("t-1");
  }
}

// The moment of a bound that depends on `now`.
Chain ToChain(const DateBound& bound) {
  Chain chain("CAST(round((julianday('now')-2440587.5)*86400000.0) AS INTEGER)");
  for (const DateStep& step : bound.expression.steps) {
    if (step.kind == DateStep::Kind::kRound) {
      Round(chain, step.unit, bound.rounding);
    } else {
      AddTo(chain, step.count, step.unit, bound.rounding.zone);
    }
  }
  return chain.Then(absl::StrFormat("t%+d", bound.adjust_ms));
}

// The pattern of strftime that writes what `format` reads.
std::string StrftimePattern(const DateFormat& format) {
  std::string pattern;
  for (size_t i = 0; i < format.items.size(); ++i) {
    const DatePatternItem& item = format.items[i];
    switch (item.letter) {
      case 0:
        for (char c : item.literal) pattern += c == '%' ? "%%" : std::string(1, c);
        break;
      case 'u':
        pattern += "%Y";
        break;
      case 'd':
        pattern += "%d";
        break;
      case 'm':
        pattern += "%M";
        break;
      case 'M':
        pattern += "%m";
        break;
      case 'H':
        pattern += "%H";
        break;
      case 's':
        pattern += "%S";
        break;
      default:  // of %f, which is SS.SSS, only the digits behind the point: cut out below
        pattern += "%f";
    }
  }
  return pattern;
}

// Whether strftime can write the format: milliseconds only as `ss.SSS`.
bool CanWrite(const DateFormat& format) {
  return StrftimePattern(format).find("%f") == std::string::npos ||
         StrftimePattern(format).find("%S.%f") != std::string::npos;
}

// A bound as a text that compares with stored texts of a sortable format.
std::string SortableBound(const DateBound& bound, const DateFormat& format, bool lower) {
  const int64_t unit = SortableResolutionMs(format);
  if (bound.ms) {
    int64_t at = *bound.ms - ((*bound.ms % unit) + unit) % unit;
    if (lower && at < *bound.ms) at += unit;
    if (at >= kYear10000Ms) return "'9999-99'";
    return at < kYear0Ms ? "''" : QuoteText(FormatDate(format, at));
  }
  std::string pattern = StrftimePattern(format);
  if (const size_t at = pattern.find("%S.%f"); at != std::string::npos) {
    pattern.replace(at, 5, "%f");
  }
  const std::string rounded =
      lower ? absl::StrFormat("t+(%d-t%%%d)%%%d", unit, unit, unit) : FloorTo(unit);
  // Years that strftime can't write lie beyond every stored date.
  return ToChain(bound)
      .Then(rounded)
      .Then(absl::StrFormat("ifnull(strftime(%s,t/1000.0,'unixepoch'),iif(t>0,'9999-99',''))",
                            QuoteText(pattern)))
      .Sql();
}

// The digits of a fixed-width pattern, as a GLOB and as the ISO text that SQLite reads.
void AppendPattern(const DateFormat& format, const std::string& value, std::string& cases) {
  std::string glob;
  std::string iso = "'1970-01-01T00:00:00'";
  std::string parts[6];  // u M d H m s
  std::string millis = "0";
  size_t at = 1;
  for (const DatePatternItem& item : format.items) {
    const size_t kind = std::string_view("uMdHms").find(item.letter);
    const size_t width = item.letter == 0 ? item.literal.size() : static_cast<size_t>(item.width);
    for (size_t i = 0; i < width; ++i) {
      if (item.letter != 0) {
        glob += "[0-9]";
      } else if (std::string_view("*?[").find(item.literal[i]) != std::string_view::npos) {
        glob += absl::StrFormat("[%c]", item.literal[i]);
      } else {
        glob += item.literal[i];
      }
    }
    if (item.letter == 'S') {
      millis =
          absl::StrFormat("CAST(substr(substr(%s,%d,%d)||'00',1,3) AS INTEGER)", value, at, width);
    } else if (item.letter != 0) {
      parts[kind] = absl::StrFormat("substr(%s,%d,%d)", value, at, width);
    }
    at += width;
  }
  const char* defaults[] = {"'1970'", "'01'", "'01'", "'00'", "'00'", "'00'"};
  for (size_t i = 0; i < 6; ++i) {
    if (parts[i].empty()) parts[i] = defaults[i];
  }
  iso = absl::StrFormat("%s||'-'||%s||'-'||%s||'T'||%s||':'||%s||':'||%s", parts[0], parts[1],
                        parts[2], parts[3], parts[4], parts[5]);
  cases += absl::StrFormat(" WHEN %s GLOB %s THEN 1000*unixepoch(%s)+%s", value, QuoteText(glob),
                           iso, millis);
}

// The texts of strict_date_optional_time, made into what SQLite reads.
void AppendOptionalTime(const std::string& value, std::string& cases) {
  const std::string ms = "CAST(round((julianday(%s)-2440587.5)*86400000.0) AS INTEGER)";
  const char* rows[][2] = {
      {"[0-9][0-9][0-9][0-9]", "v||'-01-01'"},
      {"[0-9][0-9][0-9][0-9]-[0-9][0-9]", "v||'-01'"},
      {"????[-]??[-]??T", "substr(v,1,10)"},
      {"????[-]??[-]??T??", "v||':00'"},
      {"????[-]??[-]??T??Z", "substr(v,1,13)||':00'"},
      {"????[-]??[-]??T*[+-][0-9][0-9][0-9][0-9]", "substr(v,1,length(v)-2)||':'||substr(v,-2)"},
      {"????[-]??[-]??T*[+-][0-9][0-9]", "v||':00'"},
      {"????[-]??[-]??T*", "v"},
      {"????[-]??[-]??", "v"},
  };
  for (const auto& row : rows) {
    std::string iso;
    for (const char* c = row[1]; *c != '\0'; ++c) {
      // `v` stands alone in these texts; everything else is a function or a literal without it.
      iso += *c == 'v' ? value : std::string(1, *c);
    }
    std::string text = ms;
    text.replace(text.find("%s"), 2, "replace(" + iso + ",',','.')");
    cases += absl::StrFormat(" WHEN %s GLOB '%s' THEN %s", value, row[0], text);
  }
}

std::string ValueMs(const DateFormats& formats, const std::string& value) {
  std::string cases = "CASE";
  for (const DateFormat& format : formats.alternatives) {
    switch (format.kind) {
      case DateFormat::Kind::kPattern:
        AppendPattern(format, value, cases);
        break;
      case DateFormat::Kind::kOptionalTime:
        AppendOptionalTime(value, cases);
        break;
      case DateFormat::Kind::kEpochMillis:
        cases += absl::StrFormat(" WHEN ltrim(%s,'-0123456789')='' THEN CAST(%s AS INTEGER)", value,
                                 value);
        break;
      case DateFormat::Kind::kEpochSecond:
        cases += absl::StrFormat(" WHEN ltrim(%s,'-0123456789')='' THEN 1000*CAST(%s AS INTEGER)",
                                 value, value);
        break;
    }
  }
  return cases + " END";
}

}  // namespace

std::string DateTestToSql(const DateBetween& dates, const DateFormats& formats,
                          const std::string& value) {
  const bool sortable = formats.alternatives.size() == 1 &&
                        SortableResolutionMs(formats.alternatives[0]) > 0 &&
                        CanWrite(formats.alternatives[0]);
  std::string test;
  for (const bool lower : {true, false}) {
    const std::optional<DateBound>& bound = lower ? dates.lower : dates.upper;
    if (!bound) continue;
    if (!test.empty()) test += " AND ";
    test += sortable ? value : ValueMs(formats, value);
    test += lower ? ">=" : "<=";
    test += sortable    ? SortableBound(*bound, formats.alternatives[0], lower)
            : bound->ms ? std::to_string(*bound->ms)
                        : ToChain(*bound).Sql();
  }
  // A form that a server reads and SQLite doesn't, such as an hour without minutes, is not
  // selected.
  return sortable ? "(" + test + ")" : "ifnull(" + test + ",0)";
}

}  // namespace indexswap
