// The workflows as their callers see them, and what they do when the store loses answers.
#include <indexswap/names.h>

#include <thread>

#include "world.h"

namespace indexswap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EngineTest : public World {
 protected:
  std::unique_ptr<Process> process_ = Start("a");
  Engine& engine() { return *process_->engine; }
  FaultyStore& store() { return *process_->store; }
};

TEST_F(EngineTest, BuildsPromotesRollsBackAndPrunes) {
  ASSERT_EQ(BuildLive(engine(), 10), 1u);
  EXPECT_EQ(Aliases(), AllAt(1));
  const uint64_t second = BuildSealed(engine(), 12);
  ASSERT_EQ(second, 2u);
  EXPECT_EQ(Aliases(), AllAt(1)) << "a build is not seen before its promotion";
  const auto promoted = engine().Promote(2, {});
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_EQ(promoted->from, 1u);
  EXPECT_EQ(promoted->to, 2u);
  EXPECT_EQ(promoted->actions.size(), 6u);
  EXPECT_EQ(Aliases(), AllAt(2));

  auto status = engine().Status();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->live, 2u);
  EXPECT_EQ(status->previous, 1u);
  EXPECT_EQ(status->building, std::nullopt);
  ASSERT_EQ(status->generations.size(), 2u);
  EXPECT_EQ(status->generations[0].state, "previous");
  EXPECT_EQ(status->generations[1].state, "live");
  EXPECT_EQ(status->aliases[0].documents, 12u);
  EXPECT_EQ(status->aliases[1].documents, 6u);  // through the filter
  EXPECT_THAT(status->findings, IsEmpty());

  const auto back = engine().Rollback(std::nullopt);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->to, 1u);
  EXPECT_EQ(Aliases(), AllAt(1));

  ASSERT_EQ(BuildLive(engine(), 14), 3u);
  clock_.Advance(std::chrono::hours(1));
  const auto pruned = engine().Prune(false);
  ASSERT_TRUE(pruned.ok()) << pruned.status();
  EXPECT_THAT(pruned->deleted, ElementsAre("docs_v2", "notes_v2"));
  EXPECT_EQ(Aliases(), AllAt(3));
}

TEST_F(EngineTest, ASecondRollbackNeverGoesForward) {
  BuildLive(engine(), 10);
  BuildLive(engine(), 10);
  ASSERT_TRUE(engine().Rollback(std::nullopt).ok());
  const auto again = engine().Rollback(std::nullopt);
  EXPECT_EQ(again.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Aliases(), AllAt(1));
}

TEST_F(EngineTest, ThereIsNoWayBackToWhatWasNeverLive) {
  BuildLive(engine(), 10);
  const auto back = engine().Rollback(BuildSealed(engine(), 10, 3));
  EXPECT_THAT(std::string(back.status().message()), HasSubstr("has never been live"));
  EXPECT_EQ(Aliases(), AllAt(1));
}

TEST_F(EngineTest, ANumberIsNeverGivenTwiceEvenAfterPrune) {
  BuildLive(engine(), 10);
  {
    auto build = engine().Begin();
    ASSERT_EQ((*build)->generation(), 2u);
  }
  ASSERT_TRUE(engine().Abandon(2, "test").ok());
  const auto pruned = engine().Prune(false);
  ASSERT_THAT(pruned->deleted, ElementsAre("docs_v2", "notes_v2"));
  EXPECT_EQ(engine().PlanSwap(0)->to, 3u);
  EXPECT_EQ((*engine().Begin())->generation(), 3u);
  ASSERT_TRUE(engine().ReleaseLease().ok());
  const auto other = Start("b");
  EXPECT_EQ((*other->engine->Begin())->generation(), 4u);
}

