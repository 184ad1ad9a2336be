#include "syncd/cli/run_watch.h"

#include <absl/strings/str_format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace syncd {
namespace {

using ::testing::HasSubstr;

// `run` and `last_run` are JSON.
ApiAnswer Status(const std::string& role, const std::string& run, const std::string& last_run) {
  return {200, absl::StrFormat(R"({"role":"%s","run":%s,"last_run":%s})", role, run, last_run)};
}

bool AsksAgain(RunWatch& watch, const absl::StatusOr<ApiAnswer>& answer) {
  const auto seen = watch.See(answer);
  return seen.ok() && !*seen;
}

TEST(RunWatchTest, TheOutcomeOfTheRunIsTakenOnceItHasEnded) {
  RunWatch watch(13);
  EXPECT_TRUE(AsksAgain(watch, Status("active", R"({"n":13,"state":"loading"})", "null")));
  EXPECT_EQ(watch.under_way(), R"({"n":13,"state":"loading"})");
  const auto seen = watch.See(Status("active", "null", R"({"run":13,"state":"promoted"})"));
  ASSERT_TRUE(seen.ok() && *seen);
  EXPECT_EQ(**seen, R"({"run":13,"state":"promoted"})");
}

TEST(RunWatchTest, OneThatEndedBeforeAnythingWasCreatedHasNoNumber) {
  RunWatch watch(13);
  EXPECT_TRUE(*watch.See(Status("active", "null", R"({"run":null,"error":{}})")));
}

TEST(RunWatchTest, ABuildThatIsBegunAnewHasAHigherNumber) {
  RunWatch watch(13);
  EXPECT_TRUE(AsksAgain(watch, Status("active", R"({"n":14})", "null")));
  EXPECT_TRUE(AsksAgain(watch, Status("active", "null", R"({"run":13})"))) << "an earlier one's";
  EXPECT_TRUE(*watch.See(Status("active", "null", R"({"run":14})")));
}

TEST(RunWatchTest, ARunThatNobodyTellsOfHasNotGoneLive) {
  RunWatch watch(13);
  const auto nothing = Status("active", "null", "null");
  for (int i = 1; i < RunWatch::kLostAnswersMax; ++i) ASSERT_TRUE(AsksAgain(watch, nothing)) << i;
  const auto seen = watch.See(nothing);
  EXPECT_EQ(seen.status().code(), absl::StatusCode::kUnknown);
  EXPECT_THAT(std::string(seen.status().message()), HasSubstr("`syncd status`"));
}

TEST(RunWatchTest, ARestartedDaemonThatGoesOnWithTheRunIsWaitedFor) {
  RunWatch watch(13);
  for (int round = 0; round < 3; ++round) {
    for (int i = 1; i < RunWatch::kLostAnswersMax; ++i) {
      ASSERT_TRUE(AsksAgain(watch, absl::UnavailableError("refused")));
    }
    ASSERT_TRUE(AsksAgain(watch, Status("active", R"({"n":13})", "null")));
  }
  EXPECT_EQ(watch.See(Status("active", "null", R"({"run":13})")).status(), absl::OkStatus());
}

TEST(RunWatchTest, ARunIsLostWithTheLease) {
  RunWatch watch(13);
  const auto standby = Status("standby", "null", "null");
  for (int i = 1; i < RunWatch::kStandbyAnswersMax; ++i) ASSERT_TRUE(AsksAgain(watch, standby));
  const auto seen = watch.See(standby);
  EXPECT_EQ(seen.status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(seen.status().message()), HasSubstr("run 13 was lost with the lease"));
}

TEST(RunWatchTest, OneThatHasJustBeenRestartedIsAStandbyForAMoment) {
  RunWatch watch(13);
  for (int i = 0; i < 2 * RunWatch::kStandbyAnswersMax; ++i) {
    ASSERT_TRUE(AsksAgain(watch, Status("standby", "null", "null")));
    ASSERT_TRUE(AsksAgain(watch, Status("active", "null", "null")));
  }
}

TEST(RunWatchTest, WhatIsNoStatusTellsNothing) {
  RunWatch watch(13);
  for (const ApiAnswer& answer : {ApiAnswer{200, "<html>"}, ApiAnswer{200, "[]"},
                                  ApiAnswer{200, R"({"run":null,"last_run":7})"},
                                  ApiAnswer{503, R"({"error":{"code":"unavailable"}})"}}) {
    EXPECT_TRUE(AsksAgain(watch, answer)) << answer.json;
  }
}

}  // namespace
}  // namespace syncd
