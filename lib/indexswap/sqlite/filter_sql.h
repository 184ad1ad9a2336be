// A filter in the SQL of plain SQLite 3.40, as a condition on the column `document`.
#ifndef INDEXSWAP_SQLITE_FILTER_SQL_H_
#define INDEXSWAP_SQLITE_FILTER_SQL_H_

#include <absl/status/statusor.h>

#include <string>

#include "indexswap/query/resolved_filter.h"

namespace indexswap {

// A condition that is 0 or 1, never NULL, for every document that fits the mapping. `now` is taken
// when the condition is evaluated, with the zones' periods from the table indexswap_time_zone; see
// FixNow. kInvalidArgument for names that JSON paths can't hold. Known to differ from a server:
// ignore_above counts code points rather than UTF-16 units; keys with dots are not taken
// for paths; objects in lists of lists are not found.
absl::StatusOr<std::string> FilterToSql(const ResolvedFilter& filter);

}  // namespace indexswap

#endif  // INDEXSWAP_SQLITE_FILTER_SQL_H_
