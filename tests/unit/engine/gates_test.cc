// The gates before a swap, judged on real builds.
#include "indexswap/engine/gates.h"

#include <functional>

#include "world.h"

namespace indexswap {
namespace {

using ::testing::HasSubstr;

class GatesTest : public World {
 protected:
  std::unique_ptr<Process> Use(const std::function<void(EngineOptions&, ReleaseSpec&)>& change) {
    EngineOptions options = OptionsFor("a", clock_);
    ReleaseSpec release = SmallRelease();
    change(options, release);
    return Start(options, release);
  }

  // What the store keeps of a gate of the second generation.
  static GateResult Kept(Process& process, const std::string& gate) {
    return *Gate(process.engine->Status()->generations[1].meta->gates, gate);
  }

  // Says, as a swap holds events, that the read model has so many `docs`.
  static HoldEvents Expecting(uint64_t docs) {
    return [docs](uint64_t) {
      return absl::StatusOr<std::map<std::string, uint64_t>>({{"docs", docs}, {"notes", 3}});
    };
  }

  // The build of `docs` documents is stopped by `gate` alone.
  void ExpectStopped(Process& process, uint64_t generation, const std::string& gate,
                     const std::string& why) {
    const std::string before = Aliases();
    const auto promoted = process.engine->Promote(generation, {});
    EXPECT_EQ(promoted.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(promoted.status().message()), HasSubstr("the gate " + gate));
    EXPECT_THAT(std::string(promoted.status().message()), HasSubstr(why));
    EXPECT_EQ(Aliases(), before);
  }
};

TEST_F(GatesTest, ShrinkStopsUntilItIsOverriddenByName) {
  const auto process = Start("a");
  BuildLive(*process->engine, 1000);
  const uint64_t second = BuildSealed(*process->engine, 700);
  ExpectStopped(*process, second, "shrink", "all_docs: 1000 -> 700");
  const auto promoted = process->engine->Promote(second, {.overrides = {"shrink"}, .hold = {}});
  ASSERT_TRUE(promoted.ok()) << promoted.status();
  EXPECT_EQ(Aliases(), AllAt(second));
  const auto status = process->engine->Status();
  const GateResult* gate = Gate(status->generations[1].meta->gates, "shrink");
  EXPECT_TRUE(gate->passed);
  EXPECT_TRUE(gate->overridden);
  EXPECT_THAT(gate->detail, HasSubstr("1000 -> 700"));
}

TEST_F(GatesTest, ShrinkAllowsTheGreaterOfPartAndSlack) {
  const auto process = Use([](EngineOptions& options, ReleaseSpec&) {
    options.gates.max_shrink = 0.10;
    options.gates.shrink_slack = 0;
  });
  BuildLive(*process->engine, 100);
  EXPECT_TRUE(process->engine->Promote(BuildSealed(*process->engine, 90), {}).ok());
  const uint64_t third = BuildSealed(*process->engine, 80);  // one more than 10 % of 90
  ExpectStopped(*process, third, "shrink", "90 -> 80");
}

TEST_F(GatesTest, AnOverrideIsAskedForAnewEachTime) {
  const auto process = Start("a");
  BuildLive(*process->engine, 1000);
  const uint64_t second = BuildSealed(*process->engine, 500);
  ASSERT_TRUE(process->engine->Promote(second, {.overrides = {"shrink"}, .hold = {}}).ok());
  ASSERT_TRUE(process->engine->Rollback(std::nullopt).ok());
  ExpectStopped(*process, second, "shrink", "1000 -> 500");
}

TEST_F(GatesTest, AnOverrideOfWhatTheBuildItselfFoundIsAskedForAnewToo) {
  const auto process = Start("a");
  BuildLive(*process->engine, 10);
  auto build = process->engine->Begin();
  Fill(**build, 10);
  ASSERT_TRUE((*build)->Put("docs", "bad", 5, R"({"n":"many"})").ok());
  ASSERT_TRUE((*build)->Seal({}).ok());
  ASSERT_TRUE(process->engine->Promote(2, {.overrides = {"refused"}, .hold = {}}).ok());
  ASSERT_TRUE(process->engine->Rollback(std::nullopt).ok());
  ExpectStopped(*process, 2, "refused", "1 documents refused by the store, at most 0");
}

TEST_F(GatesTest, EndedAndCountsAreNeverOverridden) {
  const auto process = Start("a");
  auto build = process->engine->Begin();
  Fill(**build, 10);
  const auto sealed = (*build)->Seal({{{"ended", false, false, "gmc has not ended"}}});
  ASSERT_TRUE(sealed.ok());
  EXPECT_FALSE(sealed->passed);
  ExpectStopped(*process, 1, "ended", "can't be overridden");
  for (const char* gate : {"ended", "counts", "nonsense"}) {
    EXPECT_EQ(process->engine->Promote(1, {.overrides = {gate}, .hold = {}}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << gate;
  }
  EXPECT_EQ(Aliases(), "");
}

TEST_F(GatesTest, ADocumentTheIndexHasNotStopsTheSwap) {
  const auto process = Start("a");
  auto build = process->engine->Begin();
  Fill(**build, 10);
  // The store says done, and has not done it.
  process->store->set_bulk_hook(
      [](const std::vector<BulkItem>& items) { return std::vector<BulkResult>(items.size()); });
  ASSERT_TRUE((*build)->Put("docs", "lost", 0, R"({"n":1})").ok());
  const auto sealed = (*build)->Seal({});
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_FALSE(Gate(sealed->gates, "counts")->passed);
  EXPECT_FALSE(Gate(sealed->gates, "digest")->passed);
  ExpectStopped(*process, 1, "counts", "docs_v1: 0 in the index, 11 written");
}

TEST_F(GatesTest, OneThatCountsHaveStoppedUnderHoldWasNeverLive) {
  const auto process = Start("a");
  BuildLive(*process->engine, 10);
  const uint64_t second = BuildSealed(*process->engine, 10);
  const auto stopped = process->engine->Promote(second, {.overrides = {}, .hold = Expecting(11)});
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kFailedPrecondition);
  const auto back = process->engine->Rollback(second);
  EXPECT_EQ(back.status(), NeverLive(second));
  EXPECT_EQ(Aliases(), AllAt(1));
  EXPECT_TRUE(process->engine->Promote(second, {}).ok()) << "what is right now goes live";
}

TEST_F(GatesTest, OneWhoseSwapWasRefusedWasNeverLive) {
  const auto process = Start("a");
  BuildLive(*process->engine, 10);
  const uint64_t second = BuildSealed(*process->engine, 10);
  process->store->Fail(Method::kUpdateAliases, {{absl::NotFoundError("somebody"), false, nullptr}});
  EXPECT_FALSE(process->engine->Promote(second, {}).ok());
  EXPECT_EQ(process->engine->Rollback(second).status(), NeverLive(second));
}

TEST_F(GatesTest, WhatStopsAPromotionIsKept) {
  const auto process = Start("a");
  BuildLive(*process->engine, 500);
  const uint64_t second = BuildSealed(*process->engine, 500);
  const auto kept = [&] { return Kept(*process, "shrink"); };
  EXPECT_TRUE(kept().passed) << "as it was sealed";
  BuildLive(*process->engine, 1000);
  ExpectStopped(*process, second, "shrink", "1000 -> 500");
  EXPECT_FALSE(kept().passed);
  EXPECT_TRUE(process->engine->Promote(second, {.overrides = {"shrink"}, .hold = {}}).ok());
  EXPECT_TRUE(kept().overridden);
}

TEST_F(GatesTest, CountsThatStopAPromotionAreKept) {
  const auto process = Start("a");
  BuildLive(*process->engine, 10);
  const uint64_t second = BuildSealed(*process->engine, 10);
  const auto kept = [&] { return Kept(*process, "counts"); };
  ASSERT_FALSE(process->engine->Promote(second, {.overrides = {}, .hold = Expecting(11)}).ok());
  EXPECT_FALSE(kept().passed) << "hold: " << kept().detail;
  ASSERT_TRUE(process->engine->Promote(second, {.overrides = {}, .hold = Expecting(10)}).ok());
  EXPECT_TRUE(kept().passed) << "it is live: " << kept().detail;
  ASSERT_TRUE(process->engine->Rollback(std::nullopt).ok());
  // Without a hold: somebody has deleted a document of the new index.
  const Fence fence{"tis", process->engine->Status()->lease->epoch};
  const auto deleted = testing::MakeMemoryStore(cluster_)->Bulk(
      fence, {{BulkItem::Kind::kDelete, "docs_v2", "d1", (uint64_t{9} << 40), ""}});
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  ASSERT_TRUE(testing::MakeMemoryStore(cluster_)->Refresh("docs_v2").ok());
  ASSERT_FALSE(process->engine->Promote(second, {}).ok());
  EXPECT_FALSE(kept().passed) << "no hold: " << kept().detail;
}

TEST_F(GatesTest, ARefusedDocumentStopsTheSwapAndIsReported) {
  const auto process = Start("a");
  auto build = process->engine->Begin();
  Fill(**build, 10);
  ASSERT_TRUE((*build)->Put("docs", "bad", 5, R"({"n":"many"})").ok());
  const auto sealed = (*build)->Seal({});
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ((*build)->refused(), 1u);
  EXPECT_TRUE(Gate(sealed->gates, "counts")->passed);
  EXPECT_TRUE(Gate(sealed->gates, "digest")->passed);
  ExpectStopped(*process, 1, "refused", "1 documents refused by the store, at most 0");
  const auto refused = process->observer.refused();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].family, "docs");
  EXPECT_EQ(refused[0].id, "bad");
  EXPECT_EQ(refused[0].version, 5u);
  EXPECT_EQ(refused[0].document, R"({"n":"many"})");
  EXPECT_FALSE(refused[0].reason.empty());
}

TEST_F(GatesTest, AnEmptyAliasIsRefusedUnlessItMayBeEmpty) {
  const auto process = Start("a");
  ExpectStopped(*process, BuildSealed(*process->engine, 0, 3), "empty", "all_docs would show");
  // all_notes may be empty.
  EXPECT_TRUE(process->engine->Promote(BuildSealed(*process->engine, 10, 0), {}).ok());
}

TEST_F(GatesTest, TooFewDocumentsAreRefused) {
  const auto process =
      Use([](EngineOptions&, ReleaseSpec& release) { release.families[0].min_documents = 11; });
  ExpectStopped(*process, BuildSealed(*process->engine, 10), "min_documents",
                "docs_v1: 10 documents, at least 11");
  EXPECT_TRUE(process->engine->Promote(BuildSealed(*process->engine, 11), {}).ok());
}

TEST_F(GatesTest, AFilterThatTheStoreRefusesStopsTheSwap) {
  const auto process = Use([](EngineOptions&, ReleaseSpec& release) {
    release.aliases[1].filter = R"({"no_such_query":{}})";
  });
  ExpectStopped(*process, BuildSealed(*process->engine, 10), "filters", "open_docs on docs_v1");
}

TEST_F(GatesTest, TheDigestFindsAChangedDocument) {
  const auto process = Start("a");
  auto build = process->engine->Begin();
  Fill(**build, 10);
  // Same id, same version to the caller, other content: the store keeps the first.
  ASSERT_TRUE((*build)->Put("docs", "d3", 0, R"({"n":99,"open":false})").ok());
  const auto sealed = (*build)->Seal({});
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  const GateResult* digest = Gate(sealed->gates, "digest");
  EXPECT_FALSE(digest->passed);
  EXPECT_THAT(digest->detail, HasSubstr("docs_v1: d3 is not as it was written"));
}

TEST_F(GatesTest, ARedIndexStopsTheSwap) {
  class Red : public testing::ForwardingStore {
   public:
    using ForwardingStore::ForwardingStore;
    absl::StatusOr<Health> CheckHealth(const std::vector<std::string>&, Health::Colour) override {
      return Health{Health::Colour::kRed, "3 shards missing"};
    }
  };
  auto engine = Engine::Open(std::make_shared<Red>(testing::MakeMemoryStore(cluster_)),
                             SmallRelease(), OptionsFor("a", clock_), nullptr);
  const auto promoted = (*engine)->Promote(BuildSealed(**engine, 10), {});
  EXPECT_THAT(std::string(promoted.status().message()), HasSubstr("the gate health"));
  EXPECT_THAT(std::string(promoted.status().message()), HasSubstr("3 shards missing"));
}

TEST_F(GatesTest, AStoreThatCanNotBeAskedIsAnErrorRatherThanAJudgement) {
  const auto process = Start("a");
  const uint64_t generation = BuildSealed(*process->engine, 10);
  process->store->FailAlways(Method::kCount, absl::UnavailableError("gone"));
  EXPECT_EQ(process->engine->Promote(generation, {}).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Aliases(), "");
}

}  // namespace
}  // namespace indexswap
