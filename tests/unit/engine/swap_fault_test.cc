// What becomes of a swap whose request or answer is lost, also while a rival takes over.
#include <utility>

#include "world.h"

namespace indexswap {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SwapFault : public World {
 protected:
  void SetUp() override {
    BuildLive(engine(), 10);
    second_ = BuildSealed(engine(), 10);
    before_ = store().calls(Method::kUpdateAliases);
  }
  Engine& engine() { return *process_->engine; }
  FaultyStore& store() { return *process_->store; }
  int swaps() { return store().calls(Method::kUpdateAliases) - before_; }

  std::unique_ptr<Process> process_ = Start("a");
  uint64_t second_ = 0;
  int before_ = 0;
};

TEST_F(SwapFault, LostAfterItsEffectIsFoundAsDone) {
  for (const auto& status : {absl::UnknownError("time-out"), absl::DataLossError("half")}) {
    const int before = swaps();
    store().Fail(Method::kUpdateAliases, {{status, true, nullptr}});
    const auto promoted = engine().Promote(second_, {});
    ASSERT_TRUE(promoted.ok()) << promoted.status();
    EXPECT_EQ(Aliases(), AllAt(second_));
    EXPECT_EQ(swaps() - before, 1) << "it must not be sent again";
    ASSERT_TRUE(engine().Rollback(std::nullopt).ok());
  }
}

TEST_F(SwapFault, LostBeforeItsEffectIsSentAgainUnderANewEpoch) {
  const uint64_t epoch = engine().Status()->lease->epoch;
  store().Fail(Method::kUpdateAliases, {{absl::UnknownError("reset"), false, nullptr}});
  const auto promoted = engine().Promote(second_, {});
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_EQ(Aliases(), AllAt(second_));
  EXPECT_EQ(swaps(), 2);
  EXPECT_GT(engine().Status()->lease->epoch, epoch) << "the first request must be fenced off";
}

TEST_F(SwapFault, AStoreThatStaysAwayLeavesTheOutcomeUnknown) {
  store().Fail(Method::kUpdateAliases,
               {{absl::UnknownError("reset"), true,
                 [&] { store().FailAlways(Method::kRead, absl::UnavailableError("gone")); }}});
  const auto begin = clock_.passed();
  EXPECT_EQ(engine().Promote(second_, {}).status().code(), absl::StatusCode::kUnknown);
  EXPECT_GE(clock_.passed() - begin, std::chrono::milliseconds(60000));
  // And the same command again finds it done.
  store().FailAlways(Method::kRead, absl::OkStatus());
  EXPECT_TRUE(engine().Promote(second_, {}).ok());
  EXPECT_EQ(Aliases(), AllAt(second_));
  EXPECT_EQ(swaps(), 1);
  EXPECT_EQ(engine().Status()->previous, 1u) << "the way back is known";
}

TEST_F(SwapFault, ALateRequestIsFencedOffBeforeTheNextSwapOfTheSameProcess) {
  const uint64_t epoch = engine().Status()->lease->epoch;
  store().Fail(Method::kUpdateAliases,
               {{absl::UnknownError("reset"), false,
                 [&] { store().FailAlways(Method::kRead, absl::UnavailableError("gone")); }}});
  EXPECT_EQ(engine().Promote(second_, {}).status().code(), absl::StatusCode::kUnknown);
  store().FailAlways(Method::kRead, absl::OkStatus());
  ASSERT_TRUE(engine().Promote(second_, {}).ok());
  EXPECT_GT(engine().Status()->lease->epoch, epoch);
  EXPECT_EQ(Aliases(), AllAt(second_));
}

TEST_F(SwapFault, AReadThatFailsWhileTheOutcomeIsFoundOutIsTriedAgain) {
  store().Fail(Method::kUpdateAliases, {{absl::UnknownError("reset"), true, nullptr}});
  // Force looks, and looks again behind it; then the aliases are read.
  store().Fail(Method::kRead, {{absl::OkStatus(), false, nullptr},
                               {absl::OkStatus(), false, nullptr},
                               {absl::OkStatus(), false, nullptr},
                               {absl::UnavailableError("502"), false, nullptr},
                               {absl::DataLossError("half"), false, nullptr}});
  const auto promoted = engine().Promote(second_, {});
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_EQ(swaps(), 1);
}

TEST_F(SwapFault, WhatIsDoneWhenARivalTakesOverIsDone) {
  const auto rival = [&] { ASSERT_TRUE(Start("b")->engine->TakeLease().ok()); };
  store().Fail(Method::kUpdateAliases, {{absl::UnknownError("reset"), true, nullptr}});
  // What is created next is the lease that is to settle it.
  store().Fail(Method::kCreateLease, {{absl::OkStatus(), false, rival}});
  const auto promoted = engine().Promote(second_, {});
  EXPECT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_EQ(Aliases(), AllAt(second_));
  EXPECT_EQ(engine().CheckLease().code(), absl::StatusCode::kAborted);
}

TEST_F(SwapFault, WhatARivalHasFencedOffNeverHappens) {
  const auto rival = [&] { ASSERT_TRUE(Start("b")->engine->TakeLease().ok()); };
  store().Fail(Method::kUpdateAliases, {{absl::UnknownError("reset"), false, rival}});
  EXPECT_EQ(engine().Promote(second_, {}).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Aliases(), AllAt(1));
}

TEST_F(SwapFault, ARivalThatHasNotFencedItOffLeavesTheOutcomeUnknown) {
  // It has created its lease, and this one is still there.
  const auto rival = [&] {
    const uint64_t next = engine().Status()->lease->epoch + 1;
    LeaseRecord record;
    record.owner.id = "b";
    ASSERT_TRUE(testing::MakeMemoryStore(cluster_)->CreateLease({"tis", next}, record).ok());
  };
  store().Fail(Method::kUpdateAliases, {{absl::UnknownError("reset"), false, rival}});
  EXPECT_EQ(engine().Promote(second_, {}).status().code(), absl::StatusCode::kUnknown);
}

// A store whose reads are of two moments: aliases first, leases behind them.
class TornStore : public FaultyStore {
 public:
  using FaultyStore::FaultyStore;

