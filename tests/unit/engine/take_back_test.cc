// Somebody who moves an alias at the moment of a swap is noticed, and not overruled.
#include "indexswap/engine/take_back.h"

#include <functional>
#include <utility>

#include "world.h"

namespace indexswap {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr auto kAdd = AliasAction::Kind::kAdd;
constexpr auto kRemove = AliasAction::Kind::kRemove;

SwapActions Swap(AliasTable before, AliasTable wanted) {
  SwapActions swap;
  swap.actions = DiffAliases(before, wanted);
  swap.wanted = std::move(wanted);
  swap.before = std::move(before);
  return swap;
}

const AliasTable kOld = {{"a", {{"x_v1", "filter"}}}, {"b", {{"x_v1", ""}}}, {"d", {{"x_v1", ""}}}};
const AliasTable kNew = {
    {"a", {{"x_v2", ""}}}, {"b", {{"x_v2", ""}}}, {"c", {{"x_v2", ""}}}, {"d", {}}};

TEST(HasHappenedTest, IsToldByWhatIsNew) {
  const SwapActions swap = Swap(kOld, kNew);
  EXPECT_FALSE(HasHappened(swap, kOld));
  EXPECT_TRUE(HasHappened(swap, kNew));
  // Somebody has added an index to an alias before, or moved all but one of them behind.
  EXPECT_FALSE(HasHappened(swap, {{"a", {{"theirs", ""}}}, {"b", {{"x_v1", ""}}}}));
  EXPECT_TRUE(HasHappened(swap, {{"a", {{"theirs", ""}, {"x_v2", ""}}}}));
  EXPECT_TRUE(HasHappened(swap, {{"a", {{"theirs", ""}}}, {"c", {{"x_v2", ""}}}}));
}

TEST(HasHappenedTest, OfRemovalsOnlyIsToldByTheWhole) {
  const SwapActions swap = Swap({{"d", {{"x_v1", ""}}}}, {{"d", {}}});
  EXPECT_FALSE(HasHappened(swap, {{"d", {{"x_v1", ""}}}}));
  EXPECT_TRUE(HasHappened(swap, {}));
}

TEST(HasHappenedTest, AFilterThatIsReplacedTellsNothing) {
  const SwapActions swap = Swap({{"a", {{"x_v2", "filter"}}}, {"b", {{"x_v1", ""}}}},
                                {{"a", {{"x_v2", ""}}}, {"b", {{"x_v2", ""}}}});
  EXPECT_FALSE(HasHappened(swap, swap.before));
  EXPECT_TRUE(HasHappened(swap, swap.wanted));
}

TEST(PlanTakeBackTest, LeavesAnIndexThatTheSwapHasNotAdded) {
  const SwapActions swap = Swap({{"a", {{"x_v2", ""}}}, {"b", {{"x_v1", ""}}}},
                                {{"a", {{"x_v2", ""}}}, {"b", {{"x_v2", ""}}}});
  AliasTable now = swap.wanted;
  now["a"].insert(now["a"].begin(), {"theirs", ""});
  EXPECT_THAT(PlanTakeBack(swap, now).actions,
              UnorderedElementsAre(AliasAction{kRemove, "b", "x_v2", ""},
                                   AliasAction{kAdd, "b", "x_v1", ""}));
}

TEST(PlanTakeBackTest, LeavesWhatSomebodyElseHasSet) {
  const SwapActions swap = Swap(kOld, kNew);
  // One moved before the swap, on a server without must_exist; one set again behind it.
  AliasTable now = kNew;
  now["a"] = {{"theirs", "own"}, {"x_v2", ""}};
  now["d"] = {{"theirs", ""}};
  const SwapActions back = PlanTakeBack(swap, now);
  const AliasTable expected = {
      {"a", {{"theirs", "own"}}}, {"b", {{"x_v1", ""}}}, {"c", {}}, {"d", {{"theirs", ""}}}};
  EXPECT_EQ(back.wanted, expected);
  EXPECT_THAT(back.actions, UnorderedElementsAre(AliasAction{kRemove, "a", "x_v2", ""},
                                                 AliasAction{kRemove, "b", "x_v2", ""},
                                                 AliasAction{kAdd, "b", "x_v1", ""},
                                                 AliasAction{kRemove, "c", "x_v2", ""}));
}

TEST(PlanTakeBackTest, GivesFiltersBack) {
  const SwapActions swap = Swap(kOld, kNew);
  AliasTable now = kNew;
  now["b"] = {{"theirs", ""}};
  EXPECT_EQ(PlanTakeBack(swap, now).wanted["a"], kOld.at("a"));
}

TEST(CanBeTakenBackTest, NotOnceAnIndexIsGone) {
  SwapActions swap = Swap(kOld, kNew);
  EXPECT_TRUE(CanBeTakenBack(swap));
  swap.actions.push_back({AliasAction::Kind::kRemoveIndex, "", "x", ""});
  EXPECT_FALSE(CanBeTakenBack(swap));
}

// A server without `must_exist`, and the store in front of it: that an alias is there is checked
// just before the request, which then passes over the removal of one that is not.
class Lenient : public testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  absl::Status UpdateAliases(const Fence& fence, const std::vector<AliasAction>& actions) override {
    if (Possible(fence, actions).size() != actions.size()) {
      return absl::FailedPreconditionError("an alias is not where it should be");
    }
    if (between) std::exchange(between, nullptr)();
    return target().UpdateAliases(fence, Possible(fence, actions));
  }

