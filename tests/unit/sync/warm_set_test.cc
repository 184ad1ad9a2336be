// Generations kept up to date by live events, and swaps between them, over the memory store.
#include "syncd/sync/warm_set.h"

#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <string>
#include <thread>

#include "indexswap/testing/faulty_store.h"
#include "warm_world.h"

namespace syncd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

using WarmSetTest = WarmWorld;

TEST_F(WarmSetTest, EveryGenerationGetsEveryEvent) {
  const uint64_t first = Build();
  ASSERT_TRUE(Promote(first).ok());
  const uint64_t second = Build();
  Send(1, "Anaesthetics");
  Settle(first);
  Settle(second);
  EXPECT_THAT(Shown(first, "7000001:1"), HasSubstr("Anaesthetics"));
  EXPECT_THAT(Shown(second, "7000001:1"), HasSubstr("Anaesthetics"));
  EXPECT_EQ(warm_->Acknowledged(), 1u);
}

TEST_F(WarmSetTest, NothingIsAcknowledgedThatTheLiveIndexHasNotAnsweredFor) {
  const uint64_t first = Build();
  EXPECT_EQ(warm_->Acknowledged(), 0u);
  Send(1, "a");
  EXPECT_EQ(warm_->Acknowledged(), 1u) << "nothing is live: journalled is enough";
  Settle(first);
  ASSERT_TRUE(Promote(first).ok());
  warm_->Remove(first);
  EXPECT_EQ(warm_->Acknowledged(), 0u) << "live, and nobody writes to it";
}

TEST_F(WarmSetTest, ASwapFindsItsTargetAsFarAsReadersHaveSeen) {
  const uint64_t first = Build();
  ASSERT_TRUE(Promote(first).ok());
  const uint64_t second = Build();
  for (int i = 1; i <= 50; ++i) Send(i, "p");
  const absl::Status swapped = Promote(second);  // catches up, and is counted
  ASSERT_TRUE(swapped.ok()) << swapped;
  EXPECT_THAT(Shown(second, "7000001:50"), HasSubstr("\"p\""));
  EXPECT_EQ(*engine_->Status()->live, second);
  Send(51, "after");
  Settle(first);
  EXPECT_THAT(Shown(first, "7000001:51"), HasSubstr("after")) << "the way back stays warm";
}

