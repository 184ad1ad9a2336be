// The lease keeper by itself: its beats, and the settling of what was left open.
#include <thread>

#include "indexswap/engine/lease.h"
#include "world.h"

namespace indexswap {
namespace {

using ::testing::HasSubstr;

class KeeperTest : public World {
 protected:
  std::unique_ptr<Process> first_ = Start("a");
  FaultyStore store_{testing::MakeMemoryStore(cluster_)};
  EngineOptions options_ = OptionsFor("k", clock_);
  Observer silent_;
  LeaseKeeper keeper_{store_, {"tis", {"docs", "notes"}, {}}, options_, silent_};
};

TEST_F(KeeperTest, NothingIsFencedBeforeItIsTaken) {
  EXPECT_EQ(keeper_.Current().status().code(), absl::StatusCode::kFailedPrecondition);
}

// A keeper whose thread beats all the time, on a clock that stands still.
class BeatingTest : public KeeperTest {
 protected:
  BeatingTest() { options_.lease.beat = std::chrono::milliseconds(1); }

  // Returns when so many more beats have begun, so that all before the last have ended.
  void AwaitBeats(int count) {
    const int until = store_.calls(Method::kWriteLease) + count;
    while (store_.calls(Method::kWriteLease) < until) std::this_thread::yield();
  }
};

TEST_F(KeeperTest, ASleeperIsInDoubtUntilTheStoreHasAnswered) {
  EXPECT_EQ(keeper_.Confirm().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(keeper_.Acquire().ok());
  EXPECT_TRUE(keeper_.Confirm().ok());
  clock_.Advance(options_.lease.timeout / 2);
  EXPECT_TRUE(keeper_.Confirm().ok());
  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(keeper_.Confirm().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(keeper_.Current().ok()) << "not lost as far as anybody knows";
}

TEST_F(BeatingTest, ABeatThatGetsThroughEndsTheDoubt) {
  ASSERT_TRUE(keeper_.Acquire().ok());
  store_.FailAlways(Method::kWriteLease, absl::UnavailableError("away"));
  clock_.Advance(options_.lease.timeout);
  AwaitBeats(3);
  EXPECT_EQ(keeper_.Confirm().code(), absl::StatusCode::kUnavailable);
  store_.FailAlways(Method::kWriteLease, absl::OkStatus());
  AwaitBeats(3);
  EXPECT_TRUE(keeper_.Confirm().ok());
}

TEST_F(BeatingTest, ASleeperWhoseSuccessorIsJustTakingOverKnowsIt) {
  ASSERT_TRUE(keeper_.Acquire().ok());
  store_.FailAlways(Method::kWriteLease, absl::UnavailableError("asleep"));
  AwaitBeats(2);
  clock_.Advance(options_.lease.timeout);
  // The rival has created its lease, and has not removed this one yet.
  const auto rival = testing::MakeMemoryStore(cluster_);
  ASSERT_TRUE(rival->CreateLease({"tis", 2}, {}).ok());
  store_.FailAlways(Method::kWriteLease, absl::OkStatus());
  AwaitBeats(1);
  while (keeper_.Confirm().code() == absl::StatusCode::kUnavailable) std::this_thread::yield();
  EXPECT_EQ(keeper_.Confirm().code(), absl::StatusCode::kAborted);
}

TEST_F(KeeperTest, ForceGoesToTheNextEpochAndFencesTheOldOneOff) {
  ASSERT_TRUE(keeper_.Acquire().ok());
  const Fence before = *keeper_.Current();
  ASSERT_TRUE(keeper_.Force().ok());
  EXPECT_EQ(keeper_.Current()->epoch, before.epoch + 1);
  EXPECT_EQ(store_.UpdateAliases(before, {}).code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(store_.UpdateAliases(*keeper_.Current(), {}).ok());
}

TEST_F(KeeperTest, ForceTriesAgainWhereAnswersAreLost) {
  ASSERT_TRUE(keeper_.Acquire().ok());
  store_.Fail(Method::kCreateLease, {{absl::UnknownError("lost"), true, nullptr},
                                     {absl::ResourceExhaustedError("busy"), false, nullptr}});
  store_.Fail(Method::kTakeOver, {{absl::UnknownError("lost"), true, nullptr}});
  ASSERT_TRUE(keeper_.Force().ok());
  const auto state = store_.Read({"tis", {}, {}});
  ASSERT_EQ(state->leases.size(), 1u);
  EXPECT_EQ(state->leases.back().epoch, keeper_.Current()->epoch);
}

TEST_F(KeeperTest, ItsOwnLeaseThatIsCreatedLateIsNoRivals) {
  ASSERT_TRUE(keeper_.Acquire().ok());
  const uint64_t next = keeper_.Current()->epoch + 1;
  LeaseRecord own;
  own.owner = options_.owner;
  const auto late = [&] {
    ASSERT_TRUE(testing::MakeMemoryStore(cluster_)->CreateLease({"tis", next}, own).ok());
  };
  store_.Fail(Method::kCreateLease,
              {{absl::UnknownError("time-out"), false, nullptr}, {absl::OkStatus(), false, late}});
  ASSERT_TRUE(keeper_.Force().ok());
  EXPECT_EQ(keeper_.Current()->epoch, next + 1);
  EXPECT_EQ(store_.Read({"tis", {}, {}})->leases.size(), 1u);
}

TEST_F(KeeperTest, ForceFindsThatAnotherHasTakenIt) {
  ASSERT_TRUE(keeper_.Acquire().ok());
  ASSERT_TRUE(first_->engine->TakeLease().ok());
  EXPECT_EQ(keeper_.Force().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(keeper_.Current().status().code(), absl::StatusCode::kAborted);
}

TEST_F(KeeperTest, ForceThatEndedInVainIsGoneOnWithBeforeAnythingElse) {
  ASSERT_TRUE(keeper_.Acquire().ok());
  const Fence before = *keeper_.Current();
  store_.FailAlways(Method::kCreateLease, absl::UnavailableError("away"));
  EXPECT_EQ(keeper_.Force().code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(keeper_.Acquire().code(), absl::StatusCode::kUnknown) << "what was sent may still come";
  store_.FailAlways(Method::kCreateLease, absl::OkStatus());
  ASSERT_TRUE(keeper_.Acquire().ok());
  EXPECT_GT(keeper_.Current()->epoch, before.epoch);
  EXPECT_EQ(store_.UpdateAliases(before, {}).code(), absl::StatusCode::kAborted);
  const uint64_t settled = keeper_.Current()->epoch;
  ASSERT_TRUE(keeper_.Acquire().ok());
  EXPECT_EQ(keeper_.Current()->epoch, settled) << "once";
}

TEST_F(KeeperTest, ATakingWhoseAnswerIsLostIsDoneAgain) {
  for (const Method method : {Method::kCreateLease, Method::kTakeOver}) {
    for (const bool after_effect : {false, true}) {
      store_.Fail(method, {{absl::UnknownError("lost"), after_effect, nullptr}});
      const absl::Status taken = keeper_.Acquire();
      ASSERT_TRUE(taken.ok()) << taken;
      const auto state = store_.Read({"tis", {}, {}});
      ASSERT_EQ(state->leases.size(), 1u);
      EXPECT_EQ(state->leases.back().epoch, keeper_.Current()->epoch);
      ASSERT_TRUE(keeper_.Release().ok());
    }
  }
}

TEST_F(KeeperTest, ATakingThatNobodyTellsOfIsNone) {
  store_.Fail(Method::kCreateLease,
              {{absl::UnknownError("lost"), true,
                [&] { store_.FailAlways(Method::kRead, absl::UnavailableError("gone")); }}});
  EXPECT_EQ(keeper_.Acquire().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(keeper_.Current().ok());
  store_.FailAlways(Method::kRead, absl::OkStatus());
  ASSERT_TRUE(keeper_.Acquire().ok());
}

TEST_F(KeeperTest, ATakingWhoseAnswerIsLostYieldsToARival) {
  store_.Fail(Method::kCreateLease, {{absl::UnknownError("lost"), false,
                                      [&] { ASSERT_TRUE(first_->engine->TakeLease().ok()); }}});
  EXPECT_EQ(keeper_.Acquire().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(first_->engine->CheckLease().ok());
}

TEST_F(KeeperTest, ReleaseIsIdempotentAndItCanBeTakenAgain) {
  EXPECT_TRUE(keeper_.Release().ok());
  ASSERT_TRUE(keeper_.Acquire().ok());
  ASSERT_TRUE(keeper_.Release().ok());
  ASSERT_TRUE(keeper_.Release().ok());
  EXPECT_FALSE(keeper_.Current().ok());
  ASSERT_TRUE(keeper_.Acquire().ok());
  EXPECT_EQ(keeper_.Current()->epoch, 2u);
  EXPECT_FALSE(store_.Read({"tis", {}, {}})->leases.back().record->free);
}

TEST_F(KeeperTest, NumbersGivenAwayAreDurable) {
  ASSERT_TRUE(keeper_.Acquire().ok());
  ASSERT_TRUE(keeper_.NoteGeneration(41).ok());
  ASSERT_TRUE(keeper_.NoteGeneration(7).ok());
  EXPECT_EQ(store_.Read({"tis", {}, {}})->leases.back().record->highest_generation, 41u);
  ASSERT_TRUE(keeper_.Force().ok());
  EXPECT_EQ(store_.Read({"tis", {}, {}})->leases.back().record->highest_generation, 41u);
}

}  // namespace
}  // namespace indexswap
