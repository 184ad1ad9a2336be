// The gates before anything is created.
#include <indexswap/inspector.h>

#include <algorithm>

#include "indexswap/json/replicas.h"
#include "indexswap/testing/forwarding_store.h"
#include "world.h"

namespace indexswap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Says what a test plants.
class Told : public StoreInspector {
 public:
  std::vector<CapabilityFacts> Capabilities() const override { return {}; }
  absl::StatusOr<std::vector<TemplateFacts>> Templates(
      const std::vector<std::string>& names) override {
    asked_templates = names;
    return templates;
  }
  absl::StatusOr<std::vector<BlockFacts>> Blocks(const std::vector<std::string>& names) override {
    asked_blocks = names;
    if (!blocks.ok()) return blocks;
    std::vector<BlockFacts> found;
    for (const BlockFacts& block : *blocks) {
      const bool asked = std::ranges::find(names, block.index) != names.end();
      if (block.index.empty() || asked) found.push_back(block);
    }
    return found;
  }
  absl::StatusOr<std::vector<DiskFacts>> Disks() override { return disks; }
  std::vector<ProbeFacts> Probe(const StateQuery&) override { return {}; }
  std::vector<std::string> Untried() const override { return {}; }

  absl::StatusOr<std::vector<TemplateFacts>> templates = std::vector<TemplateFacts>();
  absl::StatusOr<std::vector<BlockFacts>> blocks = std::vector<BlockFacts>();
  absl::StatusOr<std::vector<DiskFacts>> disks = std::vector<DiskFacts>();
  std::vector<std::string> asked_templates, asked_blocks;
};

class ToldStore : public testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  StoreInspector* inspector() override { return &told; }
  absl::StatusOr<StoreState> Read(const StateQuery& query) override {
    return read.ok() ? ForwardingStore::Read(query) : absl::StatusOr<StoreState>(read);
  }

  absl::Status TakeOver(const Fence& fence, const std::vector<std::string>& names) override {
    return take_over.ok() ? ForwardingStore::TakeOver(fence, names) : take_over;
  }

  Told told;
  absl::Status read;       // an error that every reading of the state ends with
  absl::Status take_over;  // likewise, every taking of the lease
};

class PreflightTest : public World {
 protected:
  using Templates = std::vector<TemplateFacts>;
  using Blocks = std::vector<BlockFacts>;
  using Disks = std::vector<DiskFacts>;

  void SetUp() override {
    store_ = std::make_shared<ToldStore>(testing::MakeMemoryStore(cluster_));
    auto engine = Engine::Open(store_, SmallRelease(), OptionsFor("a", clock_), &observer_);
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
  }

  // The indexes that there are, ours and others'.
  std::vector<std::string> Indexes() {
    const auto state = store_->Read({"tis", {"docs", "notes"}, {"all_docs"}});
    std::vector<std::string> names;
    for (const IndexState& index : state->indexes) names.push_back(index.name);
    return names;
  }

  // Begin is refused by that gate, and says so; the same sync with an override is not.
  void ExpectStopped(const std::string& gate, const std::string& why) {
    const auto before = Indexes();
    const auto stopped = engine_->Begin();
    EXPECT_EQ(stopped.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(stopped.status().message()), HasSubstr("the gate " + gate));
    EXPECT_THAT(std::string(stopped.status().message()), HasSubstr(why));
    EXPECT_EQ(Indexes(), before);
    auto build = engine_->Begin({.overrides = {gate}});
    ASSERT_TRUE(build.ok()) << build.status();
    Fill(**build, 10);
    const auto sealed = (*build)->Seal({});
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    EXPECT_TRUE(Gate(sealed->gates, gate)->overridden);
    generation_ = (*build)->generation();
  }

  // A build that was begun in spite of `blocks`.
  uint64_t BuildSealedAnyway() {
    auto build = engine_->Begin({.overrides = {"blocks"}});
    EXPECT_TRUE(build.ok()) << build.status();
    Fill(**build, 10);
    EXPECT_TRUE((*build)->Seal({}).ok());
    return (*build)->generation();
  }

  std::shared_ptr<ToldStore> store_;
  Recorder observer_;
  std::unique_ptr<Engine> engine_;
  uint64_t generation_ = 0;
};

TEST_F(PreflightTest, WhatStopsNothingIsRecorded) {
  BuildLive(*engine_, 10);
  EXPECT_THAT(store_->told.asked_templates, ElementsAre("docs_v1", "notes_v1"));
  EXPECT_THAT(store_->told.asked_blocks, IsEmpty());
  store_->told.disks = Disks({{"node", 1000, 1000, 0, 1000}});
  store_->told.blocks = Blocks({{"docs_v1", "write"}, {"docs_v1", "read_only_allow_delete"}});
  store_->told.templates =
      Templates({{"all", false, {"docs_v2"}, {"index.codec"}, {}, {}, {}, false}});
  auto build = engine_->Begin();
  ASSERT_TRUE(build.ok()) << build.status();
  EXPECT_THAT(store_->told.asked_blocks, ElementsAre("docs_v1", "notes_v1"));
  EXPECT_THAT(store_->told.asked_templates, ElementsAre("docs_v2", "notes_v2"));
  for (const char* gate : {"capacity", "blocks", "templates"}) {
    const GateResult* found = Gate((*build)->meta().gates, gate);
    ASSERT_NE(found, nullptr) << gate;
    EXPECT_TRUE(found->passed) << gate;
    EXPECT_FALSE(found->detail.empty()) << gate;
  }
}

