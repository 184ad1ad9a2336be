// Date formats of a mapping: their parsing, and texts read and written in them.
#include "indexswap/query/date.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <array>
#include <utility>

namespace indexswap {
namespace {

constexpr int64_t kSecondMs = 1000;

// Reads from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // Exactly `width` digits.
  bool Digits(int width, int* value) {
    if (text_.size() < static_cast<size_t>(width)) return false;
    int number = 0;
    for (int i = 0; i < width; ++i) {
      const char c = text_[static_cast<size_t>(i)];
      if (c < '0' || c > '9') return false;
      number = number * 10 + (c - '0');
    }
    text_.remove_prefix(static_cast<size_t>(width));
    *value = number;
    return true;
  }

  bool Digits(int width, std::optional<int>* value) {
    int number = 0;
    if (!Digits(width, &number)) return false;
    *value = number;
    return true;
  }

  bool Literal(std::string_view literal) {
    if (!text_.starts_with(literal)) return false;
    text_.remove_prefix(literal.size());
    return true;
  }

  bool done() const { return text_.empty(); }
  bool AtDigit() const { return !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; }

 private:
  std::string_view text_;
};

bool IsLeap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

bool IsValid(const DateParts& parts) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int month = parts.month.value_or(1);
  const int day = parts.day.value_or(1);
  if (month < 1 || month > 12 || day < 1) return false;
  const int last = kDays[static_cast<size_t>(month - 1)] + (month == 2 && IsLeap(parts.year));
  return day <= last && parts.hour.value_or(0) < 24 && parts.minute.value_or(0) < 60 &&
         parts.second.value_or(0) < 60;
}

bool ReadFraction(Scanner& scan, int width, DateParts& parts) {
  int fraction = 0;
  if (!scan.Digits(width, &fraction)) return false;
  for (; width < 3; ++width) fraction *= 10;
  for (; width > 3; --width) fraction /= 10;
  parts.millisecond = fraction;
  return true;
}

bool ReadPattern(const DateFormat& format, std::string_view text, DateParts& parts) {
  Scanner scan(text);
  for (const DatePatternItem& item : format.items) {
    bool read = false;
    switch (item.letter) {
      case 0:
        read = scan.Literal(item.literal);
        break;
      case 'u':
        read = scan.Digits(item.width, &parts.year);
        break;
      case 'M':
        read = scan.Digits(item.width, &parts.month);
        break;
      case 'd':
        read = scan.Digits(item.width, &parts.day);
        break;
      case 'H':
        read = scan.Digits(item.width, &parts.hour);
        break;
      case 'm':
        read = scan.Digits(item.width, &parts.minute);
        break;
      case 's':
        read = scan.Digits(item.width, &parts.second);
        break;
      default:
        read = ReadFraction(scan, item.width, parts);
    }
    if (!read) return false;
  }
  return scan.done();
}

bool ReadOffset(Scanner& scan, DateParts& parts) {
  if (scan.Literal("Z")) {
    parts.offset_s = 0;
    return true;
  }
  const int sign = scan.Literal("+") ? 1 : scan.Literal("-") ? -1 : 0;
  int hours = 0;
  int minutes = 0;
  if (sign == 0 || !scan.Digits(2, &hours)) return false;
  if (!scan.done()) {
    scan.Literal(":");
    if (!scan.Digits(2, &minutes)) return false;
  }
  parts.offset_s = sign * (hours * 3600 + minutes * 60);
  return hours <= 18 && minutes < 60;
}

bool ReadOptionalTime(std::string_view text, DateParts& parts) {
  Scanner scan(text);
  if (!scan.Digits(4, &parts.year)) return false;
  if (scan.Literal("-") && !scan.Digits(2, &parts.month)) return false;
  if (parts.month && scan.Literal("-") && !scan.Digits(2, &parts.day)) return false;
  if (parts.day && scan.Literal("T") && !scan.done()) {
    if (!scan.Digits(2, &parts.hour)) return false;
    if (scan.Literal(":") && !scan.Digits(2, &parts.minute)) return false;
    if (parts.minute && scan.Literal(":") && !scan.Digits(2, &parts.second)) return false;
    if (parts.second && (scan.Literal(".") || scan.Literal(","))) {
      int width = 0;
      int fraction = 0;
      for (int digit = 0; width < 9 && scan.AtDigit(); ++width) {
        scan.Digits(1, &digit);
        if (width < 3) fraction = fraction * 10 + digit;
      }
      if (width == 0) return false;
      for (; width < 3; ++width) fraction *= 10;
      parts.millisecond = fraction;
    }
    if (!scan.done() && !ReadOffset(scan, parts)) return false;
  }
  return scan.done();
}

bool ReadEpoch(std::string_view text, int64_t unit_ms, DateParts& parts) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  int64_t number = 0;
  if (digits.empty() || digits.size() > 15 || !absl::SimpleAtoi(std::string(text), &number)) {
    return false;
  }
  parts.epoch_ms = number * unit_ms;
  return true;
}

bool Read(const DateFormat& format, std::string_view text, DateParts& parts) {
  switch (format.kind) {
    case DateFormat::Kind::kPattern:
      return ReadPattern(format, text, parts) && IsValid(parts);
    case DateFormat::Kind::kOptionalTime:
      return ReadOptionalTime(text, parts) && IsValid(parts);
    case DateFormat::Kind::kEpochMillis:
      return ReadEpoch(text, 1, parts);
    case DateFormat::Kind::kEpochSecond:
      return ReadEpoch(text, kSecondMs, parts);
  }
  return false;
}

