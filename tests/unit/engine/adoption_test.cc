// Taking over what another program made: the swap off its indexes, the way back, and the names.
#include <indexswap/names.h>

#include "world.h"

namespace indexswap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kOldFilter[] = R"({"term":{"n":1}})";

// Another program's system: `docs` and `notes` as concrete indexes, `notes` under a name of its
// own, and the aliases of the release on them, one of them missing, one with a filter of its own.
class AdoptionTest : public World {
 protected:
  void SetUp() override {
    MakeForeign("docs", 40);
    MakeForeign("old_notes", 5);
    SetForeign({{"all_docs", {{"docs", ""}}},
                {"open_docs", {{"docs", kOldFilter, R"({"is_write_index":true})"}}},
                {"all_notes", {{"old_notes", ""}}}});
    process_ = Start(OptionsFor("a", clock_), Release());
  }

  // The family's own name is an alias too, as in the TIS plan.
  static ReleaseSpec Release() {
    ReleaseSpec release = SmallRelease();
    release.aliases.push_back({"docs", "docs", "", false});
    return release;
  }

  void MakeForeign(const std::string& name, int documents) {
    ASSERT_TRUE(cluster_->CreateForeignIndex(name, SmallRelease().families[0].mappings).ok());
    WriteForeign(name, documents);
  }
  void WriteForeign(const std::string& name, int documents) {
    std::vector<std::string> made;
    for (int i = 0; i < documents; ++i) made.push_back(absl::StrFormat(R"({"n":%d})", i));
    cluster_->FillForeignIndex(name, made);
  }

  // As another program moves aliases.
  void SetForeign(const AliasTable& table) {
    const auto store = testing::MakeMemoryStore(cluster_);
    static_cast<void>(store->CreateLease({"other", 1}, {}));
    ASSERT_TRUE(store->TakeOver({"other", 1}, {}).ok());
    const absl::Status set = store->UpdateAliases({"other", 1}, DiffAliases(Table(), table));
    ASSERT_TRUE(set.ok()) << set;
  }

  AliasTable Table() {
    return testing::MakeMemoryStore(cluster_)
        ->Read({"tis", {"docs", "notes"}, {"all_docs", "open_docs", "all_notes", "docs", "notes"}})
        ->aliases;
  }

  // Adopts as a caller does: plan, begin, put what the sources become, seal. 0 if that failed.
  uint64_t Adopt(int documents = 40) {
    const auto plan = engine().PlanAdoption();
    EXPECT_TRUE(plan.ok()) << plan.status();
    if (!plan.ok()) return 0;
    auto build = engine().BeginAdoption(plan->adoption);
    EXPECT_TRUE(build.ok()) << build.status();
    if (!build.ok()) return 0;
    Fill(**build, documents, 5);
    const auto sealed = (*build)->Seal({});
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return (*build)->generation();
  }
  uint64_t AdoptLive() {
    const uint64_t generation = Adopt();
    const auto promoted = engine().Promote(generation);
    EXPECT_TRUE(promoted.ok()) << promoted.status();
    return generation;
  }

  Engine& engine() { return *process_->engine; }
  FaultyStore& store() { return *process_->store; }

  std::unique_ptr<Process> process_;
};

TEST_F(AdoptionTest, FindsIndexesBehindAliasesAndThoseThatSquatOnNames) {
  const auto plan = engine().PlanAdoption();
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->adoption.aliases, Table());
  ASSERT_THAT(plan->adoption.indexes, SizeIs(2));
  EXPECT_EQ(plan->adoption.indexes[0].name, "docs");
  EXPECT_EQ(plan->adoption.indexes[0].documents, 40u);
  EXPECT_EQ(plan->adoption.indexes[1].name, "old_notes");
  EXPECT_THAT(plan->sources.at("docs"), ElementsAre("docs"));
  EXPECT_THAT(plan->sources.at("notes"), ElementsAre("old_notes"));
  EXPECT_THAT(plan->pending, ElementsAre("docs"));
  EXPECT_EQ(store().writes(), 0);
}

