#include "indexswap/query/search_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace indexswap {
namespace {

using ::testing::HasSubstr;

TEST(SearchBody, SelectsAndShows) {
  const auto search = ParseSearchBody(
      R"({"query":{"term":{"a":1}},"from":20,"size":5,"_source":false,"track_total_hits":true})");
  ASSERT_TRUE(search.ok()) << search.status();
  EXPECT_EQ(search->query, R"({"term":{"a":1}})");
  EXPECT_EQ(search->from, 20u);
  EXPECT_EQ(search->size, 5u);
  const auto empty = ParseSearchBody("{}");
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_EQ(empty->query, "");
  EXPECT_EQ(empty->size, 10u);
}

TEST(SearchBody, SaysWhatItDoesNotKnow) {
  const auto error = [](const char* body) { return ParseSearchBody(body).status(); };
  EXPECT_TRUE(absl::IsUnimplemented(error(R"({"sort":["a"]})")));
  EXPECT_THAT(std::string(error(R"({"aggs":{}})").message()), HasSubstr("`aggs`"));
  EXPECT_TRUE(absl::IsUnimplemented(error(R"({"query":{"wildcard":{"a":"*"}}})")));
  EXPECT_THAT(std::string(error(R"({"query":{"wildcard":{"a":"*"}}})").message()),
              HasSubstr("wildcard"));
  EXPECT_TRUE(absl::IsInvalidArgument(error(R"({"size":-1})")));
  EXPECT_TRUE(absl::IsInvalidArgument(error("[]")));
  EXPECT_TRUE(absl::IsInvalidArgument(error("")));
}

}  // namespace
}  // namespace indexswap
