// JSON text in one canonical form, so that two texts of one value compare equal.
#ifndef INDEXSWAP_JSON_CANONICAL_H_
#define INDEXSWAP_JSON_CANONICAL_H_

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace indexswap {

// `text` parsed and printed again: keys sorted, no white space, integers as integers,
// fractions as the nearest number that a double can be. The empty
// text stays empty. kInvalidArgument when it is no JSON. Thread-safe.
absl::StatusOr<std::string> CanonicalJson(std::string_view text);

}  // namespace indexswap

#endif  // INDEXSWAP_JSON_CANONICAL_H_
