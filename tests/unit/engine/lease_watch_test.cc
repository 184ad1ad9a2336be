// Whether somebody's lease is judged by its beats alone.
#include "indexswap/engine/lease_watch.h"

#include <gtest/gtest.h>

namespace indexswap {
namespace {

using std::chrono::milliseconds;
using Verdict = LeaseWatch::Verdict;

class LeaseWatchTest : public ::testing::Test {
 protected:
  // A look so long after the last one.
  Verdict Look(milliseconds later, uint64_t beat, uint64_t epoch = 1) {
    now_ += later;
    Lease lease{epoch, LeaseRecord()};
    lease.record->beat = beat;
    return watch_.Look(lease, now_);
  }
  Verdict LookAtNoRecord(milliseconds later) {
    now_ += later;
    return watch_.Look({1, std::nullopt}, now_);
  }

  LeaseWatch watch_{milliseconds(1000)};
  LeaseWatch::Time now_{std::chrono::hours(1)};
};

TEST_F(LeaseWatchTest, OneThatDoesNotBeatIsDeadAfterTheTimeout) {
  EXPECT_EQ(Look(milliseconds(0), 7), Verdict::kUndecided);
  EXPECT_EQ(Look(milliseconds(400), 7), Verdict::kUndecided);
  EXPECT_EQ(Look(milliseconds(400), 7), Verdict::kUndecided);
  EXPECT_EQ(watch_.silent(), milliseconds(800));
  EXPECT_EQ(Look(milliseconds(200), 7), Verdict::kDead);
}

TEST_F(LeaseWatchTest, EveryBeatBeginsTheTimeAnew) {
  Look(milliseconds(0), 7);
  Look(milliseconds(400), 7);
  EXPECT_EQ(Look(milliseconds(400), 8), Verdict::kAlive);
  EXPECT_EQ(watch_.silent(), milliseconds(0));
  EXPECT_EQ(Look(milliseconds(400), 8), Verdict::kUndecided);
  EXPECT_EQ(Look(milliseconds(400), 8), Verdict::kUndecided);
  EXPECT_EQ(Look(milliseconds(400), 8), Verdict::kDead);
}

TEST_F(LeaseWatchTest, AnotherEpochAndAFirstRecordAreSignsOfLife) {
  EXPECT_EQ(LookAtNoRecord(milliseconds(0)), Verdict::kUndecided);
  EXPECT_EQ(Look(milliseconds(400), 0), Verdict::kAlive);
  EXPECT_EQ(Look(milliseconds(400), 0, 2), Verdict::kAlive);
}

TEST_F(LeaseWatchTest, OneWithoutARecordDiesToo) {
  LookAtNoRecord(milliseconds(0));
  LookAtNoRecord(milliseconds(500));
  EXPECT_EQ(LookAtNoRecord(milliseconds(500)), Verdict::kDead);
}

// The watcher slept, or the store was away for both.
TEST_F(LeaseWatchTest, APauseInTheLooksSaysNothingAboutTheOther) {
  Look(milliseconds(0), 7);
  EXPECT_EQ(Look(milliseconds(5000), 7), Verdict::kUndecided);
  EXPECT_EQ(Look(milliseconds(400), 7), Verdict::kUndecided);
  watch_.Forget();
  EXPECT_EQ(Look(milliseconds(400), 7), Verdict::kUndecided);
  Look(milliseconds(500), 7);
  EXPECT_EQ(Look(milliseconds(500), 7), Verdict::kDead);
}

}  // namespace
}  // namespace indexswap
