// Progress, exit codes, and the steps that tests of crashes use.
#include "syncd/cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "syncd/cli/cli.h"
#include "syncd/cli/command.h"
#include "syncd/cli/steps.h"

namespace syncd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Seconds = std::chrono::duration<double>;

TEST(ProgressLine, ShowsBarRateAndTimeLeftWhileLoading) {
  RunProgress progress;
  progress.stage = "loading";
  progress.loaded = 500;
  progress.total = 2000;
  EXPECT_EQ(ProgressLine(progress, std::nullopt, Seconds(10)),
            "loading [###.........] 500 of 2000 documents, 50/s, ETA 30s");
}

TEST(ProgressLine, MarksAnEstimateWhileReceivingAndSaysWhatItWaitsFor) {
  RunProgress progress;
  progress.stage = "receiving";
  progress.channels["gmc"].records = 30;
  progress.channels["tcs"].records = 20;
  progress.waits_for = "tcs (receiving, 20 records)";
  const std::string line = ProgressLine(progress, 100, Seconds(1));
  EXPECT_THAT(line, HasSubstr("50 of about 100 records"));
  EXPECT_THAT(line, HasSubstr("; waiting for tcs (receiving, 20 records)"));
  EXPECT_THAT(ProgressLine(progress, std::nullopt, Seconds(1)), Not(HasSubstr("ETA")));
}

TEST(ProgressLine, PromisesNothingWhereNothingIsKnown) {
  RunProgress progress;
  progress.stage = "loading";
  progress.total = 0;
  EXPECT_EQ(ProgressLine(progress, std::nullopt, Seconds(0)), "loading 0 of 0 documents");
  progress.stage = "swapping";
  EXPECT_EQ(ProgressLine(progress, 7, Seconds(1)), "swapping");
}

TEST(ProgressLine, SaysWhyNothingIsWritten) {
  RunProgress progress;
  progress.blocked = "index docs_v2: flood stage";
  progress.stage = "loading";
  EXPECT_EQ(ProgressLine(progress, std::nullopt, Seconds(0)),
            "loading 0 documents; paused: index docs_v2: flood stage");
  progress.stage = "sealing";
  EXPECT_EQ(ProgressLine(progress, std::nullopt, Seconds(0)),
            "sealing; paused: index docs_v2: flood stage");
}

TEST(ProgressLine, AnEstimateThatWasTooLowBreaksNothing) {
  RunProgress progress;
  progress.stage = "receiving";
  progress.channels["gmc"].records = 300;
  const std::string line = ProgressLine(progress, 100, Seconds(1));
  EXPECT_THAT(line, HasSubstr("[############]"));
  EXPECT_THAT(line, Not(HasSubstr("ETA")));
}

TEST(FitLine, LeavesTheLastColumnFreeAndMarksItsCut) {
  EXPECT_EQ(FitLine("0123456789", 11), "0123456789");
  EXPECT_EQ(FitLine("0123456789", 10), "012345...");
  EXPECT_EQ(FitLine("0123456789", 4), "...");
  EXPECT_EQ(FitLine("0123456789", 3), "");
  EXPECT_EQ(FitLine("0123456789", 0), "0123456789");
}

TEST(ExitCodeFor, FollowsTheContract) {
  const auto code = [](const absl::Status& status) {
    return static_cast<int>(ExitCodeFor(status));
  };
  EXPECT_EQ(code(absl::OkStatus()), 0);
  EXPECT_EQ(code(absl::UnavailableError("")), 1);
  EXPECT_EQ(code(absl::DeadlineExceededError("")), 1);
  EXPECT_EQ(code(absl::InvalidArgumentError("")), 2);
  EXPECT_EQ(code(absl::FailedPreconditionError("")), 3);
  EXPECT_EQ(code(absl::AbortedError("")), 3);
  EXPECT_EQ(code(absl::UnknownError("")), 4);
  EXPECT_EQ(code(AsUsage(absl::NotFoundError("no such file"))), 2);
  EXPECT_EQ(code(AsUsage(absl::OkStatus())), 0);
}

class StepsDeathTest : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  void TearDown() override { unsetenv("SYNCD_TEST_KILL_AT"); }
};

TEST_F(StepsDeathTest, KillsAtTheNamedStep) {
  setenv("SYNCD_TEST_KILL_AT", "swap.before", 1);
  EXPECT_EXIT(
      {
        Steps steps;
        steps.Reached("swap.after");
        steps.Reached("swap.before");
        std::exit(0);
      },
      ::testing::KilledBySignal(SIGKILL), "");
}

TEST_F(StepsDeathTest, CountsDownToTheNthTime) {
  setenv("SYNCD_TEST_KILL_AT", "bulk.before#3", 1);
  EXPECT_EXIT(
      {
        Steps steps;
        for (int i = 0; i < 3; ++i) steps.Reached("bulk.before");
        std::exit(0);
      },
      ::testing::KilledBySignal(SIGKILL), "");
  Steps steps;  // here it goes on living: two are not three
  for (int i = 0; i < 2; ++i) steps.Reached("bulk.before");
}

TEST_F(StepsDeathTest, DoesNothingWithoutTheVariables) {
  Steps steps;
  steps.Reached("swap.before");
}

}  // namespace
}  // namespace syncd
