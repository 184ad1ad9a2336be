// When a document that the server fails with is given up, and when it is not.
#include "syncd/sync/poison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace syncd {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using Way = PoisonWatch::Way;

DocumentChange Document(const std::string& id, const std::string& text = "{}") {
  DocumentChange change;
  change.family = "docs";
  change.id = id;
  change.document = text;
  return change;
}

class PoisonTest : public ::testing::Test {
 protected:
  // One turn a second: others are written first, if there are any.
  bool Turn(const DocumentChange& poison, bool others) {
    now_ += seconds(1);
    if (others) watch_.GotThrough(Document("good"), true);
    return watch_.Failed(poison, "null pointer", now_);
  }

  void UntilAlone(const DocumentChange& poison) {
    while (watch_.WayOf(poison) == Way::kTogether) EXPECT_FALSE(Turn(poison, true));
    EXPECT_EQ(watch_.WayOf(poison), Way::kAlone);
  }

  PoisonWatch watch_{seconds(10)};
  PoisonWatch::Time now_;
};

TEST_F(PoisonTest, GivenUpOnceItHasFailedAloneForLongEnoughBesideOthers) {
  const DocumentChange poison = Document("p");
  UntilAlone(poison);
  for (int i = 0; i <= 9; ++i) EXPECT_FALSE(Turn(poison, true)) << i;
  EXPECT_TRUE(Turn(poison, true));
  EXPECT_EQ(watch_.WayOf(poison), Way::kNoMore);
  EXPECT_THAT(watch_.ReasonOf(poison), HasSubstr("null pointer"));
  EXPECT_EQ(watch_.WayOf(Document("p", "mended")), Way::kTogether);
  watch_.Clear();
  EXPECT_EQ(watch_.WayOf(poison), Way::kTogether) << "so a retry is one";
}

TEST_F(PoisonTest, NotWhileNothingElseGetsThrough) {
  const DocumentChange poison = Document("p");
  UntilAlone(poison);
  for (int i = 0; i < 100; ++i) ASSERT_FALSE(Turn(poison, false));
  watch_.GotThrough(Document("known"), false);
  EXPECT_FALSE(Turn(poison, false)) << "what was there already was not written";
  EXPECT_TRUE(Turn(poison, true));
}

TEST_F(PoisonTest, TimeBeginsAnewWithEveryOtherTrouble) {
  const DocumentChange poison = Document("p");
  UntilAlone(poison);
  for (int i = 0; i < 9; ++i) ASSERT_FALSE(Turn(poison, true));
  watch_.Interrupted();
  for (int i = 0; i < 9; ++i) ASSERT_FALSE(Turn(poison, true));
  watch_.Failed(Document("another"), "null pointer", now_);
  for (int i = 0; i <= 9; ++i) ASSERT_FALSE(Turn(poison, true));
  EXPECT_TRUE(Turn(poison, true));
}

TEST_F(PoisonTest, ManyAtATimeAreTheServersFault) {
  for (int i = 0; i < 20; ++i) UntilAlone(Document("p" + std::to_string(i)));
  for (int turn = 0; turn < 100; ++turn) {
    for (int i = 0; i < 20; ++i) ASSERT_FALSE(Turn(Document("p" + std::to_string(i)), true));
  }
  for (int i = 1; i < 20; ++i) watch_.GotThrough(Document("p" + std::to_string(i)), true);
  EXPECT_TRUE(Turn(Document("p0"), true));
}

}  // namespace
}  // namespace syncd