  std::function<void()> between;  // run once, between the check and the request

 private:
  std::vector<AliasAction> Possible(const Fence& fence, const std::vector<AliasAction>& actions) {
    const auto state = target().Read({fence.release, {"docs", "notes"}, {}});
    std::vector<AliasAction> possible;
    for (const AliasAction& action : actions) {
      const auto found = state->aliases.find(action.alias);
      bool there = action.kind != kRemove;
      if (found != state->aliases.end()) {
        for (const AliasTarget& target : found->second) there |= target.index == action.index;
      }
      if (there) possible.push_back(action);
    }
    return possible;
  }
};

class SomebodyMovesAnAlias : public World {
 protected:
  void SetUp() override {
    auto lenient = std::make_unique<Lenient>(testing::MakeMemoryStore(cluster_));
    lenient_ = lenient.get();
    auto store = std::make_shared<FaultyStore>(std::move(lenient));
    store_ = store.get();
    auto engine = Engine::Open(store, SmallRelease(), OptionsFor("a", clock_), &observer_);
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
    BuildLive(*engine_, 10);
    ASSERT_EQ(BuildSealed(*engine_, 10), 2u);
    ASSERT_TRUE(cluster_->CreateForeignIndex("theirs").ok());
  }

  // As somebody with an HTTP client would.
  void Move(const std::vector<AliasAction>& actions) {
    const auto other = testing::MakeMemoryStore(cluster_);
    const auto state = other->Read({"tis", {"docs", "notes"}, {}});
    const Fence fence{"tis", state->leases.back().epoch};
    const absl::Status moved = other->UpdateAliases(fence, actions);
    EXPECT_TRUE(moved.ok()) << moved;
  }
  void MoveAway(uint64_t from) {
    const std::string index = absl::StrFormat("docs_v%d", from);
    Move({{kRemove, "all_docs", index, ""}, {kAdd, "all_docs", "theirs", ""}});
  }

  void ExpectTakenBack(const absl::Status& status) {
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("alias all_docs points at"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("whole swap was taken back"));
    EXPECT_EQ(Aliases(), "all_docs=theirs all_notes=notes_v1 open_docs=docs_v1");
  }