TEST_F(AdoptionTest, MovesEveryAliasInOneRequestAndLeavesNamesPending) {
  const AliasTable before = Table();
  const uint64_t generation = Adopt();
  EXPECT_EQ(Table(), before)
      << "nothing is set on an old index, and no alias moves, before the end";
  const int requests = store().calls(Method::kUpdateAliases);
  const auto promoted = engine().Promote(generation);
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_EQ(store().calls(Method::kUpdateAliases), requests + 1);
  EXPECT_THAT(promoted->pending, ElementsAre("docs"));
  EXPECT_EQ(Aliases(), AllAt(1));

  const auto status = engine().Status();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->live, 1u);
  EXPECT_EQ(status->previous, 0u);
  ASSERT_THAT(status->generations, SizeIs(2));
  EXPECT_EQ(status->generations[0].generation, 0u);
  EXPECT_EQ(status->generations[0].state, "previous");
  ASSERT_THAT(status->generations[0].indexes, SizeIs(2));
  EXPECT_EQ(status->generations[0].indexes[0].documents, 40u);
  EXPECT_EQ(status->generations[0].indexes[1].family, "notes");
}

TEST_F(AdoptionTest, TheWayBackRestoresTheOldTableExactlyAndForwardAgain) {
  const AliasTable before = Table();
  AdoptLive();
  const auto back = engine().Rollback(0);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->from, 1u);
  EXPECT_EQ(Table(), before) << "filters and options as they were";
  EXPECT_EQ(engine().Status()->live, 0u);
  EXPECT_EQ(engine().Status()->generations[0].state, "live");

  const auto forward = engine().Rollback(1);
  ASSERT_TRUE(forward.ok()) << forward.status();
  EXPECT_EQ(forward->from, 0u);
  EXPECT_EQ(Aliases(), AllAt(1));
  ASSERT_TRUE(engine().Rollback().ok()) << "what the live one replaced is generation 0";
  EXPECT_EQ(Table(), before);
}

TEST_F(AdoptionTest, AnAliasThatOnlyTheNewGenerationHasGoesAwayOnTheWayBack) {
  SetForeign({{"all_notes", {}}});
  const AliasTable before = Table();
  AdoptLive();
  EXPECT_EQ(Aliases(), AllAt(1));
  ASSERT_TRUE(engine().Rollback(0).ok());
  EXPECT_EQ(Table(), before);
}

TEST_F(AdoptionTest, ALaterGenerationKnowsTheWayBackTooAndPruneLeavesIt) {
  const AliasTable before = Table();
  AdoptLive();
  BuildLive(engine(), 41, 5);
  BuildLive(engine(), 42, 5);
  clock_.Advance(std::chrono::hours(1));
  const auto pruned = engine().Prune(false);
  ASSERT_TRUE(pruned.ok()) << pruned.status();
  EXPECT_THAT(pruned->deleted, ElementsAre("docs_v1", "notes_v1"));
  EXPECT_EQ(pruned->verdicts[0].generation, 0u);
  EXPECT_FALSE(pruned->verdicts[0].prune);
  EXPECT_TRUE(store().Inspect("docs").ok());
  EXPECT_TRUE(store().Inspect("old_notes").ok());
  const auto back = engine().Rollback(0);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(Table(), before);
  EXPECT_THAT(engine().Prune(false)->deleted, IsEmpty()) << "the way forward stays as well";
  BuildLive(engine(), 43, 5);
  EXPECT_EQ(Aliases(), AllAt(4)) << "a sync goes live over what was adopted";
}

TEST_F(AdoptionTest, AnIndexThatIsWrittenToMeanwhileStopsIt) {
  const AliasTable before = Table();
  const uint64_t generation = Adopt();
  WriteForeign("docs", 1);
  const auto promoted = engine().Promote(generation);
  EXPECT_EQ(promoted.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(promoted.status().message()),
              HasSubstr("docs was written to: 40 documents"));
  EXPECT_EQ(Table(), before);
  const auto overridden = engine().Promote(generation, {{"changed"}, {}});
  ASSERT_TRUE(overridden.ok()) << overridden.status();
  EXPECT_EQ(Aliases(), AllAt(1));
}

TEST_F(AdoptionTest, TheShrinkGateComparesWithTheOldIndexes) {
  const uint64_t generation = Adopt(/*documents=*/10);
  const auto promoted = engine().Promote(generation);
  EXPECT_THAT(std::string(promoted.status().message()), HasSubstr("all_docs: 40 -> 10 documents"));
}

