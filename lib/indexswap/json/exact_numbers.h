// Numbers of JSON text as they are written. Includes Boost.JSON's forward declarations only.
#ifndef INDEXSWAP_JSON_EXACT_NUMBERS_H_
#define INDEXSWAP_JSON_EXACT_NUMBERS_H_

#include <boost/json/fwd.hpp>
#include <string_view>

namespace indexswap {

// Boost.JSON 1.81 reads about one fraction in twelve as the neighbour of the number that is
// written, and one that is read and printed again and again may move each time. Puts the nearest
// number into each floating-point value of `value`, which was parsed from `text`. Costs a walk
// where there is none. Leaves all as they are where keys of an object are repeated.
void MakeNumbersExact(std::string_view text, boost::json::value& value);

}  // namespace indexswap

#endif  // INDEXSWAP_JSON_EXACT_NUMBERS_H_
