// Date math: what a moment such as `now-1d/d` is, and when the offsets of a zone change.
#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "indexswap/query/date.h"

namespace indexswap {
namespace {

constexpr int64_t kSecondMs = 1000;

absl::StatusOr<absl::TimeZone> LoadZone(std::string_view zone) {
  if (zone.empty() || zone == "Z" || zone == "UTC") {
    return absl::UTCTimeZone();
  }
  if (zone[0] == '+' || zone[0] == '-') {
    int hours = 0;
    int minutes = 0;
    if (zone.size() == 6 && zone[3] == ':' &&
        absl::SimpleAtoi(std::string(zone.substr(1, 2)), &hours) &&
        absl::SimpleAtoi(std::string(zone.substr(4, 2)), &minutes) && hours <= 18 && minutes < 60) {
      return absl::FixedTimeZone((zone[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60));
    }
    return absl::InvalidArgumentError(
        absl::StrFormat("time zone `%s` is no offset such as `+01:00`", zone));
  }
  absl::TimeZone loaded;
  if (!absl::LoadTimeZone(std::string(zone), &loaded)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "time zone `%s` is unknown; use an IANA name such as `Europe/London`", zone));
  }
  return loaded;
}

// Local time with milliseconds, in which date math is done.
struct LocalTime {
  absl::CivilSecond second;
  int64_t millisecond = 0;
};

int64_t ToMillis(const LocalTime& local, absl::TimeZone zone) {
  // `pre` of a skipped time counts on with the offset before, as Java's ZonedDateTime does.
  return absl::ToUnixMillis(zone.At(local.second).pre) + local.millisecond;
}

LocalTime ToLocal(int64_t ms, absl::TimeZone zone) {
  const absl::TimeZone::CivilInfo info = zone.At(absl::FromUnixMillis(ms));
  return {info.cs, ((ms % kSecondMs) + kSecondMs) % kSecondMs};
}

absl::CivilSecond AddMonths(absl::CivilSecond from, int64_t months) {
  const absl::CivilMonth month = absl::CivilMonth(from) + months;
  const absl::CivilDay last = absl::CivilDay(month + 1) - 1;
  const int day = std::min(from.day(), last.day());
  return absl::CivilSecond(month.year(), month.month(), day, from.hour(), from.minute(),
                           from.second());
}

absl::CivilSecond Floor(absl::CivilSecond from, char unit) {
  switch (unit) {
    case 'y':
      return absl::CivilSecond(absl::CivilYear(from));
    case 'M':
      return absl::CivilSecond(absl::CivilMonth(from));
    case 'w':
      return absl::CivilSecond(absl::PrevWeekday(absl::CivilDay(from) + 1, absl::Weekday::monday));
    case 'd':
      return absl::CivilSecond(absl::CivilDay(from));
    case 'H':
      return absl::CivilSecond(absl::CivilHour(from));
    case 'm':
      return absl::CivilSecond(absl::CivilMinute(from));
    default:
      return from;
  }
}

int64_t AddTo(int64_t ms, int64_t count, char unit, absl::TimeZone zone) {
  if (unit == 'H') return ms + count * 3600 * kSecondMs;
  if (unit == 'm') return ms + count * 60 * kSecondMs;
  if (unit == 's') return ms + count * kSecondMs;
  LocalTime local = ToLocal(ms, zone);
  if (unit == 'y' || unit == 'M') {
    local.second = AddMonths(local.second, unit == 'y' ? count * 12 : count);
  } else {
    const absl::CivilDay day = absl::CivilDay(local.second) + (unit == 'w' ? count * 7 : count);
    local.second = absl::CivilSecond(day) + (local.second - Floor(local.second, 'd'));
  }
  return ToMillis(local, zone);
}

int64_t Round(int64_t ms, char unit, bool up, absl::TimeZone zone) {
  LocalTime local{Floor(ToLocal(ms, zone).second, unit), 0};
  const int64_t floor = ToMillis(local, zone);
  return up ? AddTo(floor, 1, unit, zone) - 1 : floor;
}

absl::StatusOr<int64_t> ReadAnchor(const DateExpression& expression, const DateFormats& formats,
                                   bool up, absl::TimeZone zone) {
  const std::optional<DateParts> parts = ParseDate(formats, expression.anchor);
  if (!parts) {
    return absl::InvalidArgumentError(
        absl::StrFormat("`%s` is no date of the format `%s`", expression.anchor, formats.text));
  }
  if (parts->epoch_ms) return *parts->epoch_ms;
  if (parts->offset_s) zone = absl::FixedTimeZone(*parts->offset_s);
  const int month = parts->month.value_or(up ? 12 : 1);
  int day = parts->day.value_or(1);
  if (up && !parts->day) {
    day = (absl::CivilDay(absl::CivilMonth(parts->year, month) + 1) - 1).day();
  }
  const absl::CivilSecond second(parts->year, month, day, parts->hour.value_or(up ? 23 : 0),
                                 parts->minute.value_or(up ? 59 : 0),
                                 parts->second.value_or(up ? 59 : 0));
  return ToMillis({second, parts->millisecond.value_or(up ? 999 : 0)}, zone);
}

}  // namespace

