// Two programs, and two release specs, that meet in one store: an older program leaves alone what a
// newer one has written, and a swap between two specs takes along what only one of them has.
#include "world.h"

namespace indexswap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

ReleaseSpec WithoutNotes() {
  ReleaseSpec release = SmallRelease();
  release.plan_hash = "plan-2";
  release.families.pop_back();
  release.aliases.pop_back();
  return release;
}

ReleaseSpec Renamed() {
  ReleaseSpec release = SmallRelease();
  release.plan_hash = "plan-3";
  for (AliasSpec& alias : release.aliases) alias.name = "new_" + alias.name;
  return release;
}

class Upgrades : public World {
 protected:
  // As a newer program leaves a generation.
  void MakeNewer(uint64_t generation) {
    const auto store = testing::MakeMemoryStore(cluster_);
    const auto state = store->Read({"tis", {"docs", "notes"}, {}});
    for (const IndexState& index : state->indexes) {
      if (!index.meta || index.meta->generation != generation) continue;
      GenerationMeta meta = *index.meta;
      meta.format = 2;
      const absl::Status s =
          store->WriteMeta({"tis", state->leases.back().epoch}, index.name, meta);
      ASSERT_TRUE(s.ok()) << s;
    }
  }

  // Ends a process in an orderly way, so that the next need not watch its lease.
  static void End(std::unique_ptr<Process>& process) {
    ASSERT_TRUE(process->engine->ReleaseLease().ok());
    process.reset();
  }

  std::vector<std::string> Table() {
    const auto state = testing::MakeMemoryStore(cluster_)->Read({"tis", {"docs", "notes"}, {}});
    std::vector<std::string> table;
    for (const auto& [alias, targets] : state->aliases) {
      for (const AliasTarget& target : targets) table.push_back(alias + "=" + target.index);
    }
    return table;
  }

  std::unique_ptr<Process> process_ = Start("a");
};

TEST_F(Upgrades, WhatANewerProgramHasLiveIsShownAndNotWrittenBeside) {
  BuildLive(*process_->engine, 10);
  BuildLive(*process_->engine, 10);
  MakeNewer(2);
  End(process_);
  const auto older = Start("b");
  Engine& engine = *older->engine;

  const auto status = engine.Status();
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->live, 2u);
  ASSERT_THAT(status->generations, SizeIs(2));
  EXPECT_EQ(status->generations[0].state, "sealed");
  EXPECT_EQ(status->generations[1].state, "live");
  ASSERT_THAT(status->findings, SizeIs(1));
  EXPECT_THAT(status->findings[0], HasSubstr("newer program"));

  const auto table = Table();
  for (const absl::Status& refused :
       {engine.TakeLease(), engine.TryLease().status(), engine.Begin().status(),
        engine.Promote(1, {}).status(), engine.Rollback(1).status(), engine.Prune(false).status(),
        engine.PlanSwap(0).status()}) {
    EXPECT_TRUE(absl::IsUnimplemented(refused)) << refused;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("newer program"));
  }
  EXPECT_EQ(older->store->writes(), 0);
  EXPECT_EQ(Table(), table);
}

TEST_F(Upgrades, WhatANewerProgramHasNotMadeLiveHoldsUpNobody) {
  BuildLive(*process_->engine, 10);
  BuildSealed(*process_->engine, 10);
  MakeNewer(2);
  End(process_);
  const auto older = Start("b");
  EXPECT_TRUE(absl::IsUnimplemented(older->engine->Promote(2, {}).status()));
  EXPECT_THAT(older->engine->Prune(true)->verdicts[1].reason, HasSubstr("newer program"));
  ASSERT_EQ(BuildLive(*older->engine, 11), 3u);
  EXPECT_EQ(Aliases(), AllAt(3));
  clock_.Advance(std::chrono::hours(1));
  BuildLive(*older->engine, 12);
  BuildLive(*older->engine, 12);
  clock_.Advance(std::chrono::hours(1));
  const auto pruned = older->engine->Prune(false);
  ASSERT_TRUE(pruned.ok()) << pruned.status();
  EXPECT_THAT(pruned->deleted, UnorderedElementsAre("docs_v1", "notes_v1", "docs_v3", "notes_v3"));
}