TEST_F(AdoptionTest, AnAliasThatAPersonMovesDuringTheBuildIsKeptForTheWayBack) {
  const uint64_t generation = Adopt();
  SetForeign({{"open_docs", {{"docs", R"({"term":{"n":2}})"}}}});
  const AliasTable before = Table();
  ASSERT_TRUE(engine().Promote(generation).ok());
  ASSERT_TRUE(engine().Rollback(0).ok());
  EXPECT_EQ(Table(), before);
  ASSERT_TRUE(engine().Rollback(1).ok());

  const auto again = engine().PlanAdoption();
  EXPECT_THAT(std::string(again.status().message()), HasSubstr("generation 1 is live"));
}

TEST_F(AdoptionTest, AnAliasOnAnIndexThatCameLaterIsRefused) {
  const uint64_t generation = Adopt();
  MakeForeign("newer", 30);
  SetForeign({{"all_docs", {{"newer", ""}}}});
  EXPECT_THAT(std::string(engine().Promote(generation).status().message()),
              HasSubstr("all_docs points at newer"));
}

TEST_F(AdoptionTest, NamesAreTakenInOneRequestAndEndTheWayBack) {
  AdoptLive();
  const int requests = store().calls(Method::kUpdateAliases);
  const auto taken = engine().TakeNames({"docs"}, {});
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(store().calls(Method::kUpdateAliases), requests + 1);
  EXPECT_EQ(Table().at("docs"), (std::vector<AliasTarget>{{"docs_v1", ""}}));
  EXPECT_THAT(taken->pending, IsEmpty());
  EXPECT_EQ(store().Inspect("docs").status().code(), absl::StatusCode::kNotFound);

  const auto status = engine().Status();
  EXPECT_EQ(status->previous, std::nullopt);
  EXPECT_EQ(status->generations[0].state, "gone");
  EXPECT_THAT(status->findings, ElementsAre(HasSubstr("generation 0 is gone, as docs is")));
  EXPECT_THAT(std::string(engine().Rollback(0).status().message()),
              HasSubstr("generation 0 is gone"));
  EXPECT_EQ(Table().at("all_docs").front().index, "docs_v1");
  EXPECT_TRUE(store().Inspect("old_notes").ok()) << "only what was named";

  ASSERT_TRUE(engine().TakeNames({"docs"}, {}).ok()) << "whose answer was lost asks again";
  EXPECT_EQ(store().calls(Method::kUpdateAliases), requests + 1);
}

