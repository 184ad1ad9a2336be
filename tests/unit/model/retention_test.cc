#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/retention.h>

namespace indexswap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RetentionCandidate Complete(uint64_t generation) {
  RetentionCandidate candidate;
  candidate.generation = generation;
  candidate.state = BuildState::kSealed;
  candidate.ours = candidate.complete = true;
  return candidate;
}

RetentionCandidate Live(uint64_t generation) {
  RetentionCandidate candidate = Complete(generation);
  candidate.live = candidate.has_public_alias = true;
  return candidate;
}

RetentionPolicy Keep(int generations) {
  return {.generations = generations, .grace = std::chrono::seconds(600)};
}

std::vector<uint64_t> Pruned(const RetentionPolicy& policy,
                             const std::vector<RetentionCandidate>& candidates) {
  std::vector<uint64_t> pruned;
  for (const RetentionVerdict& verdict : JudgeRetention(policy, candidates)) {
    if (verdict.prune) pruned.push_back(verdict.generation);
  }
  return pruned;
}

// What protects a generation however few are to be kept: one that none of these is would go.
struct Protected {
  const char* name;
  void (*make)(RetentionCandidate&);
  const char* reason;
};

class Protection : public ::testing::TestWithParam<Protected> {};

TEST_P(Protection, KeepsAGenerationThatWouldGoWithoutIt) {
  RetentionCandidate candidate = Complete(3);
  ASSERT_THAT(Pruned(Keep(1), {candidate, Live(9)}), ElementsAre(3));
  GetParam().make(candidate);
  const auto verdicts = JudgeRetention(Keep(1), {candidate, Live(9)});
  EXPECT_FALSE(verdicts[0].prune);
  EXPECT_THAT(verdicts[0].reason, HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Each, Protection,
    ::testing::Values(
        Protected{"Foreign", [](RetentionCandidate& c) { c.ours = c.complete = false; },
                  "not made by indexswap"},
        Protected{"Aliased", [](RetentionCandidate& c) { c.has_public_alias = true; },
                  "an alias points at it"},
        Protected{"Previous", [](RetentionCandidate& c) { c.previous = true; }, "previous"},
        Protected{"BuildingByALiveOwner",
                  [](RetentionCandidate& c) {
                    c.state = BuildState::kBuilding;
                    c.complete = false;
                    c.owner_alive = true;
                  },
                  "its writer is alive"},
        Protected{"NewerThanLive", [](RetentionCandidate& c) { c.newer_than_live = true; },
                  "newer than the live one"},
        Protected{"WithinGrace",
                  [](RetentionCandidate& c) { c.since_left = std::chrono::seconds(599); },
                  "left 599 s ago"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(Retention, GraceEnds) {
  RetentionCandidate candidate = Complete(3);
  candidate.since_left = std::chrono::seconds(600);
  EXPECT_THAT(Pruned(Keep(1), {candidate, Live(9)}), ElementsAre(3));
}

TEST(Retention, KeepsTheNumberOfCompleteOnesNewestFirst) {
  RetentionCandidate previous = Complete(4);
  previous.previous = true;
  const std::vector<RetentionCandidate> all = {Complete(1), Complete(2), Complete(3), previous,
                                               Live(5)};
  EXPECT_THAT(Pruned(Keep(1), all), ElementsAre(1, 2, 3));
  EXPECT_THAT(Pruned(Keep(2), all), ElementsAre(1, 2, 3));
  EXPECT_THAT(Pruned(Keep(3), all), ElementsAre(1, 2));
  EXPECT_THAT(Pruned(Keep(9), all), IsEmpty());
}

TEST(Retention, AbandonedAndUnfinishedOnesGoHoweverManyAreKept) {
  RetentionCandidate abandoned = Complete(1);
  abandoned.state = BuildState::kAbandoned;
  abandoned.complete = false;
  RetentionCandidate unfinished = Complete(2);
  unfinished.state = BuildState::kBuilding;
  unfinished.complete = false;
  RetentionCandidate newer = unfinished;  // being newer saves only what is complete
  newer.generation = 8;
  newer.newer_than_live = true;
  EXPECT_THAT(Pruned(Keep(9), {abandoned, unfinished, Live(5), newer}), ElementsAre(1, 2, 8));
}

TEST(Retention, JudgesEveryCandidateInItsOrder) {
  std::vector<uint64_t> judged;
  for (const auto& verdict : JudgeRetention(Keep(1), {Complete(1), Complete(2), Live(3)})) {
    judged.push_back(verdict.generation);
    EXPECT_THAT(verdict.reason, ::testing::Not(IsEmpty()));
  }
  EXPECT_THAT(judged, ElementsAre(1, 2, 3));
}

TEST(Retention, AgeLetsACompleteOneGoThoughThereIsRoom) {
  RetentionPolicy policy = Keep(9);
  policy.max_age = std::chrono::seconds(100);
  RetentionCandidate old = Complete(3), young = Complete(4), unknown = Complete(5);
  old.age = std::chrono::seconds(101);
  young.age = std::chrono::seconds(100);
  RetentionCandidate previous = Complete(6), live = Live(7);
  previous.previous = true;
  previous.age = live.age = std::chrono::seconds(1000);
  RetentionCandidate stopped = Complete(8);  // by a gate, and forgotten
  stopped.newer_than_live = true;
  stopped.age = std::chrono::seconds(101);
  const auto verdicts = JudgeRetention(policy, {old, young, unknown, previous, live, stopped});
  EXPECT_EQ(verdicts[0].reason, "sealed 101 s ago, kept for 100 s");
  EXPECT_THAT(Pruned(policy, {old, young, unknown, previous, live, stopped}), ElementsAre(3, 8));
  policy.max_age = std::chrono::seconds(0);
  EXPECT_THAT(Pruned(policy, {old, young, unknown, previous, live, stopped}), IsEmpty());
}

TEST(Retention, BytesLetTheOldestGoAndNeverLiveOrPrevious) {
  RetentionPolicy policy = Keep(9);
  policy.max_bytes = 300;
  RetentionCandidate previous = Complete(6), live = Live(7);
  previous.previous = true;
  previous.bytes = live.bytes = 100;
  RetentionCandidate fits = Complete(5), too_much = Complete(4), small = Complete(3);
  fits.bytes = 60;
  too_much.bytes = 41;
  small.bytes = 40;
  const std::vector<RetentionCandidate> all = {small, too_much, fits, previous, live};
  EXPECT_THAT(Pruned(policy, all), ElementsAre(4));
  EXPECT_EQ(JudgeRetention(policy, all)[1].reason,
            "with its 41 bytes the kept ones would take 301, at most 300");
  policy.max_bytes = 1;
  EXPECT_THAT(Pruned(policy, all), ElementsAre(3, 4, 5));
  policy.max_bytes = 0;
  EXPECT_THAT(Pruned(policy, all), IsEmpty());
}

}  // namespace
}  // namespace indexswap
