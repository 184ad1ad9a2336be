// The search requests that a store without a search engine can carry out: those that only select.
#ifndef INDEXSWAP_QUERY_SEARCH_BODY_H_
#define INDEXSWAP_QUERY_SEARCH_BODY_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace indexswap {

// A search request that selects documents, and shows some of them.
struct SearchBody {
  std::string query;  // a filter that ParseFilter takes; empty selects everything
  uint64_t from = 0;
  uint64_t size = 10;
};

// Reads the body of a search request. kInvalidArgument: it is no JSON object. kUnimplemented names
// what selecting is not enough for: an order, an aggregation, a query that is no filter of
// ParseFilter. Thread-safe.
absl::StatusOr<SearchBody> ParseSearchBody(std::string_view body);

}  // namespace indexswap

#endif  // INDEXSWAP_QUERY_SEARCH_BODY_H_