  // Runs `between` in the middle of the read that comes after `reads` others.
  void Tear(int reads, std::function<void()> between) {
    reads_ = reads;
    between_ = std::move(between);
  }

  absl::StatusOr<StoreState> Read(const StateQuery& query) override {
    auto before = FaultyStore::Read(query);
    if (!between_ || !before.ok() || reads_-- > 0) return before;
    std::exchange(between_, nullptr)();
    auto after = FaultyStore::Read(query);
    if (after.ok()) before->leases = after->leases;
    return before;
  }

 private:
  int reads_ = 0;
  std::function<void()> between_;
};

class TornRead : public SwapFault, public ::testing::WithParamInterface<int> {};

// Whichever of the reads by which the outcome is found out it meets.
TEST_P(TornRead, ARequestThatArrivesInItsMidstIsFoundAsDone) {
  auto owned = std::make_shared<TornStore>(testing::MakeMemoryStore(cluster_));
  TornStore& torn = *owned;
  Recorder observer;
  const auto engine = Engine::Open(owned, SmallRelease(), OptionsFor("torn", clock_), &observer);
  ASSERT_TRUE(engine.ok()) << engine.status();
  ASSERT_TRUE((*engine)->TakeLease().ok());
  const Fence own{"tis", (*engine)->Status()->lease->epoch};
  const Fence next{"tis", own.epoch + 1};
  const auto planned = (*engine)->PlanSwap(second_);
  ASSERT_TRUE(planned.ok()) << planned.status();
  const auto cluster = testing::MakeMemoryStore(cluster_);
  // The rival has created its lease, and fences this one off just behind the late request.
  const auto arrive = [&] {
    ASSERT_TRUE(cluster->UpdateAliases(own, planned->actions).ok());
    ASSERT_TRUE(cluster->TakeOver(next, {}).ok());
  };
  const auto lose = [&] {
    ASSERT_TRUE(cluster->CreateLease(next, {}).ok());
    torn.Tear(GetParam(), arrive);
  };
  torn.Fail(Method::kUpdateAliases, {{absl::UnknownError("reset"), false, lose}});
  const auto promoted = (*engine)->Promote(second_, {});
  EXPECT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_EQ(Aliases(), AllAt(second_));
  EXPECT_EQ((*engine)->CheckLease().code(), absl::StatusCode::kAborted);
}

INSTANTIATE_TEST_SUITE_P(Reads, TornRead, ::testing::Range(0, 5));

TEST_F(SwapFault, AStoreThatDoesNotBearTheRequestMovesNothing) {
  store().Fail(Method::kUpdateAliases, {{absl::FailedPreconditionError("moved"), false, nullptr}});
  const auto promoted = engine().Promote(second_, {});
  EXPECT_EQ(promoted.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(promoted.status().message()), HasSubstr("No alias has moved"));
  EXPECT_EQ(Aliases(), AllAt(1));
  EXPECT_EQ(swaps(), 1);
}

TEST_F(SwapFault, AStoreThatWasNotReachedIsAskedAgain) {
  store().Fail(Method::kUpdateAliases, {{absl::UnavailableError("refused"), false, nullptr},
                                        {absl::UnavailableError("refused"), false, nullptr}});
  EXPECT_TRUE(engine().Promote(second_, {}).ok());
  EXPECT_EQ(swaps(), 3);
  EXPECT_EQ(Aliases(), AllAt(second_));
}

TEST_F(SwapFault, AStoreThatIsNeverReachedMovesNothing) {
  store().FailAlways(Method::kUpdateAliases, absl::UnavailableError("refused"));
  EXPECT_EQ(engine().Promote(second_, {}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Aliases(), AllAt(1));
}

TEST_F(SwapFault, PromotingTheLiveOneAgainSendsNothing) {
  ASSERT_TRUE(engine().Promote(second_, {}).ok());
  const auto again = engine().Promote(second_, {});
  ASSERT_TRUE(again.ok());
  EXPECT_THAT(again->actions, IsEmpty());
  EXPECT_EQ(swaps(), 1);
  EXPECT_EQ(engine().Status()->previous, 1u) << "what it replaced is not forgotten";
}

}  // namespace
}  // namespace indexswap