  Lenient* lenient_ = nullptr;
  FaultyStore* store_ = nullptr;
  Recorder observer_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(SomebodyMovesAnAlias, JustBeforeTheSwap) {
  lenient_->between = [this] { MoveAway(1); };
  ExpectTakenBack(engine_->Promote(2, {}).status());
}

TEST_F(SomebodyMovesAnAlias, JustBehindTheSwap) {
  lenient_->between = [this] {
    store_->Fail(Method::kRead, {{absl::OkStatus(), false, [this] { MoveAway(2); }}});
  };
  ExpectTakenBack(engine_->Promote(2, {}).status());
}

TEST_F(SomebodyMovesAnAlias, AndTheAnswerToTheSwapIsLost) {
  lenient_->between = [this] { MoveAway(1); };
  store_->Fail(Method::kUpdateAliases, {{absl::UnknownError("reset"), true, nullptr}});
  ExpectTakenBack(engine_->Promote(2, {}).status());
}

TEST_F(SomebodyMovesAnAlias, AndTheAnswerToTheWayBackIsLost) {
  for (const bool after_effect : {true, false}) {
    lenient_->between = [this] { MoveAway(1); };
    store_->Fail(Method::kUpdateAliases, {{absl::OkStatus(), false, nullptr},
                                          {absl::UnknownError("reset"), after_effect, nullptr}});
    ExpectTakenBack(engine_->Promote(2, {}).status());
    Move({{kRemove, "all_docs", "theirs", ""}, {kAdd, "all_docs", "docs_v1", ""}});
  }
}

TEST_F(SomebodyMovesAnAlias, AndAddsAnIndexToIt) {
  lenient_->between = [this] { Move({{kAdd, "all_docs", "theirs", ""}}); };
  ExpectTakenBack(engine_->Promote(2, {}).status());
}

TEST_F(SomebodyMovesAnAlias, DuringARollback) {
  ASSERT_TRUE(engine_->Promote(2, {}).ok());
  lenient_->between = [this] { MoveAway(2); };
  const auto back = engine_->Rollback(std::nullopt);
  EXPECT_EQ(back.status().code(), StatusCode::kFailedPrecondition) << back.status();
  EXPECT_EQ(Aliases(), "all_docs=theirs all_notes=notes_v2 open_docs=docs_v2");
}

TEST_F(SomebodyMovesAnAlias, AndThenTheStoreIsAway) {
  lenient_->between = [this] { MoveAway(1); };
  std::vector<Fault> faults(6, {absl::UnavailableError("gone"), false, nullptr});
  faults[0] = {};
  store_->Fail(Method::kUpdateAliases, faults);
  const auto promoted = engine_->Promote(2, {});
  EXPECT_EQ(promoted.status().code(), StatusCode::kUnknown) << promoted.status();
  EXPECT_THAT(std::string(promoted.status().message()), HasSubstr("could not be taken back"));
}

TEST_F(SomebodyMovesAnAlias, AndOnceMoreBehindTheWayBack) {
  lenient_->between = [this] {
    MoveAway(1);
    const auto again = [this] { Move({{kRemove, "open_docs", "docs_v1", ""}}); };
    store_->Fail(Method::kRead, {{}, {absl::OkStatus(), false, again}});
  };
  const auto promoted = engine_->Promote(2, {});
  EXPECT_EQ(promoted.status().code(), StatusCode::kUnknown) << promoted.status();
  EXPECT_THAT(std::string(promoted.status().message()),
              HasSubstr("could not be taken back: alias open_docs points at nothing"));
}

TEST_F(SomebodyMovesAnAlias, AndPromotingTheLiveOnePutsItBack) {
  ASSERT_TRUE(engine_->Promote(2, {}).ok());
  Move({{kRemove, "open_docs", "docs_v2", ""}});
  ASSERT_TRUE(engine_->Promote(2, {}).ok());
  EXPECT_EQ(Aliases(), AllAt(2));
  EXPECT_EQ(engine_->Status()->previous, 1u) << "it has not replaced itself";
}

TEST_F(SomebodyMovesAnAlias, AndTheNextSwapSaysSoBeforeItMovesAnything) {
  MoveAway(1);
  const auto promoted = engine_->Promote(2, {});
  EXPECT_EQ(promoted.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(promoted.status().message()), HasSubstr("all_docs points at theirs"));
  EXPECT_EQ(Aliases(), "all_docs=theirs all_notes=notes_v1 open_docs=docs_v1");
}

TEST_F(SomebodyMovesAnAlias, WhereasARivalIsNamed) {
  store_->Fail(Method::kUpdateAliases,
               {{absl::OkStatus(), false, [&] {
                   const auto other = testing::MakeMemoryStore(cluster_);
                   const auto state = other->Read({"tis", {"docs", "notes"}, {}});
                   LeaseRecord record;
                   record.owner = {"host-b", 4712, "", "", "b"};
                   const Fence next{"tis", state->leases.back().epoch + 1};
                   ASSERT_TRUE(other->CreateLease(next, record).ok());
                   ASSERT_TRUE(other->TakeOver(next, {}).ok());
                 }}});
  const auto promoted = engine_->Promote(2, {});
  EXPECT_EQ(promoted.status().code(), StatusCode::kAborted) << promoted.status();
  EXPECT_THAT(std::string(promoted.status().message()),
              HasSubstr("is held by host host-b, pid 4712"));
  EXPECT_EQ(Aliases(), AllAt(1));
}

}  // namespace
}  // namespace indexswap
