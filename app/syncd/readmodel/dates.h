// Dates and date-times in all shapes in which the senders write them, in one shape.
//
// Pure and thread-safe. Shapes: Jackson's arrays, ISO strings with `T` or a space, and the
// `{"$date": …}` of MongoDB (its parts are taken apart by the caller).
#ifndef SYNCD_READMODEL_DATES_H_
#define SYNCD_READMODEL_DATES_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace syncd {

// The date part of `text` as it is written there, `2022-07-04`, whatever its time zone; a text of
// no known shape, or that is no day, as it is, so that the store refuses it by its own rules.
std::string DateFromText(std::string_view text);

// `text` as `2022-07-04T09:30:00.000`: milliseconds cut or padded, a missing time is midnight; a
// text of no known shape as it is.
std::string DateTimeFromText(std::string_view text);

// Whether `text` is a day of the calendar in the form that the functions here give it.
bool IsDate(std::string_view text);

// The same of a date-time.
bool IsDateTime(std::string_view text);

// From `[year, month, day, …]`. Parts that make no valid date are written all the same, padded with
// zeros: `2022-13-04`, `2022-07`.
std::string DateFromParts(std::span<const int64_t> parts);

// From `[year, month, day, hour, minute, second, nanosecond]`, of which all after day may miss.
std::string DateTimeFromParts(std::span<const int64_t> parts);

// From milliseconds since 1970, in UTC.
std::string DateFromMillis(int64_t millis);
std::string DateTimeFromMillis(int64_t millis);

}  // namespace syncd

#endif  // SYNCD_READMODEL_DATES_H_
