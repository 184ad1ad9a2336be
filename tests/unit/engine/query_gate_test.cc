// The gate `queries`: searches of readers on what is live and on the new generation.
#include "indexswap/engine/query_gate.h"

#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "world.h"

namespace indexswap {
namespace {

using std::chrono::microseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Answers searches in place of the store, where the test says so; keeps what was asked.
class Asked : public testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  using Hook = std::function<absl::StatusOr<SearchFound>(const std::string& target,
                                                         absl::StatusOr<SearchFound> found)>;

  absl::StatusOr<SearchFound> Search(const std::string& target, const std::string& filter,
                                     const std::string& body) override {
    asked.emplace_back(target, filter);
    auto found = ForwardingStore::Search(target, filter, body);
    return hook ? hook(target, std::move(found)) : found;
  }

  Hook hook;
  std::vector<std::pair<std::string, std::string>> asked;  // target and filter
};

class QueryGateTest : public World {
 protected:
  void SetUp() override {
    release_.queries = {{"first-page", "open_docs", R"({"query":{"match_all":{}},"size":5})"}};
  }

  // An engine over `release_`; the last one that was opened is asked.
  Engine& Open() {
    auto store = std::make_shared<Asked>(testing::MakeMemoryStore(cluster_));
    store_ = store.get();
    auto engine = Engine::Open(store, release_, options_, nullptr);
    EXPECT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
    return *engine_;
  }

  // Of generation `n`, as it was sealed.
  GateResult Sealed(uint64_t n) {
    const auto status = engine_->Status();
    for (const GenerationStatus& generation : status->generations) {
      if (generation.generation == n && generation.meta) {
        return *Gate(generation.meta->gates, "queries");
      }
    }
    return {};
  }

  static Asked::Hook Failing(std::string target, absl::Status status) {
    return [target = std::move(target), status](const std::string& asked,
                                                absl::StatusOr<SearchFound> found) {
      return asked == target ? absl::StatusOr<SearchFound>(status) : found;
    };
  }

