#include "syncd/sources/prefetch.h"

#include <gtest/gtest.h>

namespace syncd {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

// The limit in force after `count` messages of one size.
uint16_t After(PrefetchPolicy& policy, int count, size_t bytes) {
  for (int i = 0; i < count; ++i) policy.Observe(bytes);
  return policy.current();
}

TEST(PrefetchPolicyTest, BeginsWithFewUntilSizesAreKnown) {
  PrefetchPolicy policy(1000, 16 * kMiB);
  EXPECT_EQ(policy.current(), 2);
  const uint16_t initial = policy.current();
  EXPECT_EQ(policy.Observe(500), std::nullopt);
  EXPECT_EQ(policy.current(), initial);
}

TEST(PrefetchPolicyTest, SmallMessagesGetTheWholeNumber) {
  PrefetchPolicy policy(1000, 16 * kMiB);
  EXPECT_EQ(After(policy, 20, 500), 1000);
}

TEST(PrefetchPolicyTest, LargeMessagesGetWhatHalfOfTheBudgetHolds) {
  PrefetchPolicy policy(1000, 16 * kMiB);
  EXPECT_EQ(After(policy, 20, 2 * kMiB), 4);
}

TEST(PrefetchPolicyTest, NeverFewerThanTwoUnlessTold) {
  PrefetchPolicy two(1000, kMiB);
  EXPECT_EQ(After(two, 20, 100 * kMiB), 2);
  PrefetchPolicy one(1, kMiB);
  EXPECT_EQ(After(one, 20, 100 * kMiB), 1);
}

TEST(PrefetchPolicyTest, FollowsAChangeOfSizesBothWays) {
  PrefetchPolicy policy(1000, 16 * kMiB);
  ASSERT_EQ(After(policy, 100, 500), 1000);
  EXPECT_LE(After(policy, 1, 5 * kMiB), 64) << "the first large message must be felt at once";
  EXPECT_LE(After(policy, 50, 5 * kMiB), 5);
  EXPECT_EQ(After(policy, 500, 500), 1000);
}

TEST(PrefetchPolicyTest, ChangesAreReportedOnceAndOnlyWhenLarge) {
  PrefetchPolicy policy(1000, 16 * kMiB);
  int changes = 0;
  for (int i = 0; i < 10'000; ++i) {
    changes += policy.Observe(i % 2 == 0 ? 16'000 : 20'000) ? 1 : 0;
  }
  EXPECT_GE(changes, 1);
  EXPECT_LE(changes, 3);
}

}  // namespace
}  // namespace syncd
