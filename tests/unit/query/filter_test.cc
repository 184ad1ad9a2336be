#include "indexswap/query/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace indexswap {
namespace {

using ::testing::HasSubstr;

Filter Parse(std::string_view query) {
  absl::StatusOr<Filter> filter = ParseFilter(query);
  EXPECT_TRUE(filter.ok()) << query << ": " << filter.status();
  return filter.ok() ? *std::move(filter) : Filter{};
}

std::string Refusal(std::string_view query) {
  absl::StatusOr<Filter> filter = ParseFilter(query);
  EXPECT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument) << query;
  return std::string(filter.status().message());
}

TEST(ParseFilter, NoTextSelectsEverything) {
  EXPECT_TRUE(std::get<ConstantFilter>(Parse("").node).selects);
  EXPECT_TRUE(std::get<ConstantFilter>(Parse(R"({"match_all":{"boost":1.0}})").node).selects);
}

TEST(ParseFilter, TermHasAShortAndALongForm) {
  for (const char* query : {R"({"term":{"live":true}})", R"({"term":{"live":{"value":true}}})",
                            R"({"term":{"live":{"value":true,"boost":2}}})"}) {
    const TermsFilter term = std::get<TermsFilter>(Parse(query).node);
    EXPECT_EQ(term.field, "live");
    ASSERT_EQ(term.values.size(), 1u);
    EXPECT_TRUE(std::get<bool>(term.values[0]));
  }
}

TEST(ParseFilter, TermsOfNothingSelectsNone) {
  EXPECT_FALSE(std::get<ConstantFilter>(Parse(R"({"terms":{"code":[]}})").node).selects);
  EXPECT_EQ(std::get<TermsFilter>(Parse(R"({"terms":{"code":["a",1,1.5]}})").node).values.size(),
            3u);
}

TEST(ParseFilter, RangeKeepsItsBounds) {
  const RangeFilter range = std::get<RangeFilter>(
      Parse(R"({"range":{"day":{"gte":"now/d","lt":"2030-01-01","time_zone":"Europe/London",
                "format":"uuuu-MM-dd"}}})")
          .node);
  EXPECT_EQ(range.field, "day");
  EXPECT_TRUE(range.lower->inclusive);
  EXPECT_FALSE(range.upper->inclusive);
  EXPECT_EQ(ToText(range.lower->value), "now/d");
  EXPECT_EQ(range.time_zone, "Europe/London");
  EXPECT_EQ(range.format, "uuuu-MM-dd");
}

TEST(ParseFilter, MinimumShouldMatchFollowsTheDefaultRule) {
  const auto minimum = [](std::string_view query) {
    return std::get<BoolFilter>(Parse(query).node).minimum_should_match;
  };
  const std::string should = R"("should":[{"match_all":{}},{"match_all":{}},{"match_all":{}}])";
  EXPECT_EQ(minimum("{\"bool\":{" + should + "}}"), 1);
  EXPECT_EQ(minimum("{\"bool\":{" + should + R"(,"must_not":{"match_all":{}}}})"), 1);
  EXPECT_EQ(minimum("{\"bool\":{" + should + R"(,"filter":{"match_all":{}}}})"), 0);
  EXPECT_EQ(minimum("{\"bool\":{" + should + R"(,"must":[{"match_all":{}}]}})"), 0);
  EXPECT_EQ(minimum("{\"bool\":{" + should + R"(,"minimum_should_match":2}})"), 2);
  EXPECT_EQ(minimum("{\"bool\":{" + should + R"(,"minimum_should_match":"-1"}})"), 2);
  EXPECT_EQ(minimum("{\"bool\":{" + should + R"(,"minimum_should_match":-5}})"), 0);
  EXPECT_EQ(minimum(R"({"bool":{}})"), 0);
}

TEST(ParseFilter, WhatItCanNotTranslateIsRefusedByName) {
  EXPECT_THAT(Refusal(R"({"script":{"script":"doc.a != doc.b"}})"), HasSubstr("`script`"));
  EXPECT_THAT(Refusal(R"({"wildcard":{"a":"b*"}})"), HasSubstr("use match_all, term"));
  EXPECT_THAT(Refusal(R"({"bool":{"must":[{"match":{"a":"b"}}]}})"), HasSubstr("`match`"));
  EXPECT_THAT(Refusal(R"({"term":{"a":{"value":"b","case_insensitive":true}}})"),
              HasSubstr("`case_insensitive`"));
  EXPECT_THAT(Refusal(R"({"terms":{"a":{"index":"b","id":"1","path":"c"}}})"), HasSubstr("list"));
  EXPECT_THAT(Refusal(R"({"range":{"a":{"gte":1,"relation":"WITHIN"}}})"), HasSubstr("`relation`"));
  EXPECT_THAT(Refusal(R"({"bool":{"should":[],"minimum_should_match":"75%"}})"),
              HasSubstr("minimum_should_match"));
  EXPECT_THAT(Refusal(R"({"bool":{"mustnt":[]}})"), HasSubstr("`mustnt`"));
}

TEST(ParseFilter, WhatIsNoQueryIsRefused) {
  for (const char* query :
       {"{", "[]", "{}", R"({"term":{"a":1},"exists":{"field":"b"}})", R"({"term":{}})",
        R"({"term":{"a":1,"b":2}})", R"({"term":{"a":null}})", R"({"term":{"a":[1]}})",
        R"({"exists":{}})", R"({"exists":{"field":1}})", R"({"range":{"a":5}})",
        R"({"range":{"a":{"gt":1,"gte":2}}})", R"({"bool":[]})", R"({"bool":{"must":"x"}})"}) {
    Refusal(query);
  }
}

TEST(ToText, WritesValuesAsAServerReadsThem) {
  EXPECT_EQ(ToText(true), "true");
  EXPECT_EQ(ToText(int64_t{-12}), "-12");
  EXPECT_EQ(ToText(0.5), "0.5");
  EXPECT_EQ(ToText(std::string("x")), "x");
}

}  // namespace
}  // namespace indexswap
