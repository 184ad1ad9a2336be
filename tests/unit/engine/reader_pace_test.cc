#include "indexswap/engine/reader_pace.h"

#include <gtest/gtest.h>

namespace indexswap {
namespace {

void Note(ReaderPace& pace, bool slow, int times) {
  for (int i = 0; i < times; ++i) pace.Note(slow);
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

TEST(ReaderPaceTest, ClimbsFasterUntilReadersHaveBeenSlowOnce) {
  ReaderPace pace(1, true);
  Note(pace, false, ReaderPace::kGoodAtFirst);
  EXPECT_EQ(pace.rest(), 0);
  Note(pace, false, ReaderPace::kGoodAtFirst);
  EXPECT_EQ(pace.halvings(), ReaderPace::kHalvings - 1);
  pace.Note(true);
  EXPECT_EQ(pace.halvings(), ReaderPace::kHalvings);
  Note(pace, false, ReaderPace::kGood - 1);
  EXPECT_EQ(pace.halvings(), ReaderPace::kHalvings);
  pace.Note(false);
  EXPECT_EQ(pace.halvings(), ReaderPace::kHalvings - 1);
}

TEST(ReaderPaceTest, GoodFiguresCountInARow) {
  ReaderPace pace(1, false);
  Note(pace, true, 3);
  Note(pace, false, ReaderPace::kGood - 1);
  pace.Note(true);
  Note(pace, false, ReaderPace::kGood - 1);
  EXPECT_EQ(pace.halvings(), 4);
}

TEST(ReaderPaceTest, GoesNoFurtherThanItsEnds) {
  ReaderPace pace(8, false);
  Note(pace, true, 100);
  EXPECT_EQ(pace.requests(), 1);
  EXPECT_EQ(pace.halvings(), ReaderPace::kHalvings);
  EXPECT_EQ(pace.rest(), 31);
  Note(pace, false, 100 * ReaderPace::kGood);
  EXPECT_EQ(pace.requests(), 8);
  EXPECT_EQ(pace.halvings(), 0);
  EXPECT_EQ(pace.rest(), 0);
  pace.Note(true);
  EXPECT_EQ(pace.requests(), 4) << "the ladder is not longer than it looks";
}

}  // namespace
}  // namespace indexswap
