#include "syncd/daemon/outages.h"

#include <gtest/gtest.h>

#include <vector>

namespace syncd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Hooks : public RunHooks {
 public:
  void OnProgress(const RunProgress&) override {}
  void Note(indexswap::Observer::Severity, const std::string&) override { ++notes; }
  void Reached(std::string_view) override {}
  bool Interrupted() override { return interrupted; }

  int notes = 0;
  bool interrupted = false;
};

class OutagesTest : public ::testing::Test {
 protected:
  // Ends the first runs as `ends` says, and all others well.
  SyncOutcome Run(std::vector<absl::Status> ends) {
    OutageTools tools;
    tools.run = [this, ends]() {
      SyncOutcome outcome;
      outcome.generation = 7;
      if (runs_ < ends.size()) outcome.status = ends[runs_];
      ++runs_;
      return outcome;
    };
    tools.goes_on = [this](const SyncOutcome&) { return goes_on_; };
    tools.now = [this] { return now_; };
    tools.pause = [this](milliseconds pause) {
      now_ += pause;
      if (interrupt_in_pause_) hooks_.interrupted = true;
    };
    return RunThroughOutages(tools, seconds(60), hooks_);
  }

  std::chrono::steady_clock::time_point now_;
  Hooks hooks_;
  size_t runs_ = 0;
  bool goes_on_ = true;
  bool interrupt_in_pause_ = false;
};

const absl::Status kAway = absl::UnavailableError("no route to the store");

TEST_F(OutagesTest, ASyncGoesOnWhenTheStoreIsBack) {
  EXPECT_TRUE(Run({kAway, absl::UnknownError("reset"), kAway}).status.ok());
  EXPECT_EQ(runs_, 4u);
  EXPECT_EQ(hooks_.notes, 3);
}

TEST_F(OutagesTest, WhatDoesNotPassIsNotTriedAgain) {
  EXPECT_EQ(Run({absl::FailedPreconditionError("a gate")}).status.message(), "a gate");
  EXPECT_EQ(runs_, 1u);
}

TEST_F(OutagesTest, ARunThatWasGivenUpIsNotBegunAnew) {
  goes_on_ = false;
  EXPECT_EQ(Run({kAway}).status, kAway);
  EXPECT_EQ(runs_, 1u);
}

TEST_F(OutagesTest, AStoreThatStaysAwayEndsIt) {
  EXPECT_EQ(Run(std::vector<absl::Status>(1000, kAway)).status, kAway);
  EXPECT_GT(runs_, 5u);
  EXPECT_LT(runs_, 50u);
}

TEST_F(OutagesTest, AnInterruptionIsOneAndNotAFailure) {
  interrupt_in_pause_ = true;
  const SyncOutcome outcome = Run({kAway});
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(outcome.state, "interrupted");
  EXPECT_EQ(runs_, 1u);
}

}  // namespace
}  // namespace syncd
