#include "indexswap/json/exact_numbers.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdio>
#include <random>
#include <string>

#include "indexswap/json/canonical.h"

namespace indexswap {
namespace {

namespace json = boost::json;

TEST(ExactNumbers, AreTheNearestToWhatIsWritten) {
  std::mt19937_64 random(7);
  int moved = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double number =
        static_cast<double>(random() % 1'000'000'000) / static_cast<double>(1 + random() % 100'000);
    char digits[64];
    std::snprintf(digits, sizeof(digits), "%.17g", number);
    const std::string text = std::string("{\"a\\\"1\":[7,\"-2.5\"],\"n\":") + digits + "}";
    json::value value = json::parse(text);
    const json::value* found = value.as_object().if_contains("n");
    moved += found->to_number<double>() != number;
    MakeNumbersExact(text, value);
    ASSERT_EQ(found->to_number<double>(), number) << text;
    const std::string canonical = *CanonicalJson(text);
    ASSERT_EQ(*CanonicalJson(canonical), canonical);
  }
  EXPECT_GT(moved, 0) << "this Boost reads exactly: the file is no longer needed";
}

TEST(ExactNumbers, IntegersAndRepeatedKeysStay) {
  for (const std::string text :
       {R"([1,-2,"x",null,18446744073709551615])", R"({"a":1.5,"a":2.5})"}) {
    json::value value = json::parse(text);
    const json::value before = value;
    MakeNumbersExact(text, value);
    EXPECT_EQ(value, before);
  }
}

}  // namespace
}  // namespace indexswap
