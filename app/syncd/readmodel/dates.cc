#include "syncd/readmodel/dates.h"

#include <absl/strings/str_format.h>

#include <chrono>
#include <optional>

namespace syncd {
namespace {

constexpr std::string_view kDatePattern = "0000-00-00";
constexpr std::string_view kMinutePattern = "0000-00-00T00:00";
constexpr std::string_view kSecondPattern = "0000-00-00T00:00:00";
constexpr int64_t kNanosPerMilli = 1'000'000;

// Whether `text` begins with `pattern`, in which `0` stands for any digit and `T` for T or space.
bool Matches(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = text[i];
    const bool fits = pattern[i] == '0'   ? c >= '0' && c <= '9'
                      : pattern[i] == 'T' ? c == 'T' || c == ' '
                                          : c == pattern[i];
    if (!fits) return false;
  }
  return true;
}

int Digits(std::string_view text) {
  int value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return value;
}

// Whether the ten characters at the front, which match the pattern, are a day of the calendar.
bool IsDay(std::string_view text) {
  const std::chrono::year_month_day day(std::chrono::year(Digits(text.substr(0, 4))),
                                        std::chrono::month(Digits(text.substr(5, 2))),
                                        std::chrono::day(Digits(text.substr(8, 2))));
  return day.ok();
}

std::string FormatDate(int64_t year, int64_t month, int64_t day) {
  return absl::StrFormat("%04d-%02d-%02d", year, month, day);
}

std::string FormatTime(const std::string& date, int64_t hour, int64_t minute, int64_t second,
                       int64_t millis) {
  return absl::StrFormat("%sT%02d:%02d:%02d.%03d", date, hour, minute, second, millis);
}

// Takes `.` and digits off the front of `rest`; the first three digits, padded.
std::string TakeMillis(std::string_view& rest) {
  std::string millis = "000";
  if (!Matches(rest, ".0")) return millis;
  rest.remove_prefix(1);
  for (size_t i = 0; !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; ++i) {
    if (i < millis.size()) millis[i] = rest[0];
    rest.remove_prefix(1);
  }
  return millis;
}

// Jackson writes a date in three parts, and a date-time in five to seven.
bool AreDateParts(std::span<const int64_t> parts) {
  return parts.size() == 3 || (parts.size() >= 5 && parts.size() <= 7);
}

std::string JoinParts(std::span<const int64_t> parts) {
  std::string text;
  for (const int64_t part : parts) {
    absl::StrAppendFormat(&text, "%s%02d", text.empty() ? "" : "-", part);
  }
  return text;
}

// `text` in the form of a date-time, if it is one.
std::optional<std::string> ParseDateTime(std::string_view text) {
  if (!Matches(text, kDatePattern) || !IsDay(text)) return std::nullopt;
  const std::string date(text.substr(0, kDatePattern.size()));
  if (text.size() == kDatePattern.size()) return date + "T00:00:00.000";
  if (!Matches(text, kMinutePattern)) return std::nullopt;
  const bool has_second = Matches(text, kSecondPattern);
  const int hour = Digits(text.substr(11, 2));
  const int minute = Digits(text.substr(14, 2));
  const int second = has_second ? Digits(text.substr(17, 2)) : 0;
  std::string_view rest = text.substr(has_second ? kSecondPattern.size() : kMinutePattern.size());
  const std::string millis = has_second ? TakeMillis(rest) : "000";
  if (hour > 23 || minute > 59 || second > 59 || (!rest.empty() && rest != "Z"))
    return std::nullopt;
  return absl::StrFormat("%sT%02d:%02d:%02d.%s", date, hour, minute, second, millis);
}

}  // namespace

std::string DateFromText(std::string_view text) {
  if (Matches(text, kMinutePattern) && IsDay(text)) text = text.substr(0, kDatePattern.size());
  return std::string(text);
}

std::string DateTimeFromText(std::string_view text) {
  return ParseDateTime(text).value_or(std::string(text));
}

bool IsDate(std::string_view text) {
  return text.size() == kDatePattern.size() && Matches(text, kDatePattern) && IsDay(text);
}

bool IsDateTime(std::string_view text) { return ParseDateTime(text) == text; }

std::string DateFromParts(std::span<const int64_t> parts) {
  if (!AreDateParts(parts)) return JoinParts(parts);
  return FormatDate(parts[0], parts[1], parts[2]);
}

std::string DateTimeFromParts(std::span<const int64_t> parts) {
  if (!AreDateParts(parts)) return JoinParts(parts);
  const auto part = [&](size_t i) { return i < parts.size() ? parts[i] : 0; };
  return FormatTime(DateFromParts(parts), part(3), part(4), part(5), part(6) / kNanosPerMilli);
}

std::string DateFromMillis(int64_t millis) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(millis)};
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  return FormatDate(static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()));
}

std::string DateTimeFromMillis(int64_t millis) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(millis)};
  const std::chrono::hh_mm_ss clock(time - std::chrono::floor<std::chrono::days>(time));
  return FormatTime(DateFromMillis(millis), clock.hours().count(), clock.minutes().count(),
                    clock.seconds().count(), clock.subseconds().count());
}

}  // namespace syncd