absl::Status UnknownFormat(std::string_view format) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "date format `%s` is unknown to the embedded store; use strict_date_optional_time, "
      "epoch_millis, epoch_second, or a pattern of uuuu MM dd HH mm ss SSS and 'literals'",
      format));
}

// Only widths of which the digits are counted are read; `u` and `y` mean the same here.
bool IsKnownRun(char letter, int width) {
  return letter == 'u' ? width == 4 : letter == 'S' ? width <= 9 : width == 2;
}

absl::StatusOr<DateFormat> ParsePattern(std::string_view pattern) {
  DateFormat format;
  auto literal = [&format](char c) {
    if (format.items.empty() || format.items.back().letter != 0) format.items.emplace_back();
    format.items.back().literal += c;
  };
  for (size_t i = 0; i < pattern.size();) {
    const char c = pattern[i];
    if (c == '\'') {
      const size_t end = pattern.find('\'', i + 1);
      if (end == std::string_view::npos) return UnknownFormat(pattern);
      if (end == i + 1) literal('\'');
      for (size_t k = i + 1; k < end; ++k) literal(pattern[k]);
      i = end + 1;
    } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      const size_t end = std::min(pattern.find_first_not_of(c, i), pattern.size());
      const char letter = c == 'y' ? 'u' : c;
      const int width = static_cast<int>(end - i);
      if (std::string_view("uMdHmsS").find(letter) == std::string_view::npos ||
          !IsKnownRun(letter, width)) {
        return UnknownFormat(pattern);
      }
      format.items.push_back({letter, width, ""});
      i = end;
    } else {
      if (std::string_view("[]{}#").find(c) != std::string_view::npos) {
        return UnknownFormat(pattern);
      }
      literal(c);
      ++i;
    }
  }
  if (format.items.empty()) return UnknownFormat(pattern);
  return format;
}

absl::StatusOr<DateFormat> ParseFormat(std::string_view name) {
  using Kind = DateFormat::Kind;
  if (name == "strict_date_optional_time" || name == "date_optional_time" ||
      name == "strict_date_optional_time_nanos") {
    return DateFormat{Kind::kOptionalTime, {}};
  }
  if (name == "epoch_millis") return DateFormat{Kind::kEpochMillis, {}};
  if (name == "epoch_second") return DateFormat{Kind::kEpochSecond, {}};
  if (name == "strict_date" || name == "date") return ParsePattern("uuuu-MM-dd");
  if (name == "basic_date" || name == "strict_basic_date") return ParsePattern("uuuuMMdd");
  return ParsePattern(name);
}

}  // namespace

absl::StatusOr<DateFormats> DateFormats::Parse(std::string_view text) {
  DateFormats formats;
  formats.text = text.empty() ? "strict_date_optional_time||epoch_millis" : std::string(text);
  std::string_view rest = formats.text;
  while (true) {
    const size_t bar = rest.find("||");
    absl::StatusOr<DateFormat> format = ParseFormat(rest.substr(0, bar));
    if (!format.ok()) return format.status();
    formats.alternatives.push_back(*std::move(format));
    if (bar == std::string_view::npos) return formats;
    rest.remove_prefix(bar + 2);
  }
}

std::optional<DateParts> ParseDate(const DateFormats& formats, std::string_view text) {
  for (const DateFormat& format : formats.alternatives) {
    DateParts parts;
    if (Read(format, text, parts)) return parts;
  }
  return std::nullopt;
}

std::string FormatDate(const DateFormat& format, int64_t ms) {
  const absl::CivilSecond second =
      absl::ToCivilSecond(absl::FromUnixMillis(ms), absl::UTCTimeZone());
  const int64_t millisecond = ((ms % kSecondMs) + kSecondMs) % kSecondMs;
  std::string text;
  for (const DatePatternItem& item : format.items) {
    switch (item.letter) {
      case 0:
        text += item.literal;
        break;
      case 'u':
        text += absl::StrFormat("%04d", second.year());
        break;
      case 'M':
        text += absl::StrFormat("%02d", second.month());
        break;
      case 'd':
        text += absl::StrFormat("%02d", second.day());
        break;
      case 'H':
        text += absl::StrFormat("%02d", second.hour());
        break;
      case 'm':
        text += absl::StrFormat("%02d", second.minute());
        break;
      case 's':
        text += absl::StrFormat("%02d", second.second());
        break;
      default:
        text += absl::StrFormat("%03d", millisecond);
    }
  }
  return text;
}

int64_t SortableResolutionMs(const DateFormat& format) {
  constexpr std::string_view kOrder = "uMdHmsS";
  constexpr std::array<int64_t, 7> kUnits = {0, 0, 86'400'000, 3'600'000, 60'000, kSecondMs, 1};
  size_t next = 0;
  for (const DatePatternItem& item : format.items) {
    if (item.letter == 0) continue;
    if (next == kOrder.size() || item.letter != kOrder[next]) return 0;
    if (item.letter == 'S' && item.width != 3) return 0;
    ++next;
  }
  return format.kind == DateFormat::Kind::kPattern && next > 0 ? kUnits[next - 1] : 0;
}

}  // namespace indexswap
