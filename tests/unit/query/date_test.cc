#include "indexswap/query/date.h"

#include <gtest/gtest.h>

namespace indexswap {
namespace {

DateFormats Formats(std::string_view text) {
  absl::StatusOr<DateFormats> formats = DateFormats::Parse(text);
  EXPECT_TRUE(formats.ok()) << formats.status();
  return formats.ok() ? *std::move(formats) : DateFormats{};
}

bool Reads(std::string_view format, std::string_view text) {
  return ParseDate(Formats(format), text).has_value();
}

TEST(DateFormats, DayPatternReadsDaysThatExist) {
  for (const char* day : {"2024-02-29", "0001-01-01", "2023-12-31"}) {
    EXPECT_TRUE(Reads("uuuu-MM-dd", day)) << day;
    EXPECT_TRUE(Reads("yyyy-MM-dd", day)) << day;
    EXPECT_TRUE(Reads("strict_date", day)) << day;
  }
  for (const char* day : {"2023-02-29", "1900-02-29", "2023-04-31", "2023-00-01", "2023-01-00",
                          "2023-13-01", "2023-1-1", "23-01-01", "2023-01-01T", " 2023-01-01",
                          "2023-01-01 ", "2023/01/01", "", "-2023-01-01", "２０２３-01-01"}) {
    EXPECT_FALSE(Reads("uuuu-MM-dd", day)) << day;
  }
}

TEST(DateFormats, TimePatternReadsExactWidths) {
  const char* pattern = "uuuu-MM-dd'T'HH:mm:ss.SSS";
  EXPECT_TRUE(Reads(pattern, "2023-01-01T00:00:00.000"));
  EXPECT_TRUE(Reads(pattern, "2023-01-01T23:59:59.999"));
  for (const char* time :
       {"2023-01-01T24:00:00.000", "2023-01-01T23:60:00.000", "2023-01-01T23:00:60.000",
        "2023-01-01T23:00:00", "2023-01-01", "2023-01-01T23:00:00.00", "2023-01-01T23:00:00.0000",
        "2023-01-01t23:00:00.000", "2023-01-01T23:00:00.000Z"}) {
    EXPECT_FALSE(Reads(pattern, time)) << time;
  }
}

TEST(DateFormats, OptionalTimeReadsEveryPrecision) {
  for (const char* time : {"2023", "2023-01", "2023-01-02", "2023-01-02T", "2023-01-02T03",
                           "2023-01-02T03:04", "2023-01-02T03:04:05", "2023-01-02T03:04:05.6",
                           "2023-01-02T03:04:05.678901234", "2023-01-02T03:04:05Z",
                           "2023-01-02T03:04+01:00", "2023-01-02T03:04-0130", "2023-01-02T03+01"}) {
    EXPECT_TRUE(Reads("strict_date_optional_time", time)) << time;
  }
  for (const char* time : {"", "23", "2023-1", "2023-01-02 03:04", "2023-01-02T3", "2023-02-30",
                           "2023-01-02T03:04:05.", "2023-01-02T03:04:05.1234567890",
                           "2023-01-02T03:04+25:00", "2023-01-02Z"}) {
    EXPECT_FALSE(Reads("strict_date_optional_time", time)) << time;
  }
}

TEST(DateFormats, AlternativesAreTriedInOrder) {
  const DateFormats formats = Formats("uuuu-MM-dd||epoch_millis");
  EXPECT_EQ(ParseDate(formats, "1700000000000")->epoch_ms, 1700000000000);
  EXPECT_EQ(ParseDate(formats, "-5")->epoch_ms, -5);
  EXPECT_EQ(ParseDate(formats, "2023-01-02")->day, 2);
  EXPECT_FALSE(ParseDate(formats, "12x").has_value());
  EXPECT_EQ(ParseDate(Formats("epoch_second"), "12")->epoch_ms, 12000);
  // The default reads four digits as a year.
  EXPECT_EQ(ParseDate(Formats(""), "2024")->year, 2024);
}

TEST(DateFormats, UnknownFormatIsRefusedByName) {
  for (const char* text : {"quux", "uuuu-MM-dd||", "uuuu-M-d", "uuuu-MM-dd'T", "EEE", "uu-MM-dd",
                           "strict_week_date", "uuuu-MM-dd[ HH:mm]"}) {
    absl::StatusOr<DateFormats> formats = DateFormats::Parse(text);
    EXPECT_EQ(formats.status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_NE(DateFormats::Parse("quux").status().message().find("`quux`"), std::string::npos);
}

TEST(DateFormats, TextsOfSortableFormatsSortLikeDates) {
  EXPECT_EQ(SortableResolutionMs(Formats("uuuu-MM-dd").alternatives[0]), 86'400'000);
  EXPECT_EQ(SortableResolutionMs(Formats("uuuu-MM-dd'T'HH:mm:ss.SSS").alternatives[0]), 1);
  EXPECT_EQ(SortableResolutionMs(Formats("uuuu-MM-dd HH").alternatives[0]), 3'600'000);
  EXPECT_EQ(SortableResolutionMs(Formats("dd-MM-uuuu").alternatives[0]), 0);
  EXPECT_EQ(SortableResolutionMs(Formats("HH:mm").alternatives[0]), 0);
  EXPECT_EQ(SortableResolutionMs(Formats("epoch_millis").alternatives[0]), 0);
}

TEST(DateFormats, WritesWhatItReads) {
  EXPECT_EQ(FormatDate(Formats("uuuu-MM-dd").alternatives[0], -1), "1969-12-31");
  EXPECT_EQ(FormatDate(Formats("uuuu-MM-dd'T'HH:mm:ss.SSS").alternatives[0], 1'700'000'000'123),
            "2023-11-14T22:13:20.123");
}

// 2024-03-31T12:34:56.789Z, the day on which London goes to summer time.
constexpr int64_t kNow = 1'711'888'496'789;

std::string Evaluate(std::string_view text, bool up = false, const char* zone = "",
                     const char* format = "uuuu-MM-dd", int64_t now = kNow) {
  absl::StatusOr<DateExpression> expression = DateExpression::Parse(text);
  EXPECT_TRUE(expression.ok()) << expression.status();
  if (!expression.ok()) return "";
  absl::StatusOr<int64_t> ms = EvaluateDate(*expression, Formats(format), {zone, up}, now);
  if (!ms.ok()) return std::string(ms.status().message());
  return FormatDate(Formats("uuuu-MM-dd'T'HH:mm:ss.SSS").alternatives[0], *ms);
}

TEST(DateMath, NowIsRoundedDownOrUp) {
  EXPECT_EQ(Evaluate("now"), "2024-03-31T12:34:56.789");
  EXPECT_EQ(Evaluate("now/d"), "2024-03-31T00:00:00.000");
  EXPECT_EQ(Evaluate("now/d", true), "2024-03-31T23:59:59.999");
  EXPECT_EQ(Evaluate("now-1d/d"), "2024-03-30T00:00:00.000");
  EXPECT_EQ(Evaluate("now/w"), "2024-03-25T00:00:00.000");
  EXPECT_EQ(Evaluate("now/M", true), "2024-03-31T23:59:59.999");
  EXPECT_EQ(Evaluate("now/y"), "2024-01-01T00:00:00.000");
  EXPECT_EQ(Evaluate("now/h"), "2024-03-31T12:00:00.000");
  EXPECT_EQ(Evaluate("now+90s/m"), "2024-03-31T12:36:00.000");
}

TEST(DateMath, MonthsEndOnTheirLastDay) {
  EXPECT_EQ(Evaluate("now-1M"), "2024-02-29T12:34:56.789");
  EXPECT_EQ(Evaluate("now+1M"), "2024-04-30T12:34:56.789");
  EXPECT_EQ(Evaluate("now-1y-1M"), "2023-02-28T12:34:56.789");
}

TEST(DateMath, DaysBeginInTheirZone) {
  EXPECT_EQ(Evaluate("now/d", false, "Europe/London"), "2024-03-31T00:00:00.000");
  EXPECT_EQ(Evaluate("now/d", true, "Europe/London"), "2024-03-31T22:59:59.999");
  EXPECT_EQ(Evaluate("now+1d/d", false, "Europe/London"), "2024-03-31T23:00:00.000");
  EXPECT_EQ(Evaluate("now/d", false, "+05:30"), "2024-03-30T18:30:00.000");
  EXPECT_EQ(Evaluate("now/d", false, "-05:00"), "2024-03-31T05:00:00.000");
  EXPECT_EQ(Evaluate("now/d", false, "Europe/Lodon"),
            "time zone `Europe/Lodon` is unknown; use an IANA name such as `Europe/London`");
}

TEST(DateMath, WhatADateLeavesOutIsRoundedToo) {
  EXPECT_EQ(Evaluate("2024-07-01"), "2024-07-01T00:00:00.000");
  EXPECT_EQ(Evaluate("2024-07-01", true), "2024-07-01T23:59:59.999");
  EXPECT_EQ(Evaluate("2024-07-01", false, "Europe/London"), "2024-06-30T23:00:00.000");
  EXPECT_EQ(Evaluate("2024-02", true, "", "strict_date_optional_time"), "2024-02-29T23:59:59.999");
  EXPECT_EQ(Evaluate("2024-07-01T10:00Z", false, "Europe/London", "strict_date_optional_time"),
            "2024-07-01T10:00:00.000");
  EXPECT_EQ(Evaluate("2024-07-01||+1M/d", true), "2024-08-01T23:59:59.999");
  EXPECT_EQ(Evaluate("2024-7-1"), "`2024-7-1` is no date of the format `uuuu-MM-dd`");
}

TEST(DateMath, MalformedMathIsRefused) {
  for (const char* text :
       {"now+", "now+1", "now+1q", "nowish", "now/2d", "now 1d", "2024-01-01||d", "now/"}) {
    EXPECT_FALSE(DateExpression::Parse(text).ok()) << text;
  }
}

TEST(ZonePeriods, CoverAllTimesAndKeepEarlierOffsetsOfRepeatedHours) {
  absl::StatusOr<std::vector<ZonePeriod>> periods = ZonePeriods("Europe/London", 2100);
  ASSERT_TRUE(periods.ok());
  EXPECT_LT(periods->front().utc_from_s, -1'000'000'000'000);
  bool seen = false;
  for (size_t i = 1; i < periods->size(); ++i) {
    EXPECT_LT((*periods)[i - 1].utc_from_s, (*periods)[i].utc_from_s);
    EXPECT_LE((*periods)[i - 1].local_from_s, (*periods)[i].local_from_s);
    if ((*periods)[i].utc_from_s != 1'729'990'800) continue;  // 2024-10-27T01:00Z: back to winter
    seen = true;
    EXPECT_EQ((*periods)[i].offset_s, 0);
    EXPECT_EQ((*periods)[i].local_from_s, 1'729'990'800 + 3600);
  }
  EXPECT_TRUE(seen);
  EXPECT_GT(periods->back().utc_from_s, 4'100'000'000);  // in 2099 or later
  EXPECT_EQ(ZonePeriods("+01:00", 2100)->size(), 1u);
}

}  // namespace
}  // namespace indexswap