TEST_F(WarmSetTest, ASwapThatWouldHoldEventsForTooLongDoesNotHappen) {
  const uint64_t first = Build();
  ASSERT_TRUE(Promote(first).ok());
  const uint64_t second = Build();
  warm_->Remove(second);
  warm_->Add(second, false);  // does not drain: as if its index were slow
  Send(1, "a");
  EXPECT_EQ(Promote(second, milliseconds(1)).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(*engine_->Status()->live, first);
  Send(2, "b");
  Settle(first);
  EXPECT_THAT(Shown(first, "7000001:2"), HasSubstr("\"b\"")) << "events go on";
}

TEST_F(WarmSetTest, AGenerationWhoseIndexIsGoneTurnsCold) {
  const uint64_t first = Build();
  ASSERT_TRUE(Promote(first).ok());
  const uint64_t second = Build();
  ASSERT_TRUE(store_->DeleteIndexes({"tis", 1}, {kMaster + "_v" + std::to_string(second)}).ok());
  Send(1, "a");
  Settle(first);
  const absl::Status held = warm_->Hold(second, seconds(30)).status();
  EXPECT_EQ(held.code(), absl::StatusCode::kFailedPrecondition) << held;
  EXPECT_THAT(std::string(held.message()), HasSubstr("cold"));
  EXPECT_EQ(log_->Cold()->count(second), 1u);
}

TEST_F(WarmSetTest, ADocumentThatTheStoreRefusesIsADeadLetterAndLeftOutOfTheCount) {
  const uint64_t first = Build();
  ASSERT_TRUE(Promote(first).ok());
  ASSERT_TRUE(log_->Append({{"tcs-updates",
                             R"({"tcsPersonId":1,"gmcReferenceNumber":"7000001",)"
                             R"("curriculumEndDate":"the 4th of July"})",
                             {}}})
                  .ok());
  warm_->Wake();
  Settle(first);
  const auto letters = log_->ListDeadLetters(0, 10);
  ASSERT_EQ(letters->size(), 2u) << "two families have the date";
  EXPECT_EQ(letters->front().document_id, "7000001:1");
  EXPECT_EQ(letters->front().generation, first);
  const auto expected = warm_->Hold(first, seconds(30));
  warm_->Release();
  EXPECT_EQ(expected->at(kMaster), 0u);
  EXPECT_EQ(warm_->Acknowledged(), 1u) << "in the dead letters is safe, too";
  Send(1, "mended");
  Settle(first);
  const auto mended = warm_->Hold(first, seconds(30));
  warm_->Release();
  EXPECT_EQ(mended->at(kMaster), 1u);
}

// Breaks a view of a generation's file for one programme.
void BreakView(const std::string& folder, uint64_t generation, const std::string& column) {
  const auto path = std::filesystem::path(folder) / GenerationFileName(generation);
  const auto file = Database::Open(path.string(), Database::Mode::kReadWrite, Durability::kOff);
  ASSERT_TRUE(file.ok()) << file.status();
  const absl::Status broken = (*file)->Execute(
      "DROP VIEW recommendationindex; CREATE VIEW recommendationindex AS SELECT join_key, " +
      column + " FROM masterdoctorindex");
  ASSERT_TRUE(broken.ok()) << broken;
}

TEST_F(WarmSetTest, ADocumentOnWhichAViewFailsIsADeadLetterAndHoldsUpNobody) {
  const uint64_t first = Build();
  ASSERT_TRUE(Promote(first).ok());
  warm_->Remove(first);
  BreakView(folder_.path(), first,
            "id, CASE programmeName WHEN 'poison' THEN json('{') ELSE programmeName END AS "
            "programmeName");
  warm_->Add(first, true);
  warm_->SetLive(first);
  Send(1, "poison");
  Send(2, "b");
  Settle(first);
  EXPECT_EQ(warm_->Acknowledged(), 2u);
  const auto letters = log_->ListDeadLetters(0, 10);
  ASSERT_EQ(letters->size(), 2u) << "both documents of the doctor";
  EXPECT_EQ(letters->front().family, "recommendationindex");
  EXPECT_THAT(Shown(first, "7000001:2"), HasSubstr("\"b\""));
  Send(1, "mended");
  Settle(first);
  EXPECT_THAT(Shown(first, "7000001:1"), HasSubstr("mended"));
}

TEST_F(WarmSetTest, AnEventThatCantBeAppliedIsADeadLetterAndHoldsUpNobody) {
  const uint64_t first = Build();
  ASSERT_TRUE(Promote(first).ok());
  warm_->Remove(first);
  BreakView(folder_.path(), first,
            "CASE programmeName WHEN 'poison' THEN json('{') ELSE id END AS id, programmeName");
  warm_->Add(first, true);
  warm_->SetLive(first);
  Send(2, "b");
  Send(1, "poison");
  Send(3, "c");
  Settle(first);
  EXPECT_EQ(warm_->Acknowledged(), 3u);
  const auto letters = log_->ListDeadLetters(0, 10);
  ASSERT_EQ(letters->size(), 1u);
  EXPECT_EQ(letters->front().channel, "tcs-updates");
  EXPECT_THAT(Shown(first, "7000001:3"), HasSubstr("\"c\""));
}

TEST_F(WarmSetTest, ARollbackToAWarmGenerationLosesNothing) {
  const uint64_t first = Build();
  ASSERT_TRUE(Promote(first).ok());
  ASSERT_TRUE(Promote(Build()).ok());
  for (int i = 1; i <= 20; ++i) Send(i, "p");
  RollbackLoss loss;
  const auto back = RollBack(tools(), {std::nullopt, false, {}, seconds(10)},
                             [&](const RollbackLoss& found) { loss = found; });
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->to, first);
  EXPECT_EQ(loss.lost, std::optional<uint64_t>(0));
  EXPECT_THAT(Shown(first, "7000001:20"), HasSubstr("\"p\""));
}

// A process that was killed behind its swap has left the stage at sealed, which is that of a build
// that a sync goes on with.
TEST_F(WarmSetTest, NoSyncGoesOnWithWhatWasRolledBackFrom) {
  ASSERT_TRUE(Promote(Build()).ok());
  const uint64_t second = Build();
  ASSERT_TRUE(Promote(second).ok());
  const auto back =
      RollBack(tools(), {std::nullopt, false, {}, seconds(10)}, [](const RollbackLoss&) {});
  ASSERT_TRUE(back.ok()) << back.status();
  auto file = GenerationFile::OpenReadOnly(PathOf(second));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->ReadRun()->stage, RunStage::kPromoted);
}