TEST_F(EngineTest, ResumesUnderANewEpochAndRefusesAnotherPlan) {
  {
    auto build = engine().Begin();
    ASSERT_TRUE(build.ok());
    Fill(**build, 4);
  }
  ASSERT_TRUE(engine().ReleaseLease().ok());
  ReleaseSpec changed = SmallRelease();
  changed.plan_hash = "plan-2";
  auto other = Start(OptionsFor("b", clock_), changed);
  EXPECT_EQ(other->engine->Resume(1).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(other->engine->Resume(7).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(other->engine->ReleaseLease().ok());

  auto same = Start("c");
  auto build = same->engine->Resume(1);
  ASSERT_TRUE(build.ok()) << build.status();
  Fill(**build, 10);
  ASSERT_TRUE((*build)->Seal({})->passed);
  ASSERT_TRUE(same->engine->Promote(1, {}).ok());
  EXPECT_EQ(Aliases(), AllAt(1));
  EXPECT_EQ(same->engine->Resume(1).status().code(), absl::StatusCode::kFailedPrecondition);
}

// A record that changes between two loads may have had another document in the first.
TEST_F(EngineTest, WhatALoadThatWasCutOffLeftIsDeleted) {
  for (const bool same_process : {false, true}) {
    EngineOptions options = OptionsFor("a", clock_);
    options.bulk.max_documents = 1;
    const auto first = Start(options, SmallRelease());
    const uint64_t generation = [&] {
      auto build = first->engine->Begin();
      EXPECT_TRUE(build.ok()) << build.status();
      Fill(**build, 10);
      EXPECT_TRUE((*build)->Put("docs", "moved", 0, R"({"n":1,"open":true})").ok());
      while ((*build)->written() < 14) std::this_thread::yield();
      return (*build)->generation();
    }();
    const auto second = same_process ? nullptr : Start("b");
    if (second) {
      ASSERT_TRUE(first->engine->ReleaseLease().ok());
    }
    Engine& engine = second ? *second->engine : *first->engine;
    auto build = engine.Resume(generation);
    ASSERT_TRUE(build.ok()) << build.status();
    for (int i = 0; i < 10; ++i) {
      const std::string document = absl::StrFormat(R"({"n":%d,"open":true})", i);
      ASSERT_TRUE((*build)->Put("docs", absl::StrFormat("d%d", i), 7 + i, document).ok());
    }
    ASSERT_TRUE((*build)->Put("docs", "elsewhere", 9, R"({"n":1,"open":true})").ok());
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE((*build)->Put("notes", absl::StrFormat("n%d", i), 7, R"({"n":1})").ok());
    }
    const auto sealed = (*build)->Seal({});
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    EXPECT_TRUE(sealed->passed) << Gate(sealed->gates, "counts")->detail;
    EXPECT_THAT(*store().Fetch(IndexName("docs", generation), {"moved"}), ::testing::IsEmpty());
    EXPECT_EQ(*store().Count(IndexName("docs", generation), ""), 11u);
    ASSERT_TRUE(engine.ReleaseLease().ok());
  }
}

TEST_F(EngineTest, AnAbandonedBuildIsNeverPromotedAndALiveOneNeverAbandoned) {
  BuildLive(engine(), 10);
  const uint64_t second = BuildSealed(engine(), 10);
  ASSERT_TRUE(engine().Abandon(second, "bad data").ok());
  EXPECT_EQ(engine().Promote(second, {}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(engine().Abandon(1, "no").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(engine().Status()->generations[1].meta->reason, "bad data");
  EXPECT_EQ(Aliases(), AllAt(1));
}

TEST_F(EngineTest, PutRefusesAnUnknownFamilyAndATooHighVersion) {
  auto build = engine().Begin();
  EXPECT_EQ((*build)->Put("nope", "1", 0, "{}").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ((*build)->Put("docs", "1", 1ULL << 40, "{}").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE((*build)->Put("docs", "1", (1ULL << 40) - 1, "{}").ok());
}

TEST_F(EngineTest, PlanAndStatusAndDryPruneWriteNothing) {
  BuildLive(engine(), 10);
  BuildSealed(engine(), 10);
  ASSERT_TRUE(engine().ReleaseLease().ok());
  const auto reader = Start("b");
  const auto plan = reader->engine->PlanSwap(0);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->from, 1u);
  EXPECT_EQ(plan->to, 3u);
  EXPECT_EQ(plan->actions.size(), 6u);
  EXPECT_THAT(plan->request, HasSubstr("docs_v3"));
  ASSERT_EQ(plan->requests.size(), 3u);
  EXPECT_THAT(plan->requests[0].body, HasSubstr("create docs_v3"));
  EXPECT_THAT(plan->requests[0].body, HasSubstr("<build_id>"));
  EXPECT_THAT(plan->requests[1].body, HasSubstr("create notes_v3"));
  EXPECT_EQ(plan->requests[2].body, plan->request);
  EXPECT_EQ(plan->state, engine().PlanSwap(2)->state) << "whatever it is a plan of";
  EXPECT_EQ(plan->state, *reader->engine->State());
  EXPECT_TRUE(reader->engine->Status().ok());
  EXPECT_TRUE(reader->engine->Prune(true).ok());
  EXPECT_EQ(reader->store->writes(), 0);
}

TEST_F(EngineTest, TheWayBackIsShownBeforeItIsTaken) {
  BuildLive(engine(), 10);
  BuildLive(engine(), 10);
  ASSERT_TRUE(engine().ReleaseLease().ok());
  const auto reader = Start("b");
  const auto plan = reader->engine->PlanRollback();
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->to, 1u);
  EXPECT_EQ(plan->state, reader->engine->PlanSwap(0)->state);
  ASSERT_NE(Gate(plan->gates, "blocks"), nullptr);
  EXPECT_EQ(reader->store->writes(), 0);
  EXPECT_EQ(Aliases(), AllAt(2));
  const auto back = reader->engine->Rollback();
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(plan->actions, back->actions);
  ASSERT_EQ(plan->requests.size(), 1u);
  EXPECT_EQ(plan->requests[0].body, back->request);
  // What there is to say against it is said as well.
  EXPECT_EQ(engine().PlanRollback().status(), engine().Rollback().status());
  EXPECT_EQ(engine().PlanRollback(7).status(), engine().Rollback(7).status());
  EXPECT_EQ(engine().PlanRollback(0).status(), engine().Rollback(0).status());
}

TEST_F(EngineTest, ThePlansStateMovesWithAliasesAndGenerationsOnly) {
  BuildLive(engine(), 10);
  const std::string before = engine().PlanSwap(0)->state;
  ASSERT_TRUE(engine().ReleaseLease().ok());
  ASSERT_TRUE(engine().TakeLease().ok());
  ASSERT_TRUE(engine().Apply(1, {{"docs", "d0", 7, R"({"n":1,"open":true})"}}).ok());
  EXPECT_EQ(engine().PlanSwap(0)->state, before);
  const uint64_t second = BuildSealed(engine(), 10);
  const std::string sealed = engine().PlanSwap(0)->state;
  EXPECT_EQ(DifferenceOfStates(before, sealed), "the generations");
  ASSERT_TRUE(engine().Promote(second, {}).ok());
  EXPECT_EQ(DifferenceOfStates(sealed, engine().PlanSwap(0)->state),
            "the aliases, the generations");
}

TEST_F(EngineTest, AnAliasOnAForeignIndexIsRefused) {
  BuildLive(engine(), 10);
  ASSERT_TRUE(cluster_->CreateForeignIndex("somebody").ok());
  const auto state = store().Read({"tis", {"docs"}, {}});
  const Fence fence{"tis", state->leases.back().epoch};
  ASSERT_TRUE(store()
                  .UpdateAliases(fence, {{AliasAction::Kind::kRemove, "all_docs", "docs_v1", ""},
                                         {AliasAction::Kind::kAdd, "all_docs", "somebody", ""}})
                  .ok());
  const auto plan = engine().PlanSwap(0);
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(plan.status().message()), HasSubstr("all_docs points at somebody"));
}

TEST_F(EngineTest, ANameThatAConcreteIndexHasIsPendingAndLeftOut) {
  ASSERT_TRUE(cluster_->CreateForeignIndex("all_docs").ok());
  const uint64_t generation = BuildSealed(engine(), 10);
  const auto promoted = engine().Promote(generation, {});
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_THAT(promoted->pending, ElementsAre("all_docs"));
  EXPECT_EQ(Aliases(), "all_notes=notes_v1 open_docs=docs_v1");
  EXPECT_TRUE(engine().Status()->aliases[0].pending);
}

// --- retention ---

TEST_F(EngineTest, GraceBeginsWhenTheAliasesLeave) {
  BuildLive(engine(), 10);
  clock_.Advance(std::chrono::hours(24));
  BuildLive(engine(), 10);
  BuildLive(engine(), 10);
  clock_.Advance(std::chrono::minutes(9));
  EXPECT_THAT(engine().Prune(false)->deleted, IsEmpty()) << "searches may still run on it";
  clock_.Advance(std::chrono::minutes(2));
  EXPECT_THAT(engine().Prune(false)->deleted, ElementsAre("docs_v1", "notes_v1"));
}

TEST_F(EngineTest, ADryRunOfWhoeverDoesNotBuildKeepsWhatIsBeingBuilt) {
  auto build = engine().Begin();
  ASSERT_TRUE(build.ok()) << build.status();
  const auto reader = Start("b");
  const auto verdict = [&] { return reader->engine->Prune(true)->verdicts.at(0); };
  EXPECT_FALSE(verdict().prune);
  EXPECT_THAT(verdict().reason, HasSubstr("its writer is alive"));
  build->reset();
  ASSERT_TRUE(engine().ReleaseLease().ok());
  EXPECT_TRUE(verdict().prune) << "whoever has given the lease back builds no more";
}

TEST_F(EngineTest, WhatAnAliasPointsAtStaysAndTheRestGoesAllTheSame) {
  for (int i = 0; i < 4; ++i) BuildLive(engine(), 10);
  clock_.Advance(std::chrono::hours(24));
  const Fence fence{"tis", engine().Status()->lease->epoch};
  ASSERT_TRUE(testing::MakeMemoryStore(cluster_)
                  ->UpdateAliases(fence, {{AliasAction::Kind::kAdd, "all_docs", "docs_v1", ""}})
                  .ok());
  const auto pruned = engine().Prune(false);
  ASSERT_TRUE(pruned.ok()) << pruned.status();
  EXPECT_EQ(pruned->verdicts[0].reason, "an alias points at it");
  EXPECT_THAT(pruned->deleted, ElementsAre("docs_v2", "notes_v2"));
}

TEST_F(EngineTest, AgeIsSinceTheSeal) {
  EngineOptions options = OptionsFor("a", clock_);
  options.retention = {.generations = 9, .grace = {}, .max_age = std::chrono::hours(1)};
  process_ = Start(options, SmallRelease());
  const uint64_t first = BuildSealed(engine(), 10);
  clock_.Advance(std::chrono::hours(2));
  ASSERT_TRUE(engine().Promote(first, {}).ok());
  BuildLive(engine(), 10);
  BuildLive(engine(), 10);
  EXPECT_THAT(engine().Prune(false)->deleted, ElementsAre("docs_v1", "notes_v1"));
}

// --- answers that get lost ---

TEST_F(EngineTest, ChangesWhoseAnswersAreLostAreMadeAgain) {
  const std::vector<Fault> lost = {{absl::UnknownError("lost"), true, nullptr},
                                   {absl::DataLossError("half"), false, nullptr}};
  BuildLive(engine(), 10);
  for (const Method method : {Method::kCreateIndex, Method::kWriteMeta, Method::kFinishLoading,
                              Method::kWriteLease, Method::kUpdateAliases}) {
    store().Fail(method, lost);
    const uint64_t generation = BuildLive(engine(), 10);
    EXPECT_EQ(Aliases(), AllAt(generation)) << static_cast<int>(method);
    store().Heal();
  }
}

TEST_F(EngineTest, PruningWhoseAnswerIsLostIsDoneOnce) {
  for (const bool after_effect : {false, true}) {
    BuildLive(engine(), 10);
    BuildLive(engine(), 10);
    const uint64_t live = BuildLive(engine(), 10);
    clock_.Advance(std::chrono::hours(24 * 30));
    store().Fail(Method::kDeleteIndexes, {{absl::UnknownError("lost"), after_effect, nullptr}});
    const auto pruned = engine().Prune(false);
    ASSERT_TRUE(pruned.ok()) << pruned.status();
    EXPECT_FALSE(pruned->deleted.empty());
    EXPECT_EQ(Aliases(), AllAt(live));
    EXPECT_EQ(engine().Status()->generations.size(), 2u);
  }
}

TEST_F(EngineTest, WhatTheStoreHasNotDeletedIsNotReportedAsDeleted) {
  for (int i = 0; i < 3; ++i) BuildLive(engine(), 10);
  clock_.Advance(std::chrono::hours(24));
  // One of its indexes is gone meanwhile, so none of them is deleted.
  store().Fail(Method::kDeleteIndexes, {{absl::NotFoundError("notes_v1"), false, nullptr}});
  EXPECT_EQ(engine().Prune(false).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(engine().Status()->generations.size(), 3u);
}

TEST_F(EngineTest, AStoreThatLosesEveryCreationEndsWithNothingLive) {
  store().FailAlways(Method::kCreateIndex, absl::UnknownError("lost"));
  EXPECT_EQ(engine().Begin().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store().calls(Method::kCreateIndex), 3) << "each leaves an index behind";
}

}  // namespace
}  // namespace indexswap
