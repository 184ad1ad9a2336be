#include "indexswap/query/resolved_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace indexswap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kMappings[] = R"json({"dynamic":"false","properties":{
  "text":{"type":"text","fields":{"keyword":{"type":"keyword","ignore_above":256}}},
  "flag":{"type":"boolean"},"number":{"type":"long"},
  "day":{"type":"date","format":"uuuu-MM-dd"},
  "inner":{"properties":{"code":{"type":"keyword"}}},
  "open":{"dynamic":"true","properties":{}},
  "list":{"type":"nested","properties":{"id":{"type":"keyword"}}}}})json";

absl::StatusOr<ResolvedFilter> Resolve(std::string_view query) {
  static const ParsedMapping mapping = ParsedMapping::Parse(kMappings).value();
  return ResolveFilter(ParseFilter(query).value(), mapping);
}

std::string Refusal(std::string_view query) {
  absl::StatusOr<ResolvedFilter> resolved = Resolve(query);
  EXPECT_EQ(resolved.status().code(), absl::StatusCode::kInvalidArgument) << query;
  return std::string(resolved.status().message());
}

FieldTest TestOf(std::string_view query) {
  absl::StatusOr<ResolvedFilter> resolved = Resolve(query);
  EXPECT_TRUE(resolved.ok()) << resolved.status();
  return resolved.ok() ? std::get<FieldTest>(resolved->node) : FieldTest{};
}

TEST(ResolveFilter, SubFieldsReadTheirParentsPath) {
  const FieldTest test = TestOf(R"({"term":{"text.keyword":12}})");
  EXPECT_THAT(test.field.path, ElementsAre("text"));
  EXPECT_EQ(test.field.ignore_above, std::optional<size_t>(256));
  EXPECT_THAT(std::get<IsText>(test.test).values, ElementsAre("12"));
  EXPECT_THAT(TestOf(R"({"term":{"inner.code":"x"}})").field.path, ElementsAre("inner", "code"));
}

TEST(ResolveFilter, FieldsThatAreNotThereSelectNothing) {
  for (const char* query : {R"({"term":{"nosuch":1}})", R"({"exists":{"field":"inner.x"}})",
                            R"({"range":{"text.raw":{"gt":1}}})", R"({"term":{"inner":1}})"}) {
    absl::StatusOr<ResolvedFilter> resolved = Resolve(query);
    ASSERT_TRUE(resolved.ok()) << resolved.status();
    EXPECT_FALSE(std::get<ConstantFilter>(resolved->node).selects) << query;
  }
}

TEST(ResolveFilter, WhatOnlyAServerCanAnswerIsRefusedWithARemedy) {
  EXPECT_THAT(Refusal(R"({"term":{"text":"x"}})"), HasSubstr("`.keyword`"));
  EXPECT_THAT(Refusal(R"({"term":{"list.id":"x"}})"), HasSubstr("nested"));
  EXPECT_THAT(Refusal(R"({"term":{"open.x":"x"}})"), HasSubstr("declare it"));
  EXPECT_THAT(Refusal(R"({"term":{"_id":"x"}})"), HasSubstr("server's own"));
  EXPECT_THAT(Refusal(R"({"range":{"text":{"gt":"x"}}})"), HasSubstr("[text]"));
  EXPECT_THAT(Refusal(R"({"range":{"number":{"gt":1,"time_zone":"UTC"}}})"), HasSubstr("date"));
}

TEST(ResolveFilter, ValuesAreOfTheirFieldsType) {
  EXPECT_THAT(Refusal(R"({"term":{"flag":"yes"}})"), HasSubstr("`yes`"));
  Refusal(R"({"term":{"flag":1}})");
  Refusal(R"({"term":{"number":"abc"}})");
  Refusal(R"({"term":{"number":true}})");
  EXPECT_THAT(Refusal(R"({"range":{"day":{"gt":"2024-02-30"}}})"), HasSubstr("uuuu-MM-dd"));
  EXPECT_THAT(Refusal(R"({"range":{"day":{"gt":"now/d","time_zone":"Mars/Base"}}})"),
              HasSubstr("Mars/Base"));
  EXPECT_EQ(std::get<FilterValue>(std::variant<FilterValue>(
                std::get<IsNumber>(TestOf(R"({"term":{"number":"12"}})").test).values[0])),
            FilterValue(int64_t{12}));
}

TEST(ResolveFilter, BoundsOfDatesAreRoundedToTheSideThatCounts) {
  constexpr int64_t kDay = 86'400'000;
  const auto between = [](std::string_view range) {
    return std::get<DateBetween>(TestOf(R"({"range":{"day":)" + std::string(range) + "}}").test);
  };
  EXPECT_EQ(between(R"({"gte":"1970-01-03"})").lower->ms, 2 * kDay);
  EXPECT_EQ(between(R"({"gt":"1970-01-03"})").lower->ms, 3 * kDay);
  EXPECT_EQ(between(R"({"lt":"1970-01-03"})").upper->ms, 2 * kDay - 1);
  EXPECT_EQ(between(R"({"lte":"1970-01-03"})").upper->ms, 3 * kDay - 1);
  EXPECT_EQ(between(R"({"lte":"03.01.1970","format":"dd.MM.uuuu"})").upper->ms, 3 * kDay - 1);
  const DateBetween today = between(R"({"gt":"now/d"})");
  EXPECT_FALSE(today.lower->ms.has_value());
  EXPECT_EQ(EvaluateBound(*today.lower, kDay + 5).value(), 2 * kDay);
}

TEST(FixNow, EvaluatesEveryBound) {
  absl::StatusOr<ResolvedFilter> resolved =
      Resolve(R"({"bool":{"must_not":[{"range":{"day":{"gte":"now"}}}]}})");
  ASSERT_TRUE(resolved.ok());
  absl::StatusOr<ResolvedFilter> fixed = FixNow(*resolved, 77);
  ASSERT_TRUE(fixed.ok());
  const ResolvedFilter& inner = std::get<ResolvedBool>(fixed->node).must_not[0];
  EXPECT_EQ(std::get<DateBetween>(std::get<FieldTest>(inner.node).test).lower->ms, 77);
}

TEST(TimeZonesOf, NamesThoseThatDecideAtAnyTime) {
  absl::StatusOr<ResolvedFilter> resolved = Resolve(
      R"({"bool":{"should":[
        {"range":{"day":{"lt":"now/d","time_zone":"Europe/London"}}},
        {"range":{"day":{"lt":"now/d","gt":"now-1d","time_zone":"Asia/Tokyo"}}},
        {"range":{"day":{"lt":"2024-01-01","time_zone":"Europe/Berlin"}}},
        {"range":{"day":{"lt":"now"}}}]}})");
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_THAT(TimeZonesOf(*resolved), ElementsAre("Asia/Tokyo", "Europe/London"));
}

}  // namespace
}  // namespace indexswap