TEST_F(Upgrades, ASwapTakesAwayTheAliasesOfAFamilyThatTheNewSpecLacks) {
  BuildLive(*process_->engine, 10);
  End(process_);
  auto process = Start(OptionsFor("b", clock_), WithoutNotes());
  Engine& engine = *process->engine;
  auto status = engine.Status();
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->live, 1u);
  EXPECT_EQ(status->generations[0].indexes.size(), 2u) << "also the one of the old spec";
  ASSERT_THAT(status->aliases, SizeIs(3));
  EXPECT_EQ(status->aliases[2].name, "all_notes");

  auto build = engine.Begin();
  ASSERT_TRUE(build.ok()) << build.status();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE((*build)->Put("docs", absl::StrFormat("d%d", i), 0, R"({"open":true})").ok());
  }
  ASSERT_TRUE((*build)->Seal({}).ok());
  const auto promoted = engine.Promote(2, {});
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_THAT(Table(), ElementsAre("all_docs=docs_v2", "open_docs=docs_v2"));

  // The old one is whole, and the way back.
  status = engine.Status();
  EXPECT_EQ(status->previous, 1u);
  EXPECT_THAT(status->findings, IsEmpty());
  const auto written = engine.Apply(1, {{"notes", "n9", 1, R"({"n":9})"}});
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(written->front().outcome, BulkResult::Outcome::kDone);
  ASSERT_TRUE(engine.Rollback(std::nullopt).ok());
  EXPECT_EQ(Aliases(), AllAt(1));
}

TEST_F(Upgrades, WhatAnOlderSpecHadIsPrunedAsAWhole) {
  BuildLive(*process_->engine, 10);
  End(process_);
  auto process = Start(OptionsFor("b", clock_), WithoutNotes());
  for (int generation = 2; generation <= 4; ++generation) {
    auto build = process->engine->Begin();
    ASSERT_TRUE(build.ok()) << build.status();
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE((*build)->Put("docs", absl::StrFormat("d%d", i), 0, R"({"open":true})").ok());
    }
    ASSERT_TRUE((*build)->Seal({}).ok());
    ASSERT_TRUE(process->engine->Promote((*build)->generation(), {}).ok());
  }
  clock_.Advance(std::chrono::hours(1));
  const auto pruned = process->engine->Prune(false);
  ASSERT_TRUE(pruned.ok()) << pruned.status();
  EXPECT_THAT(pruned->deleted, ElementsAre("docs_v1", "notes_v1", "docs_v2"));
}

TEST_F(Upgrades, ASpecWhoseAliasesAllHaveOtherNamesStillKnowsWhatIsLive) {
  BuildLive(*process_->engine, 10);
  End(process_);
  auto process = Start(OptionsFor("b", clock_), Renamed());
  EXPECT_EQ(process->engine->Status()->live, 1u);
  ASSERT_EQ(BuildLive(*process->engine, 10), 2u);
  EXPECT_THAT(Table(), ElementsAre("new_all_docs=docs_v2", "new_all_notes=notes_v2",
                                   "new_open_docs=docs_v2"));
  const auto back = process->engine->Rollback(std::nullopt);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(Aliases(), AllAt(1));
}

TEST_F(Upgrades, AnOlderProcessGoesBackToASpecWithMore) {
  BuildLive(*process_->engine, 10);
  End(process_);
  auto newer = Start(OptionsFor("b", clock_), Renamed());
  ASSERT_EQ(BuildLive(*newer->engine, 10), 2u);
  End(newer);
  auto again = Start("a");
  EXPECT_EQ(again->engine->Status()->live, 2u);
  ASSERT_TRUE(again->engine->Rollback(std::nullopt).ok());
  EXPECT_EQ(Aliases(), AllAt(1));
  EXPECT_THAT(Table(), SizeIs(3));
}

}  // namespace
}  // namespace indexswap