  EngineOptions options_ = OptionsFor("a", clock_);
  ReleaseSpec release_ = SmallRelease();
  Asked* store_ = nullptr;
  std::unique_ptr<Engine> engine_;
};

TEST_F(QueryGateTest, RunsOnTheNewIndexWithTheAliasFilterAndThroughTheLiveAlias) {
  Engine& engine = Open();
  BuildLive(engine, 40);
  store_->asked.clear();
  const uint64_t second = BuildSealed(engine, 44);
  EXPECT_TRUE(Sealed(second).passed);
  EXPECT_THAT(Sealed(second).detail, HasSubstr("first-page: 20 -> 22 hits"));
  const auto on_new = std::pair<std::string, std::string>("docs_v2", R"({"term":{"open":true}})");
  const auto on_live = std::pair<std::string, std::string>("open_docs", "");
  EXPECT_EQ(std::ranges::count(store_->asked, on_new), 3);
  EXPECT_EQ(std::ranges::count(store_->asked, on_live), 3);
}

TEST_F(QueryGateTest, TooFewHitsStopTheSwapUntilItIsOverridden) {
  release_.queries[0].body = R"({"query":{"range":{"n":{"gte":900}}}})";
  release_.queries[0].shrink_slack = 5;
  Engine& engine = Open();
  BuildLive(engine, 1000);
  const uint64_t second = BuildSealed(engine, 980);  // too few for no alias
  const auto promoted = engine.Promote(second, {});
  EXPECT_THAT(std::string(promoted.status().message()),
              AllOf(HasSubstr("the gate queries"), HasSubstr("first-page: 50 -> 40 hits"),
                    HasSubstr("10 fewer through open_docs")));
  EXPECT_EQ(Aliases(), AllAt(1));
  ASSERT_TRUE(engine.Promote(second, {.overrides = {"queries"}, .hold = {}}).ok());
  EXPECT_EQ(Aliases(), AllAt(second));
}

TEST_F(QueryGateTest, LimitsOfShrinkAreThoseOfAliasesWithoutItsOwn) {
  release_.queries[0].body = R"({"query":{"range":{"n":{"gte":900}}}})";
  Engine& engine = Open();
  BuildLive(engine, 1000);
  EXPECT_TRUE(engine.Promote(BuildSealed(engine, 980), {}).ok());  // 10 of 50: within the slack
}

TEST_F(QueryGateTest, ThePartThatMayGoIsThatOfAliasesToo) {
  release_.queries[0].body = R"({"query":{"range":{"n":{"gte":900}}}})";
  release_.queries[0].shrink_slack = 0;
  options_.gates.max_shrink = 0.2;
  Engine& engine = Open();
  BuildLive(engine, 1000);
  EXPECT_TRUE(engine.Promote(BuildSealed(engine, 980), {}).ok());  // 10 of 50
}

TEST_F(QueryGateTest, AFailureOnTheNewIndexAloneStopsTheSwap) {
  Engine& engine = Open();
  BuildLive(engine, 40);
  const uint64_t second = BuildSealed(engine, 40);
  store_->hook = Failing("docs_v2", absl::InvalidArgumentError("can't sort by n"));
  const auto promoted = engine.Promote(second, {});
  EXPECT_THAT(
      std::string(promoted.status().message()),
      AllOf(HasSubstr("the gate queries"), HasSubstr("first-page"), HasSubstr("docs_v2"),
            HasSubstr("finds 20 through the live open_docs"), HasSubstr("can't sort by n")));
  EXPECT_EQ(Aliases(), AllAt(1));
}

TEST_F(QueryGateTest, AQueryThatNeverWorkedIsNotComparable) {
  Engine& engine = Open();
  BuildLive(engine, 40);
  store_->hook = [](const std::string&, const absl::StatusOr<SearchFound>&) {
    return absl::StatusOr<SearchFound>(absl::InvalidArgumentError("no such thing"));
  };
  const uint64_t second = BuildSealed(engine, 40);
  EXPECT_TRUE(Sealed(second).passed);
  EXPECT_THAT(Sealed(second).detail,
              AllOf(HasSubstr("not comparable"), HasSubstr("no such thing")));
  EXPECT_TRUE(engine.Promote(second, {}).ok());
}

TEST_F(QueryGateTest, OneThatFailsOnWhatIsLiveAloneIsNotComparable) {
  Engine& engine = Open();
  BuildLive(engine, 40);
  store_->hook = Failing("open_docs", absl::InvalidArgumentError("the old mapping"));
  const uint64_t second = BuildSealed(engine, 40);
  EXPECT_TRUE(Sealed(second).passed);
  EXPECT_THAT(Sealed(second).detail, AllOf(HasSubstr("not comparable"),
                                           HasSubstr("the old mapping"), HasSubstr("20 hits")));
}

TEST_F(QueryGateTest, TheFirstGenerationOnlyHasToAnswer) {
  Engine& engine = Open();
  store_->hook = Failing("docs_v1", absl::InvalidArgumentError("can't sort by n"));
  const uint64_t first = BuildSealed(engine, 40);
  EXPECT_FALSE(Sealed(first).passed);
  EXPECT_THAT(Sealed(first).detail, HasSubstr("first-page fails on docs_v1: can't sort by n"));
  store_->hook = Failing("docs_v1", absl::UnavailableError("gone"));
  EXPECT_EQ(engine.Promote(first, {}).status().code(), absl::StatusCode::kUnavailable);
  store_->hook = nullptr;
  EXPECT_TRUE(engine.Promote(first, {}).ok());
}

TEST_F(QueryGateTest, WhatTheStoreCanNotCarryOutIsNotRunAndPasses) {
  release_.queries[0].body = R"({"sort":["n"]})";
  Engine& engine = Open();
  const uint64_t first = BuildLive(engine, 40);
  EXPECT_THAT(Sealed(first).detail, AllOf(HasSubstr("first-page: not run"), HasSubstr("`sort`")));
}

TEST_F(QueryGateTest, SlowerStopsOnlyWhereItHasALimit) {
  const auto slow = [](const std::string& target, absl::StatusOr<SearchFound> found) {
    if (found.ok()) found->took = microseconds(target == "docs_v2" ? 90'000 : 30'000);
    return found;
  };
  {
    Engine& engine = Open();
    BuildLive(engine, 40);
    store_->hook = slow;
    EXPECT_TRUE(engine.Promote(BuildSealed(engine, 40), {}).ok());
    EXPECT_THAT(Sealed(2).detail, HasSubstr("30.0 -> 90.0 ms"));
    ASSERT_TRUE(engine.Rollback().ok());
    ASSERT_TRUE(engine.ReleaseLease().ok());
  }
  release_.queries[0].max_slower = 2.5;
  Engine& engine = Open();
  store_->hook = slow;
  EXPECT_THAT(std::string(engine.Promote(2, {}).status().message()),
              AllOf(HasSubstr("the gate queries"), HasSubstr("slower than 2.50 times")));
  store_->hook = [](const std::string& target, absl::StatusOr<SearchFound> found) {
    if (found.ok()) found->took = microseconds(target == "docs_v2" ? 9'000 : 1'000);
    return found;
  };
  EXPECT_TRUE(engine.Promote(2, {}).ok());  // a few milliseconds are noise
}

TEST_F(QueryGateTest, AStoreInTroubleIsAskedAgainAndThenAnError) {
  Engine& engine = Open();
  BuildLive(engine, 40);
  const uint64_t second = BuildSealed(engine, 40);
  const auto gone = [](const std::string&, const absl::StatusOr<SearchFound>&) {
    return absl::StatusOr<SearchFound>(absl::UnavailableError("gone"));
  };
  store_->hook = gone;
  EXPECT_EQ(engine.Promote(second, {}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Aliases(), AllAt(1));
  store_->hook = Failing("docs_v2", absl::UnavailableError("its shards are away"));
  EXPECT_THAT(std::string(engine.Promote(second, {}).status().message()),
              AllOf(HasSubstr("the gate queries"), HasSubstr("its shards are away")))
      << "where what is live answers, the new index does not";
  EXPECT_EQ(Aliases(), AllAt(1));
  int left = 2;
  store_->hook = [&](const std::string& target, absl::StatusOr<SearchFound> found) {
    return target == "docs_v2" && left-- > 0 ? gone(target, found) : found;
  };
  EXPECT_TRUE(engine.Promote(second, {}).ok());
}

TEST_F(QueryGateTest, AQueryThroughAnAliasThatThisGenerationLacksIsNotRun) {
  BuildSealed(Open(), 40);
  ASSERT_TRUE(engine_->ReleaseLease().ok());
  release_.aliases.push_back({"new_docs", "docs", "", false});
  release_.queries[0].alias = "new_docs";
  const auto promoted = Open().Promote(1, {});
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_THAT(Gate(promoted->gates, "queries")->detail, HasSubstr("has no alias new_docs"));
}

TEST_F(QueryGateTest, AReleaseNamesWhatIsWrongWithAQuery) {
  const auto error = [this](const QuerySpec& query) {
    ReleaseSpec release = SmallRelease();
    release.queries = {release_.queries[0], query};
    return std::string(release.Validate().message());
  };
  EXPECT_EQ(error({"other", "open_docs", "{}"}), "");
  EXPECT_THAT(error({"first-page", "open_docs", "{}"}), HasSubstr("first-page is named twice"));
  EXPECT_THAT(error({"other", "nobody", "{}"}), HasSubstr("nobody, which is no alias"));
  EXPECT_THAT(error({"other", "open_docs", "{"}), HasSubstr("query other, body"));
  EXPECT_THAT(error({"other", "open_docs", "[]"}), HasSubstr("expected a JSON object"));
}

}  // namespace
}  // namespace indexswap
