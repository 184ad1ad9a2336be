#include "indexswap/engine/flow_control.h"

#include <gtest/gtest.h>

#include <vector>

namespace indexswap {
namespace {

using std::chrono::milliseconds;
using Load = FlowControl::Load;

class FlowControlTest : public ::testing::Test {
 protected:
  static BulkOptions Options(int in_flight) {
    BulkOptions options;
    options.in_flight = in_flight;
    options.retry_min = milliseconds(100);
    options.retry_max = milliseconds(400);
    return options;
  }

  // Begins as many requests as may be in flight, by senders 1, 2, 3 …
  std::vector<FlowControl::Turn> Fill() {
    std::vector<FlowControl::Turn> turns;
    while (flow_.WaitToSend(turns.size() + 1, now_) == milliseconds(0)) {
      turns.push_back(flow_.Begin(now_));
    }
    return turns;
  }

  void EndAll(const std::vector<FlowControl::Turn>& turns, Load load) {
    for (const FlowControl::Turn& turn : turns) flow_.End(turn, load, now_);
  }

  // See ReaderPace.
  void ReadersStepDown() {
    for (int i = 0; i < 3; ++i) flow_.Readers(true);
  }

  FlowControl flow_{Options(8)};
  FlowControl::Time now_{std::chrono::hours(1)};
};

TEST_F(FlowControlTest, BeginsWithTheMost) {
  EXPECT_EQ(Fill().size(), 8u);
  EXPECT_EQ(flow_.WaitToSend(9, now_), std::nullopt);
}

TEST_F(FlowControlTest, PressureHalvesAtMostOnceARoundTrip) {
  const auto turns = Fill();
  EndAll(turns, Load::kPressure);
  EXPECT_EQ(flow_.limit(), 4);
  EXPECT_EQ(flow_.cuts(), 1u);
  EndAll(Fill(), Load::kPressure);
  EXPECT_EQ(flow_.limit(), 2);
}

TEST_F(FlowControlTest, NeverLessThanOne) {
  for (int i = 0; i < 10; ++i) EndAll(Fill(), Load::kPressure);
  EXPECT_EQ(flow_.limit(), 1);
  EXPECT_EQ(Fill().size(), 1u);
}

TEST_F(FlowControlTest, AWindowOfCleanAnswersAddsOne) {
  EndAll(Fill(), Load::kPressure);
  for (const int limit : {5, 6, 7, 8, 8}) {
    EndAll(Fill(), Load::kClean);
    EXPECT_EQ(flow_.limit(), limit);
  }
}

TEST_F(FlowControlTest, WhatIsNeitherChangesNothing) {
  EndAll(Fill(), Load::kPressure);
  for (int i = 0; i < 10; ++i) EndAll(Fill(), Load::kOther);
  EXPECT_EQ(flow_.limit(), 4);
}

TEST_F(FlowControlTest, ACutBeginsANewWindow) {
  EndAll(Fill(), Load::kPressure);
  const auto turns = Fill();
  for (size_t i = 0; i + 1 < turns.size(); ++i) flow_.End(turns[i], Load::kClean, now_);
  flow_.End(turns.back(), Load::kPressure, now_);
  EXPECT_EQ(flow_.limit(), 2);
  const auto after = Fill();
  flow_.End(after[0], Load::kClean, now_);
  EXPECT_EQ(flow_.limit(), 2) << "what was clean before the cut counts no more";
}

TEST_F(FlowControlTest, ABlockStopsAllButTheOneWhoProbes) {
  EndAll(Fill(), Load::kOther);
  EXPECT_TRUE(flow_.Block(2, "flood stage", now_));
  EXPECT_FALSE(flow_.Block(3, "late answer", now_)) << "one pause, told once";
  ASSERT_TRUE(flow_.pause().has_value());
  EXPECT_EQ(flow_.pause()->cause, "flood stage");
  EXPECT_EQ(flow_.pause()->since, now_);
  EXPECT_EQ(flow_.WaitToSend(1, now_ + std::chrono::hours(1)), std::nullopt);
  EXPECT_EQ(flow_.WaitToSend(2, now_), milliseconds(100));
  EXPECT_EQ(flow_.WaitToSend(2, now_ + milliseconds(100)), milliseconds(0));
}

TEST_F(FlowControlTest, ProbesAtGrowingIntervalsUpToTheMost) {
  for (const int wait : {100, 200, 400, 400}) {
    flow_.Block(2, "read-only", now_);
    EXPECT_EQ(flow_.WaitToSend(2, now_), milliseconds(wait));
    now_ += milliseconds(wait);
  }
}

TEST_F(FlowControlTest, OnlyTheProbeEndsThePause) {
  flow_.Block(2, "read-only", now_);
  EXPECT_FALSE(flow_.Through(1).has_value()) << "sent before the block was set";
  EXPECT_EQ(flow_.WaitToSend(1, now_), std::nullopt);
  const auto over = flow_.Through(2);
  ASSERT_TRUE(over.has_value());
  EXPECT_EQ(over->cause, "read-only");
  EXPECT_FALSE(flow_.Through(2).has_value());
  EXPECT_EQ(Fill().size(), 8u);
  EXPECT_TRUE(flow_.Block(5, "again", now_));
  EXPECT_EQ(flow_.WaitToSend(5, now_), milliseconds(100)) << "the intervals begin anew";
}

TEST_F(FlowControlTest, MakesWayForReadersByFewerAndSmallerRequestsAndThenByRests) {
  ReadersStepDown();
  EXPECT_EQ(flow_.limit(), 4);
  for (int i = 0; i < 2 + ReaderPace::kHalvings + 2; ++i) ReadersStepDown();
  EXPECT_EQ(flow_.limit(), 1);
  EXPECT_EQ(flow_.halvings(), ReaderPace::kHalvings);
  const auto turns = Fill();
  ASSERT_EQ(turns.size(), 1u);
  now_ += milliseconds(10);
  EndAll(turns, Load::kClean);
  EXPECT_EQ(flow_.limit(), 1) << "clean answers don't hurry it";
  EXPECT_EQ(flow_.WaitToSend(1, now_), milliseconds(30));
  now_ += milliseconds(30);
  EXPECT_EQ(flow_.WaitToSend(1, now_), milliseconds(0));
}

TEST_F(FlowControlTest, RestsEndWhenReadersAreWell) {
  for (int i = 0; i < 3 + ReaderPace::kHalvings + 1; ++i) ReadersStepDown();
  const auto turns = Fill();
  now_ += milliseconds(10);
  EndAll(turns, Load::kClean);
  EXPECT_EQ(flow_.WaitToSend(1, now_), milliseconds(10));
  for (int i = 0; i < ReaderPace::kHoldMax; ++i) flow_.Readers(false);
  EXPECT_EQ(flow_.WaitToSend(1, now_), milliseconds(0));
}

TEST(BackoffTest, DoublesUpToTheMostAndBeginsAnew) {
  Backoff backoff(milliseconds(100), milliseconds(350));
  EXPECT_EQ(backoff.Next(), milliseconds(100));
  EXPECT_EQ(backoff.Next(), milliseconds(200));
  EXPECT_EQ(backoff.Next(), milliseconds(350));
  EXPECT_EQ(backoff.Next(), milliseconds(350));
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), milliseconds(100));
}

}  // namespace
}  // namespace indexswap
