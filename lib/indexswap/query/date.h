// Dates as OpenSearch and Elasticsearch read them: mapping formats, and date math such as `now/d`.
//
// Every function is pure and thread-safe; times are milliseconds since 1970 UTC.
#ifndef INDEXSWAP_QUERY_DATE_H_
#define INDEXSWAP_QUERY_DATE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace indexswap {

// A run of one pattern letter (`uuuu`), or a literal text between such runs.
struct DatePatternItem {
  char letter = 0;  // one of u M d H m s S, or 0 for a literal
  int width = 0;    // digits; exactly that many are read
  std::string literal;
};

// One format of a mapping's `format`.
struct DateFormat {
  enum class Kind {
    kPattern,       // `uuuu-MM-dd'T'HH:mm:ss.SSS`
    kOptionalTime,  // strict_date_optional_time: 2024, 2024-01, 2024-01-02, 2024-01-02T03:04Z ...
    kEpochMillis,
    kEpochSecond,
  };

  Kind kind = Kind::kPattern;
  std::vector<DatePatternItem> items;  // of kPattern
};

// A mapping's `format`: alternatives, tried in order.
struct DateFormats {
  std::string text;  // as the mapping has it
  std::vector<DateFormat> alternatives;

  // `a||b`; empty means strict_date_optional_time||epoch_millis. kInvalidArgument names a format
  // that is unknown, or that the embedded store does not read.
  static absl::StatusOr<DateFormats> Parse(std::string_view text);
};

// A date as it was written. What the text leaves out is nullopt, so that it can be rounded.
struct DateParts {
  std::optional<int64_t> epoch_ms;  // of the epoch formats; nothing else is set then
  int year = 1970;
  std::optional<int> month, day, hour, minute, second, millisecond;
  std::optional<int> offset_s;  // east of UTC, when the text has one
};

// nullopt when no alternative reads the whole of `text`, or when the day does not exist.
std::optional<DateParts> ParseDate(const DateFormats& formats, std::string_view text);

// What date math does to its anchor.
struct DateStep {
  enum class Kind { kAdd, kRound };

  Kind kind = Kind::kAdd;
  int64_t count = 0;  // of kAdd; may be negative
  char unit = 'd';    // y M w d H m s
};

// `now-1d/d`, or `2024-01-01||+1M/d`.
struct DateExpression {
  bool now = false;
  std::string anchor;  // when not `now`
  std::vector<DateStep> steps;

  // kInvalidArgument when `text` is no date math. The anchor is not read yet.
  static absl::StatusOr<DateExpression> Parse(std::string_view text);
};

// How an expression becomes a moment.
struct DateRounding {
  std::string zone;  // IANA name or offset, empty for UTC: where days begin and texts are read
  bool up = false;   // to the last millisecond of what is left out or rounded, not to the first
};

// The moment. kInvalidArgument when the anchor is none of `formats`, or the zone is unknown.
absl::StatusOr<int64_t> EvaluateDate(const DateExpression& expression, const DateFormats& formats,
                                     const DateRounding& rounding, int64_t now_ms);

// OK when `zone` is known.
absl::Status CheckTimeZone(std::string_view zone);

// From one change of a zone's offset to the next.
struct ZonePeriod {
  int64_t utc_from_s = 0;    // the first second, of UTC
  int64_t local_from_s = 0;  // the first second of local time that reads with this offset
  int64_t offset_s = 0;      // east of UTC
};

// The periods of `zone` from 1970 to the end of `last_year`. The first begins at the smallest
// number, so every moment is in one. kInvalidArgument for an unknown zone.
absl::StatusOr<std::vector<ZonePeriod>> ZonePeriods(std::string_view zone, int last_year);

// `text` in the pattern `format`, of a moment in UTC.
std::string FormatDate(const DateFormat& format, int64_t ms);

// The unit that the last item of a pattern counts, in milliseconds (a day for `uuuu-MM-dd`), or 0
// when texts of the pattern do not sort like the dates that they stand for.
int64_t SortableResolutionMs(const DateFormat& format);

}  // namespace indexswap

#endif  // INDEXSWAP_QUERY_DATE_H_
