// Dates in SQL: the test of a stored value against two moments.
#ifndef INDEXSWAP_SQLITE_DATE_SQL_H_
#define INDEXSWAP_SQLITE_DATE_SQL_H_

#include <string>

#include "indexswap/query/resolved_filter.h"

namespace indexswap {

// `value` (SQL of a date's text, of one of `formats`) is between the bounds: 0 or 1. Bounds with
// `now` are taken when the SQL is evaluated, by the table indexswap_time_zone.
std::string DateTestToSql(const DateBetween& dates, const DateFormats& formats,
                          const std::string& value);

}  // namespace indexswap

#endif  // INDEXSWAP_SQLITE_DATE_SQL_H_
