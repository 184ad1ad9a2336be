#include "syncd/readmodel/dates.h"

#include <gtest/gtest.h>

#include <vector>

namespace syncd {
namespace {

TEST(Dates, DateFromText) {
  EXPECT_EQ(DateFromText("2022-07-04"), "2022-07-04");
  EXPECT_EQ(DateFromText("2022-07-04T09:30:00"), "2022-07-04");
  EXPECT_EQ(DateFromText("2022-07-04T09:30"), "2022-07-04");
  EXPECT_EQ(DateFromText("2022-07-04 00:00:00"), "2022-07-04");
  EXPECT_EQ(DateFromText("2022-07-04T23:00:00.000Z"), "2022-07-04");
  EXPECT_EQ(DateFromText("2022-07-04T23:00:00+01:00"), "2022-07-04");  // as written
}

TEST(Dates, UnknownTextPassesAsItIs) {
  for (const char* text : {"", "4 July 2022", "2022-7-4", "2022-07-04x", "04/07/2022", "2022-13-04",
                           "2022-13-04T09:30:00", "2022-02-30T00:00:00"}) {
    EXPECT_EQ(DateFromText(text), text);
    EXPECT_EQ(DateTimeFromText(text), text);
  }
  for (const char* text : {"2022-07-04T24:00:00", "2022-07-04T09:60", "2022-07-04T09:30:00+01:00",
                           "2022-07-04T09:30:00.", "2022-07-04T9:30"}) {
    EXPECT_EQ(DateTimeFromText(text), text);
  }
}

TEST(Dates, DateTimeFromText) {
  EXPECT_EQ(DateTimeFromText("2022-07-04"), "2022-07-04T00:00:00.000");
  EXPECT_EQ(DateTimeFromText("2022-07-04T09:30"), "2022-07-04T09:30:00.000");
  EXPECT_EQ(DateTimeFromText("2022-07-04 09:30:15"), "2022-07-04T09:30:15.000");
  EXPECT_EQ(DateTimeFromText("2022-07-04T09:30:15.1"), "2022-07-04T09:30:15.100");
  EXPECT_EQ(DateTimeFromText("2022-07-04T09:30:15.123999999Z"), "2022-07-04T09:30:15.123");
  EXPECT_EQ(DateTimeFromText("2022-07-04T09:30:15Z"), "2022-07-04T09:30:15.000");
}

TEST(Dates, KnowsItsOwnForms) {
  EXPECT_TRUE(IsDate("2024-02-29"));
  EXPECT_FALSE(IsDate("2022-02-29"));
  EXPECT_FALSE(IsDate("2022-07-04T00:00:00.000"));
  EXPECT_TRUE(IsDateTime("2022-07-04T09:30:00.000"));
  EXPECT_FALSE(IsDateTime("2022-07-04T09:30:00"));
  EXPECT_FALSE(IsDateTime("2022-13-04T09:30:00.000"));
  EXPECT_FALSE(IsDateTime("now"));
}

TEST(Dates, FromParts) {
  const auto date = [](std::vector<int64_t> parts) { return DateFromParts(parts); };
  const auto time = [](std::vector<int64_t> parts) { return DateTimeFromParts(parts); };
  EXPECT_EQ(date({2022, 7, 4}), "2022-07-04");
  EXPECT_EQ(date({2022, 7, 4, 9, 30}), "2022-07-04");
  EXPECT_EQ(date({2022, 13, 4}), "2022-13-04");
  EXPECT_EQ(date({2022, 7}), "2022-07");
  EXPECT_EQ(date({33, 7, 4}), "0033-07-04");
  EXPECT_EQ(time({2022, 7, 4}), "2022-07-04T00:00:00.000");
  EXPECT_EQ(time({2022, 7, 4, 9, 30}), "2022-07-04T09:30:00.000");
  EXPECT_EQ(time({2022, 7, 4, 9, 30, 15}), "2022-07-04T09:30:15.000");
  EXPECT_EQ(time({2022, 7, 4, 9, 30, 15, 123999999}), "2022-07-04T09:30:15.123");
}

TEST(Dates, FromMillis) {
  EXPECT_EQ(DateFromMillis(1656892800000), "2022-07-04");
  EXPECT_EQ(DateFromMillis(-1), "1969-12-31");
  EXPECT_EQ(DateTimeFromMillis(1656926996007), "2022-07-04T09:29:56.007");
  EXPECT_EQ(DateTimeFromMillis(-1), "1969-12-31T23:59:59.999");
}

}  // namespace
}  // namespace syncd
