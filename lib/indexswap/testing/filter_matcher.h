// Whether one document matches a filter: the filter's meaning, written without SQL.
#ifndef INDEXSWAP_TESTING_FILTER_MATCHER_H_
#define INDEXSWAP_TESTING_FILTER_MATCHER_H_

#include <cstdint>
#include <string_view>

#include "indexswap/query/resolved_filter.h"

namespace indexswap::testing {

// `document` is a JSON object that fits the mapping of `filter`. Pure.
bool Matches(const ResolvedFilter& filter, std::string_view document, int64_t now_ms);

}  // namespace indexswap::testing

#endif  // INDEXSWAP_TESTING_FILTER_MATCHER_H_
