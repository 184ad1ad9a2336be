// The lease: who may write, who has to wait, and what a writer can still do that has lost it.
#include "indexswap/engine/lease.h"

#include <thread>

#include "world.h"

namespace indexswap {
namespace {

using ::testing::HasSubstr;

class LeaseTest : public World {
 protected:
  std::unique_ptr<Process> first_ = Start("a");

  uint64_t Epoch() {
    const auto state = testing::MakeMemoryStore(cluster_)->Read({"tis", {}, {}});
    return state->leases.empty() ? 0 : state->leases.back().epoch;
  }

  // What the holder's own thread would do.
  void Beat() {
    const auto store = testing::MakeMemoryStore(cluster_);
    Lease lease = store->Read({"tis", {}, {}})->leases.back();
    ++lease.record->beat;
    ASSERT_TRUE(store->WriteLease({"tis", lease.epoch}, *lease.record).ok());
  }
};

TEST_F(LeaseTest, AFreeReleaseIsTakenAtOnce) {
  ASSERT_TRUE(first_->engine->TakeLease().ok());
  ASSERT_TRUE(first_->engine->TakeLease().ok()) << "taking it again is no harm";
  EXPECT_EQ(Epoch(), 1u);
  EXPECT_EQ(clock_.sleeps(), 0);
}

TEST_F(LeaseTest, ARivalThatBeatsIsNamedAndKeepsTheLease) {
  ASSERT_TRUE(first_->engine->TakeLease().ok());
  clock_.set_on_sleep([this] { Beat(); });
  const auto second = Start("b");
  const absl::Status refused = second->engine->TakeLease();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("host host-a, pid 4711"));
  EXPECT_EQ(second->store->writes(), 0);
  EXPECT_EQ(Epoch(), 1u);
}

TEST_F(LeaseTest, ALeaseThatDoesNotBeatIsTakenAfterTheTimeout) {
  ASSERT_TRUE(first_->engine->TakeLease().ok());
  const auto second = Start("b");
  ASSERT_TRUE(second->engine->TakeLease().ok());
  EXPECT_GE(clock_.passed(), LeaseOptions().timeout);
  EXPECT_EQ(Epoch(), 2u);
}

TEST_F(LeaseTest, TheSameFolderWithItsLockHeldTakesItAtOnce) {
  ASSERT_TRUE(first_->engine->TakeLease().ok());
  EngineOptions options = OptionsFor("b", clock_);
  options.owner.state_id = "state-a";
  options.owner_lock_held = true;
  ASSERT_TRUE(Start(options, SmallRelease())->engine->TakeLease().ok());
  EXPECT_EQ(clock_.sleeps(), 0);
  EXPECT_EQ(Epoch(), 2u);
}

TEST_F(LeaseTest, TheSameFolderWithoutItsLockWatches) {
  ASSERT_TRUE(first_->engine->TakeLease().ok());
  EngineOptions options = OptionsFor("b", clock_);
  options.owner.state_id = "state-a";
  ASSERT_TRUE(Start(options, SmallRelease())->engine->TakeLease().ok());
  EXPECT_GT(clock_.sleeps(), 0);
}

TEST_F(LeaseTest, OneThatWasGivenBackIsTakenAtOnce) {
  ASSERT_TRUE(first_->engine->TakeLease().ok());
  ASSERT_TRUE(first_->engine->ReleaseLease().ok());
  ASSERT_TRUE(Start("b")->engine->TakeLease().ok());
  EXPECT_EQ(clock_.sleeps(), 0);
  EXPECT_EQ(Epoch(), 2u);
}

TEST_F(LeaseTest, OneThatIsGivenBackWhileItIsWatchedIsTakenThen) {
  ASSERT_TRUE(first_->engine->TakeLease().ok());
  clock_.set_on_sleep([this] { ASSERT_TRUE(first_->engine->ReleaseLease().ok()); });
  ASSERT_TRUE(Start("b")->engine->TakeLease().ok());
  EXPECT_EQ(clock_.sleeps(), 1);
}

TEST_F(LeaseTest, WhoeverCreatesTheNextOneFirstWins) {
  const auto second = Start("b");
  second->store->Fail(
      Method::kCreateLease,
      {{absl::OkStatus(), false, [this] { ASSERT_TRUE(first_->engine->TakeLease().ok()); }}});
  const absl::Status refused = second->engine->TakeLease();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_TRUE(first_->engine->Begin().ok());
}

TEST_F(LeaseTest, AWriterThatHasLostItChangesNothing) {
  BuildLive(*first_->engine, 10);
  const uint64_t sealed = BuildSealed(*first_->engine, 10);
  auto open = first_->engine->Begin();
  ASSERT_TRUE(open.ok());
  const auto second = Start("b");
  ASSERT_TRUE(second->engine->TakeLease().ok());

  EXPECT_EQ(first_->engine->Promote(sealed, {}).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Aliases(), AllAt(1));
  EXPECT_EQ(first_->engine->Begin().status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(first_->engine->Rollback(1).status().code(), absl::StatusCode::kAborted);
  Fill(**open, 5);  // only buffered
  EXPECT_EQ((*open)->Seal({}).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ((*open)->Put("docs", "late", 0, "{}").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(second->store->Fetch("docs_v3", {"d0", "late"})->size(), 0u);
  EXPECT_EQ(Epoch(), 2u);
  // Its successor goes on.
  EXPECT_TRUE(second->engine->Promote(sealed, {}).ok());
  EXPECT_EQ(Aliases(), AllAt(sealed));
}

TEST_F(LeaseTest, ASwapThatIsSentUnderALostLeaseMovesNothing) {
  BuildLive(*first_->engine, 10);
  const uint64_t sealed = BuildSealed(*first_->engine, 10);
  const auto second = Start("b");
  // Stopped just before its request, and woken up after another has taken over.
  first_->store->Fail(
      Method::kUpdateAliases,
      {{absl::OkStatus(), false, [&] { ASSERT_TRUE(second->engine->TakeLease().ok()); }}});
  EXPECT_EQ(first_->engine->Promote(sealed, {}).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Aliases(), AllAt(1));
}

class StandbyTest : public LeaseTest {
 protected:
  // One look, a tenth of the time-out later.
  LeaseAttempt Look() {
    clock_.Advance(LeaseOptions().timeout / 10);
    const auto attempt = second_->engine->TryLease();
    EXPECT_TRUE(attempt.ok()) << attempt.status();
    return attempt.value_or(LeaseAttempt());
  }

  std::unique_ptr<Process> second_ = Start("b");
};

TEST_F(StandbyTest, WaitsForAsLongAsTheHolderBeats) {
  ASSERT_TRUE(first_->engine->TakeLease().ok());
  for (int i = 0; i < 30; ++i) {
    Beat();
    const LeaseAttempt look = Look();
    ASSERT_FALSE(look.taken);
    ASSERT_EQ(look.holder->record->owner.host, "host-a");
  }
  EXPECT_EQ(second_->store->writes(), 0);
  EXPECT_EQ(second_->engine->CheckLease().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(StandbyTest, TakesOverFromOneThatBeatsNoMore) {
  ASSERT_TRUE(first_->engine->TakeLease().ok());
  int looks = 1;
  while (!Look().taken && looks < 50) ++looks;
  EXPECT_EQ(looks, 11);
  EXPECT_EQ(Epoch(), 2u);
  EXPECT_TRUE(second_->engine->ConfirmLease().ok());
  EXPECT_TRUE(Look().taken) << "held already";
  EXPECT_EQ(Epoch(), 2u);
}

TEST_F(StandbyTest, TakesOneThatWasGivenBackWithTheNextLook) {
  ASSERT_TRUE(first_->engine->TakeLease().ok());
  ASSERT_FALSE(Look().taken);
  ASSERT_TRUE(first_->engine->ReleaseLease().ok());
  const LeaseAttempt look = Look();
  EXPECT_TRUE(look.taken);
  EXPECT_EQ(look.holder->record->owner.state_id, "state-a") << "the predecessor";
}

TEST_F(StandbyTest, AStoreThatWasAwayForBothProvesNobodyDead) {
  ASSERT_TRUE(first_->engine->TakeLease().ok());
  for (int i = 0; i < 8; ++i) ASSERT_FALSE(Look().taken);
  second_->store->Fail(Method::kRead, {{absl::UnavailableError("away"), false, nullptr}});
  EXPECT_EQ(second_->engine->TryLease().status().code(), absl::StatusCode::kUnavailable);
  for (int i = 0; i < 8; ++i) ASSERT_FALSE(Look().taken);
}

TEST_F(StandbyTest, WhoeverIsQuickerIsFoundWithTheNextLook) {
  ASSERT_TRUE(first_->engine->TakeLease().ok());
  ASSERT_TRUE(first_->engine->ReleaseLease().ok());
  const auto third = Start("c");
  second_->store->Fail(
      Method::kCreateLease,
      {{absl::OkStatus(), false, [&] { ASSERT_TRUE(third->engine->TakeLease().ok()); }}});
  EXPECT_FALSE(Look().taken);
  EXPECT_EQ(Look().holder->record->owner.host, "host-c");
}

TEST_F(StandbyTest, OneThatHasLostItIsTold) {
  ASSERT_TRUE(first_->engine->TakeLease().ok());
  ASSERT_TRUE(second_->engine->TakeLease().ok());
  EXPECT_EQ(first_->engine->Begin().status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(first_->engine->TryLease().status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(first_->engine->ConfirmLease().code(), absl::StatusCode::kAborted);
}

TEST_F(LeaseTest, TheCallerIsToldOfTheEpochBeforeItIsTakenAndKeepsItsPosition) {
  EngineOptions options = OptionsFor("b", clock_);
  std::vector<std::string> told;
  uint64_t position = 41;
  options.journal_position = [&] { return position; };
  options.before_epoch = [&](const std::optional<Lease>& last, uint64_t epoch) {
    told.push_back((last ? last->record->owner.state_id : "none") + " " + std::to_string(epoch) +
                   (Epoch() == epoch ? " taken already" : ""));
    return epoch == 2 ? absl::DataLossError("not this one") : absl::OkStatus();
  };
  const auto record = [this] {
    return *testing::MakeMemoryStore(cluster_)->Read({"tis", {}, {}})->leases.back().record;
  };
  ASSERT_TRUE(Start(options, SmallRelease())->engine->TakeLease().ok());
  EXPECT_EQ(record().journal_position, 41u);
  options.owner.id = "c";
  const auto second = Start(options, SmallRelease());
  EXPECT_EQ(second->engine->TakeLease().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Epoch(), 1u);
  EXPECT_THAT(told, ::testing::ElementsAre("none 1", "state-b 2"));
  position = 42;
  options.before_epoch = nullptr;
  const auto third = Start(options, SmallRelease());
  ASSERT_TRUE(third->engine->TakeLease().ok());
  position = 43;
  ASSERT_TRUE(third->engine->ReleaseLease().ok());
  EXPECT_EQ(record().journal_position, 43u);
}

}  // namespace
}  // namespace indexswap