absl::StatusOr<DateExpression> DateExpression::Parse(std::string_view text) {
  DateExpression expression;
  std::string_view rest;
  if (text.starts_with("now")) {
    expression.now = true;
    rest = text.substr(3);
  } else {
    const size_t bar = text.find("||");
    expression.anchor = text.substr(0, bar);
    rest = bar == std::string_view::npos ? std::string_view() : text.substr(bar + 2);
  }
  const auto malformed = [&] {
    return absl::InvalidArgumentError(
        absl::StrFormat("`%s` is no date math; expected such as `now-1d/d`", text));
  };
  while (!rest.empty()) {
    const char op = rest[0];
    if (op != '+' && op != '-' && op != '/') return malformed();
    rest.remove_prefix(1);
    size_t digits = rest.find_first_not_of("0123456789");
    if (digits == std::string_view::npos || digits > 9 || (op == '/' && digits > 0)) {
      return malformed();
    }
    int64_t count = 1;
    if (digits > 0 && !absl::SimpleAtoi(std::string(rest.substr(0, digits)), &count)) {
      return malformed();
    }
    const char unit = rest[digits] == 'h' ? 'H' : rest[digits];
    if (std::string_view("yMwdHms").find(unit) == std::string_view::npos) return malformed();
    expression.steps.push_back({op == '/' ? DateStep::Kind::kRound : DateStep::Kind::kAdd,
                                op == '-' ? -count : count, unit});
    rest.remove_prefix(digits + 1);
  }
  return expression;
}

absl::StatusOr<int64_t> EvaluateDate(const DateExpression& expression, const DateFormats& formats,
                                     const DateRounding& rounding, int64_t now_ms) {
  absl::StatusOr<absl::TimeZone> zone = LoadZone(rounding.zone);
  if (!zone.ok()) return zone.status();
  int64_t ms = now_ms;
  if (!expression.now) {
    // An anchor with date math behind it is read as its first millisecond.
    absl::StatusOr<int64_t> anchor =
        ReadAnchor(expression, formats, rounding.up && expression.steps.empty(), *zone);
    if (!anchor.ok()) return anchor.status();
    ms = *anchor;
  }
  for (const DateStep& step : expression.steps) {
    ms = step.kind == DateStep::Kind::kRound ? Round(ms, step.unit, rounding.up, *zone)
                                             : AddTo(ms, step.count, step.unit, *zone);
  }
  return ms;
}

absl::Status CheckTimeZone(std::string_view zone) { return LoadZone(zone).status(); }

absl::StatusOr<std::vector<ZonePeriod>> ZonePeriods(std::string_view zone, int last_year) {
  absl::StatusOr<absl::TimeZone> loaded = LoadZone(zone);
  if (!loaded.ok()) return loaded.status();
  const absl::Time epoch = absl::UnixEpoch();
  const absl::Time end = absl::FromCivil(absl::CivilYear(last_year) + 1, absl::UTCTimeZone());
  int64_t offset = loaded->At(epoch).offset;
  constexpr int64_t kEver = std::numeric_limits<int64_t>::min() / 2;
  std::vector<ZonePeriod> periods = {{kEver, kEver, offset}};
  absl::TimeZone::CivilTransition change;
  for (absl::Time at = epoch; loaded->NextTransition(at, &change);) {
    at = loaded->At(change.to).trans;
    if (at >= end) break;
    const int64_t from = absl::ToUnixSeconds(at);
    const int64_t after = loaded->At(at).offset;
    periods.push_back({from, from + std::max(offset, after), after});
    offset = after;
  }
  return periods;
}

}  // namespace indexswap