TEST_F(WarmSetTest, ARollbackWaitsForASwapThatIsUnderWay) {
  const uint64_t first = Build();
  ASSERT_TRUE(Promote(first).ok());
  ASSERT_TRUE(Promote(Build()).ok());
  std::promise<void> begun;
  std::thread rollback;
  {
    const auto lock = warm_->LockSwap();
    rollback = std::thread([&] {
      const auto back = RollBack(tools(), {std::nullopt, false, {}, seconds(10)},
                                 [&](const RollbackLoss&) { begun.set_value(); });
      EXPECT_TRUE(back.ok()) << back.status();
    });
    // It can't begin too late here: if it did not wait, this would see it as a rule.
    EXPECT_EQ(begun.get_future().wait_for(milliseconds(300)), std::future_status::timeout);
  }
  rollback.join();
}

TEST_F(WarmSetTest, ARollbackThatWouldLoseEventsNeedsConsent) {
  const uint64_t first = Build();
  ASSERT_TRUE(Promote(first).ok());
  ASSERT_TRUE(Promote(Build()).ok());
  warm_->Remove(first);
  ASSERT_TRUE(log_->MarkCold(first, "its file was lost").ok());
  Send(1, "a");
  const auto told = [](const RollbackLoss&) {};
  const RollbackRequest request{std::nullopt, false, {}, seconds(10)};
  const auto facts = [&](const indexswap::ReleaseStatus&) {
    return FactsOf(folder_.path(), *log_, *warm_);
  };
  const auto preview = PreviewRollback(*engine_, request, folder_.path(), facts, plan_);
  ASSERT_TRUE(preview.ok()) << preview.status();
  EXPECT_TRUE(preview->loss.NeedsConsent());
  const auto refused = RollBack(tools(), request, told);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("its file was lost"));
  const RollbackRequest accepted{std::nullopt, true, {}, seconds(10)};
  const auto back = RollBack(tools(), accepted, told);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->to, first);
}

TEST_F(WarmSetTest, ARollbackOnlyFromTheStateThatWasLookedAt) {
  const uint64_t first = Build();
  ASSERT_TRUE(Promote(first).ok());
  ASSERT_TRUE(Promote(Build()).ok());
  for (int i = 1; i <= 3; ++i) Send(i, "p");
  Settle(first);
  // Without a look at what this process has in memory: as a command that takes neither lock.
  const auto read = [&](const indexswap::ReleaseStatus& status) {
    return ReadEventFacts(folder_.path(), status);
  };
  const auto preview = PreviewRollback(*engine_, {}, folder_.path(), read, plan_);
  ASSERT_TRUE(preview.ok()) << preview.status();
  EXPECT_EQ(preview->report.to, first);
  EXPECT_EQ(preview->report.requests.size(), 1u);
  EXPECT_EQ(preview->loss.lost, std::optional<uint64_t>(0)) << preview->loss.Describe();
  EXPECT_FALSE(preview->loss.NeedsConsent());
  const auto told = [](const RollbackLoss&) { ADD_FAILURE() << "nothing is begun"; };
  RollbackRequest request{std::nullopt, false, "0-0-0", seconds(10)};
  const auto refused = RollBack(tools(), request, told);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("the state has moved"));
  EXPECT_EQ(PreviewRollback(*engine_, request, folder_.path(), read, plan_).status(),
            refused.status());
  request.if_state = preview->report.state;
  ASSERT_TRUE(RollBack(tools(), request, [](const RollbackLoss&) {}).ok());
  EXPECT_NE(*engine_->State(), preview->report.state);
}

// A folder that another has written behind says nothing of what would be lost.
TEST_F(WarmSetTest, AFolderOfAnotherWriterKnowsOfNoLoss) {
  const uint64_t first = Build();
  ASSERT_TRUE(Promote(first).ok());
  ASSERT_TRUE(Promote(Build()).ok());
  Send(1, "p");
  Settle(first);
  indexswap::ReleaseStatus status = *engine_->Status();
  ASSERT_TRUE(status.lease && status.lease->record);
  ASSERT_TRUE(ReadEventFacts(folder_.path(), status)->warm.contains(first));
  status.lease->record->owner.state_id = "another";
  status.lease->record->journal_position = 7;
  const auto facts = ReadEventFacts(folder_.path(), status);
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->head, 7u);
  const auto loss = AssessRollback(status, first, folder_.path(), *facts, plan_);
  ASSERT_TRUE(loss.ok()) << loss.status();
  EXPECT_EQ(loss->lost, std::nullopt);
  EXPECT_TRUE(loss->NeedsConsent());
}

}  // namespace
}  // namespace syncd
