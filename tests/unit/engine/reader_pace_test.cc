#include "indexswap/engine/reader_pace.h"

#include <gtest/gtest.h>

namespace indexswap {
namespace {

void Note(ReaderPace& pace, bool slow, int times) {
  for (int i = 0; i < times; ++i) pace.Note(slow);
}

// Three slow searches.
void StepDown(ReaderPace& pace) { Note(pace, true, 3); }

// How many searches without trouble come before there is one halving less.
int SearchesToStepUp(ReaderPace& pace) {
  const int halvings = pace.halvings();
  int searches = 0;
  for (; pace.halvings() == halvings; ++searches) pace.Note(false);
  return searches;
}

TEST(ReaderPaceTest, WithoutCareItBeginsAtTheTop) {
  const ReaderPace pace(3, false);
  EXPECT_EQ(pace.requests(), 3);
  EXPECT_EQ(pace.halvings(), 0);
  EXPECT_EQ(pace.rest(), 0);
}

TEST(ReaderPaceTest, WithCareItBeginsWithTheSmallestAndARest) {
  const ReaderPace pace(3, true);
  EXPECT_EQ(pace.requests(), 1);
  EXPECT_EQ(pace.halvings(), ReaderPace::kHalvings);
  EXPECT_EQ(pace.rest(), 1);
}

TEST(ReaderPaceTest, FewerThenSmallerThenRests) {
  ReaderPace pace(8, false);
  for (const int requests : {4, 2, 1}) {
    StepDown(pace);
    EXPECT_EQ(pace.requests(), requests);
    EXPECT_EQ(pace.halvings(), 0);
  }
  for (int halvings = 1; halvings <= ReaderPace::kHalvings; ++halvings) {
    StepDown(pace);
    EXPECT_EQ(pace.halvings(), halvings);
    EXPECT_EQ(pace.rest(), 0);
  }
  for (const int rest : {1, 3, 7, 7}) {
    StepDown(pace);
    EXPECT_EQ(pace.rest(), rest);
    EXPECT_EQ(pace.halvings(), ReaderPace::kHalvings);
    EXPECT_EQ(pace.requests(), 1);
  }
}

TEST(ReaderPaceTest, OneSlowSearchOfAHundredIsNone) {
  ReaderPace pace(1, false);
  for (int i = 0; i < 20; ++i) {
    pace.Note(true);
    Note(pace, false, 99);
  }
  EXPECT_EQ(pace.halvings(), 0);
  pace.Note(true);
  Note(pace, false, 20);
  pace.Note(true);
  Note(pace, false, 20);
  EXPECT_EQ(pace.halvings(), 0) << "nor are two in fifty";
  pace.Note(true);
  EXPECT_EQ(pace.halvings(), 1) << "three are";
}

TEST(ReaderPaceTest, MoreThanOneOfAHundredAddUp) {
  ReaderPace pace(1, false);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(pace.halvings(), 0) << i;
    pace.Note(true);
    Note(pace, false, 49);
  }
  EXPECT_EQ(pace.halvings(), 1);
}

TEST(ReaderPaceTest, NoStepUpRightAfterASlowSearch) {
  ReaderPace pace(1, true);
  Note(pace, false, ReaderPace::kHold - 1);
  pace.Note(true);
  Note(pace, false, 50);
  EXPECT_EQ(pace.rest(), 1);
  pace.Note(false);
  EXPECT_EQ(pace.rest(), 0);
}

TEST(ReaderPaceTest, AStepUpAfterSoManyWithoutTrouble) {
  ReaderPace pace(1, true);
  Note(pace, false, ReaderPace::kHold - 1);
  EXPECT_EQ(pace.rest(), 1);
  pace.Note(false);
  EXPECT_EQ(pace.rest(), 0);
  Note(pace, false, ReaderPace::kHold);
  EXPECT_EQ(pace.halvings(), ReaderPace::kHalvings - 1);
}

TEST(ReaderPaceTest, AStepThatWasOneTooManyIsTriedLessAndLessOften) {
  ReaderPace pace(1, false);
  int last = 0;
  for (int i = 0; i < 3; ++i) {
    StepDown(pace);
    const int waited = SearchesToStepUp(pace);
    EXPECT_GT(waited, last);
    EXPECT_LT(waited, ReaderPace::kHoldMax);
    last = waited;
  }
  for (int i = 0; i < 2; ++i) {
    StepDown(pace);
    // Two took it back, so the third of them is the first to wait for.
    EXPECT_EQ(SearchesToStepUp(pace) + 1, ReaderPace::kHoldMax) << "and no less often than that";
  }
}

TEST(ReaderPaceTest, SlowSearchesAreMadeUpForBeforeAStepUp) {
  ReaderPace pace(1, false);
  StepDown(pace);
  EXPECT_EQ(pace.halvings(), 1);
  // 300 but fifty, less the two that have come meanwhile.
  EXPECT_EQ(SearchesToStepUp(pace), 249);
  Note(pace, true, 1000);
  Note(pace, false, 1000);
  EXPECT_LT(pace.rest(), 7) << "but no more than ten of them";
}

TEST(ReaderPaceTest, TwoSlowSearchesRightBehindAStepUpTakeItBack) {
  ReaderPace pace(1, true);
  Note(pace, false, ReaderPace::kHold);
  ASSERT_EQ(pace.rest(), 0);
  pace.Note(true);
  Note(pace, false, 20);
  EXPECT_EQ(pace.rest(), 0);
  pace.Note(true);
  EXPECT_EQ(pace.rest(), 1);
}

TEST(ReaderPaceTest, StepsThatHoldMakeItFaster) {
  ReaderPace pace(1, false);
  for (int i = 0; i < 3; ++i) StepDown(pace);
  SearchesToStepUp(pace);
  EXPECT_EQ(SearchesToStepUp(pace), 8 * ReaderPace::kHold);
  EXPECT_EQ(SearchesToStepUp(pace), 4 * ReaderPace::kHold);
  EXPECT_EQ(pace.halvings(), 0);
}

TEST(ReaderPaceTest, GoesNoFurtherThanItsEnds) {
  ReaderPace pace(8, false);
  Note(pace, true, 100);
  EXPECT_EQ(pace.rest(), 7);
  Note(pace, false, 100 * ReaderPace::kHoldMax);
  EXPECT_EQ(pace.requests(), 8);
  EXPECT_EQ(pace.halvings(), 0);
  EXPECT_EQ(pace.rest(), 0);
  StepDown(pace);
  EXPECT_EQ(pace.requests(), 4) << "the ladder is not longer than it looks";
}

}  // namespace
}  // namespace indexswap