TEST_F(PreflightTest, NoRoom) {
  BuildLive(*engine_, 10);
  store_->told.disks = Disks({{"node", 1000, 0, 0, 0}});
  ExpectStopped("capacity", "0 until the flood stage, on 1 disks");
  // What let the build begin has done so.
  EXPECT_TRUE(engine_->Promote(generation_, {}).ok());
}

TEST_F(PreflightTest, RoomForLessThanTheBuild) {
  BuildLive(*engine_, 1000);
  uint64_t bytes = 0;
  const auto state = store_->Read({"tis", {"docs", "notes"}, {}});
  for (const IndexState& index : state->indexes) bytes += index.bytes;
  ASSERT_GT(bytes, 1u);
  store_->told.disks = Disks({{"node", 2 * bytes, bytes, bytes, bytes - 1}});
  ExpectStopped("capacity", "bytes until the low watermark");
  store_->told.disks = Disks({{"node", 2 * bytes, bytes, bytes, bytes}});
  EXPECT_TRUE(engine_->Begin().ok());
}

TEST_F(PreflightTest, BlocksThatRefuseTheSwap) {
  BuildLive(*engine_, 10);
  store_->told.blocks = Blocks({{"docs_v1", "metadata"}});
  ExpectStopped("blocks", "set index.blocks.metadata of it to null");
  // It is looked at again, and an override asked for anew.
  const auto refused = engine_->Promote(generation_, {});
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("the gate blocks stopped"));
  store_->told.blocks = Blocks();
  EXPECT_TRUE(engine_->Promote(generation_, {}).ok());
  store_->told.blocks = Blocks({{"", "create_index"}});
  ExpectStopped("blocks", "the whole store has the block create_index");
  // A swap creates nothing.
  EXPECT_TRUE(engine_->Promote(generation_, {}).ok());
  store_->told.blocks = Blocks({{"", "read_only"}});
  EXPECT_EQ(engine_->Promote(BuildSealedAnyway(), {}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(PreflightTest, TemplatesThatShowHalfAnIndex) {
  store_->told.templates =
      Templates({{"logs", false, {"docs_v1"}, {}, {}, {"all_docs"}, {}, false}});
  ExpectStopped("templates", "under the alias all_docs at once");
  store_->told.templates = Templates({{"logs", false, {"docs_v2"}, {}, {}, {}, {}, true}});
  ExpectStopped("templates", "makes a data stream");
}

TEST_F(PreflightTest, WhatTheUserMayNotSeeStopsNothing) {
  store_->told.disks = AsAccessDenied(absl::InvalidArgumentError("403"));
  store_->told.blocks = AsAccessDenied(absl::InvalidArgumentError("403"));
  store_->told.templates = AsAccessDenied(absl::InvalidArgumentError("403"));
  const auto build = engine_->Begin();
  ASSERT_TRUE(build.ok()) << build.status();
  EXPECT_THAT(Gate((*build)->meta().gates, "capacity")->detail, HasSubstr("not checked: 403"));
}

TEST_F(PreflightTest, AStoreThatIsAwayIsAnError) {
  store_->told.disks = absl::UnavailableError("away");
  EXPECT_EQ(engine_->Begin().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Indexes(), IsEmpty());
}

TEST_F(PreflightTest, APlanHasThem) {
  store_->told.disks = Disks({{"node", 1000, 0, 0, 0}});
  const auto plan = engine_->PlanSwap(0);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_FALSE(Gate(plan->gates, "capacity")->passed);
}

TEST_F(PreflightTest, WhatStopsABuildIsKnownWithoutTheLease) {
  BuildLive(*engine_, 10);
  BuildLive(*engine_, 10);
  ASSERT_TRUE(engine_->ReleaseLease().ok());
  store_->told.blocks = Blocks({{"docs_v1", "read_only"}});
  auto plan = engine_->PlanSwap(0);
  ASSERT_TRUE(plan.ok()) << plan.status();
  // One that is not live, too: taking the lease moves its private alias.
  EXPECT_THAT(store_->told.asked_blocks, ElementsAre("docs_v1", "docs_v2", "notes_v1", "notes_v2"));
  const absl::Status stopped = StopsBuild({"shrink"}, plan->gates);
  EXPECT_EQ(stopped.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(stopped.message()), HasSubstr("docs_v1 has the block read_only"));
  EXPECT_THAT(std::string(stopped.message()), HasSubstr("No override helps"));
  EXPECT_EQ(StopsBuild({"blocks"}, plan->gates).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(Gate(plan->gates, "blocks")->overridden);
  // With the lease it keeps nobody from anything.
  ASSERT_TRUE(engine_->TakeLease().ok());
  EXPECT_TRUE(engine_->Begin().ok());
  EXPECT_THAT(store_->told.asked_blocks, ElementsAre("docs_v2", "notes_v2"));
}

TEST_F(PreflightTest, WhatWasAbandonedKeepsNoLease) {
  BuildLive(*engine_, 10);
  const uint64_t abandoned = BuildSealed(*engine_, 10);
  ASSERT_TRUE(engine_->Abandon(abandoned, "test").ok());
  ASSERT_TRUE(engine_->ReleaseLease().ok());
  ASSERT_TRUE(engine_->PlanSwap(0).ok());
  EXPECT_THAT(store_->told.asked_blocks, ElementsAre("docs_v1", "notes_v1"));
}

TEST_F(PreflightTest, ABlockThatKeepsTheLeaseFromBeingTakenIsARefusal) {
  BuildLive(*engine_, 10);
  const uint64_t second = BuildLive(*engine_, 10);
  ASSERT_TRUE(engine_->ReleaseLease().ok());
  store_->take_over = AsBlocked(absl::ResourceExhaustedError("docs_v1: read_only: set it to null"));
  for (const absl::Status& status :
       {engine_->Rollback().status(), engine_->Promote(second, {}).status(),
        engine_->Begin().status(), engine_->Prune(false).status(), engine_->Abandon(second, "")}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("the gate blocks stopped it: docs_v1: read_only: set it to null"));
  }
  // Whoever starts may wait for it to go.
  EXPECT_EQ(engine_->TakeLease().code(), absl::StatusCode::kResourceExhausted);
  store_->take_over = absl::OkStatus();
  EXPECT_TRUE(engine_->Rollback().ok());
}

TEST_F(PreflightTest, AnOverrideLetsThroughWhatIsJudgedBefore) {
  BuildLive(*engine_, 10);
  store_->told.disks = Disks({{"node", 1000, 0, 0, 0}});
  auto gates = engine_->PlanSwap(0)->gates;
  EXPECT_THAT(std::string(StopsBuild({}, gates).message()),
              HasSubstr("`sync --override capacity` begins all the same"));
  EXPECT_TRUE(StopsBuild({"shrink", "capacity"}, gates).ok());
  EXPECT_TRUE(Gate(gates, "capacity")->overridden);
  EXPECT_FALSE(Gate(gates, "blocks")->overridden) << "it passes by itself";
  EXPECT_EQ(StopsBuild({"counts"}, gates).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(PreflightTest, ABlockThatKeepsTheStateFromBeingReadIsARefusal) {
  BuildLive(*engine_, 10);
  store_->read = AsBlocked(absl::ResourceExhaustedError("docs_v1: metadata: set it to null"));
  for (const absl::Status& status : {engine_->PlanSwap(0).status(),
                                     engine_->PlanRollback().status(), engine_->State().status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr("docs_v1: metadata: set it to null"));
  }
  store_->read = absl::ResourceExhaustedError("too busy");
  EXPECT_EQ(engine_->PlanSwap(0).status(), store_->read);
}

TEST(Room, EachReplicaIsACopyOnADiskOfItsOwn) {
  ReleaseSpec release = SmallRelease();
  release.families[1].settings = R"({"index":{"number_of_replicas":"2"}})";
  const DiskFacts disk{"node", 1000, 500, 100, 200};
  const RoomEstimate one = EstimateRoom(release, 50, {disk});
  EXPECT_EQ(one.build, 50u);
  const RoomEstimate three = EstimateRoom(release, 50, {disk, disk, disk, disk});
  EXPECT_EQ(three.replicas, 2u);
  EXPECT_EQ(three.build, 150u);
  EXPECT_EQ(three.until_low, 400u);
  EXPECT_EQ(three.until_flood, 800u);
  EXPECT_THAT(Describe(three), HasSubstr("150 bytes"));
}

TEST(Replicas, AsSettingsSay) {
  EXPECT_EQ(ReplicasOn(3, ""), 1u);
  EXPECT_EQ(ReplicasOn(1, ""), 0u);
  EXPECT_EQ(ReplicasOn(5, R"({"number_of_replicas":3})"), 3u);
  EXPECT_EQ(ReplicasOn(5, R"({"index.number_of_replicas":"0"})"), 0u);
  EXPECT_EQ(ReplicasOn(5, R"({"auto_expand_replicas":"0-2","number_of_replicas":4})"), 2u);
  EXPECT_EQ(ReplicasOn(5, R"({"auto_expand_replicas":"0-all"})"), 4u);
  EXPECT_EQ(ReplicasOn(5, R"({"auto_expand_replicas":"false","number_of_replicas":2})"), 2u);
}

}  // namespace
}  // namespace indexswap