TEST_F(AdoptionTest, NamesAreRefusedForWhatWasNotAdoptedAsItIs) {
  EXPECT_THAT(std::string(engine().TakeNames({"docs"}, {}).status().message()),
              HasSubstr("no generation is live"));
  AdoptLive();
  SetForeign({{"docs_of_a_person", {{"docs", ""}}}});
  EXPECT_THAT(std::string(engine().TakeNames({"docs"}, {"changed"}).status().message()),
              HasSubstr("still read through the alias docs_of_a_person"));
  const auto store = testing::MakeMemoryStore(cluster_);
  ASSERT_TRUE(store
                  ->UpdateAliases({"other", 1},
                                  {{AliasAction::Kind::kRemove, "docs_of_a_person", "docs", ""}})
                  .ok());
  EXPECT_EQ(engine().TakeNames({"nobody"}, {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(engine().TakeNames({"all_docs"}, {}).status().message()),
              HasSubstr("pending are docs"));
  WriteForeign("docs", 1);
  EXPECT_THAT(std::string(engine().TakeNames({"docs"}, {}).status().message()),
              HasSubstr("docs was written to"));
  EXPECT_TRUE(this->store().Inspect("docs").ok());
  ASSERT_TRUE(engine().TakeNames({"docs"}, {"changed"}).ok());
}

TEST_F(AdoptionTest, ASquatterThatCameAfterTheAdoptionTakesAnOverride) {
  AdoptLive();
  ASSERT_TRUE(engine().TakeNames({"docs"}, {}).ok());
  const auto store = testing::MakeMemoryStore(cluster_);
  ASSERT_TRUE(
      store->UpdateAliases({"other", 1}, {{AliasAction::Kind::kRemove, "docs", "docs_v1", ""}})
          .ok());
  MakeForeign("docs", 2);
  EXPECT_THAT(std::string(engine().TakeNames({"docs"}, {}).status().message()),
              HasSubstr("docs was deleted and made anew"));
  ASSERT_TRUE(engine().TakeNames({"docs"}, {"changed"}).ok());
}

TEST_F(AdoptionTest, ANameThatHoldsFarMoreThanItsSuccessorIsNotTaken) {
  const uint64_t generation = Adopt(/*documents=*/10);
  ASSERT_TRUE(engine().Promote(generation, {{"shrink"}, {}}).ok());
  EXPECT_THAT(std::string(engine().TakeNames({"docs"}, {}).status().message()),
              HasSubstr("the gate shrink: docs: 40 -> 10"));
}

TEST_F(AdoptionTest, LostAnswersAreFoundOut) {
  const AliasTable before = Table();
  const uint64_t generation = Adopt();
  for (const bool after : {true, false}) {
    store().Fail(Method::kUpdateAliases, {{absl::UnknownError("lost"), after, {}}});
    const auto promoted = engine().Promote(generation);
    ASSERT_TRUE(promoted.ok()) << promoted.status();
    EXPECT_EQ(Aliases(), AllAt(1));
    store().Fail(Method::kUpdateAliases, {{absl::UnknownError("lost"), after, {}}});
    ASSERT_TRUE(engine().Rollback(0).ok());
    EXPECT_EQ(Table(), before);
  }
  ASSERT_TRUE(engine().Rollback(1).ok());
  store().Fail(Method::kUpdateAliases, {{absl::UnknownError("lost"), true, {}}});
  const auto taken = engine().TakeNames({"docs"}, {});
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(Table().at("docs").front().index, "docs_v1");
}

// Every call that the store gets on the way may fail: then nothing has moved, and the same again
// goes through.
TEST_F(AdoptionTest, AFailureAtAnyStepLeavesReadersWhereTheyWere) {
  const AliasTable before = Table();
  uint64_t generation = 1;
  for (const Method method :
       {Method::kRead, Method::kInspect, Method::kCreateIndex, Method::kFinishLoading,
        Method::kWriteMeta, Method::kCount, Method::kFetch}) {
    SCOPED_TRACE(static_cast<int>(method));
    for (int call = 0; call < 3; ++call) {
      std::vector<Fault> faults(static_cast<size_t>(call) + 1);
      faults.back().status = absl::ResourceExhaustedError("busy");
      store().Fail(method, faults);
      const auto plan = engine().PlanAdoption();
      if (plan.ok()) {
        auto build = engine().BeginAdoption(plan->adoption);
        if (build.ok()) {
          Fill(**build, 40, 5);
          generation = (*build)->generation();
          static_cast<void>((*build)->Seal({}));
        }
      }
      EXPECT_EQ(Table(), before);
      store().Heal();
    }
  }
  generation = Adopt();
  for (const Method method :
       {Method::kRead, Method::kInspect, Method::kWriteMeta, Method::kUpdateAliases}) {
    SCOPED_TRACE(static_cast<int>(method));
    store().Fail(method, {{absl::ResourceExhaustedError("busy"), false, {}}});
    EXPECT_FALSE(engine().Promote(generation).ok());
    EXPECT_EQ(Table(), before);
  }
  ASSERT_TRUE(engine().Promote(generation).ok());
  EXPECT_EQ(Aliases(), AllAt(generation));
  for (const Method method : {Method::kRead, Method::kInspect, Method::kUpdateAliases}) {
    SCOPED_TRACE(static_cast<int>(method));
    store().Fail(method, {{absl::ResourceExhaustedError("busy"), false, {}}});
    EXPECT_FALSE(engine().Rollback(0).ok());
    store().Fail(method, {{absl::ResourceExhaustedError("busy"), false, {}}});
    EXPECT_FALSE(engine().TakeNames({"docs"}, {}).ok());
    EXPECT_EQ(Aliases(), AllAt(generation));
    EXPECT_TRUE(testing::MakeMemoryStore(cluster_)->Inspect("docs").ok());
  }
}

TEST_F(AdoptionTest, WithoutAnythingForeignThereIsNothingToAdopt) {
  cluster_ = std::make_shared<testing::MemoryCluster>();
  process_ = Start(OptionsFor("b", clock_), Release());
  EXPECT_THAT(std::string(engine().PlanAdoption().status().message()),
              HasSubstr("there is no index to adopt"));
  EXPECT_THAT(std::string(engine().Rollback(0).status().message()),
              HasSubstr("there is no generation 0"));
}

}  // namespace
}  // namespace indexswap
