// A sync from files into a memory store, on a disk that has as much room as a test says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/engine.h>

#include <filesystem>
#include <fstream>

#include "indexswap/testing/memory_store.h"
#include "syncd/plan/plan_reader.h"
#include "syncd/sync/hydrate_live.h"
#include "syncd/sync/runner.h"
#include "syncd/sync/state_disk.h"
#include "syncd/sync/state_files.h"

namespace syncd {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// More than any disk has.
constexpr uint64_t kMore = uint64_t{1} << 60;

class Hooks : public RunHooks {
 public:
  void OnProgress(const RunProgress&) override {}
  void Note(indexswap::Observer::Severity, const std::string& text) override {
    notes += text + "\n";
    if (on_note) on_note(text);
  }
  void Reached(std::string_view) override {}
  bool Interrupted() override { return false; }

  std::function<void(const std::string&)> on_note;
  std::string notes;
};

class RunnerDiskTest : public ::testing::Test {
 protected:
  RunnerDiskTest() : plan_(*ReadPlan(*ShippedPlanDir("tis"))) {
    folder_ = ::testing::TempDir() + "runner-disk-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/feed");
    for (const PlanChannel& channel : plan_.channels) {
      if (channel.kind != PlanChannel::Kind::kSnapshot) continue;
      std::ofstream(folder_ + "/feed/" + channel.name + ".ndjson")
          << (channel.name == "tcs" ? R"({"tcsPersonId":1,"gmcReferenceNumber":"7000001"})" : "")
          << "\n";
    }
    config_.state = folder_;
    journal_ = *Journal::Open(folder_);
    log_ = *EventLog::Open(folder_, plan_);
    engine_ = *indexswap::Engine::Open(indexswap::testing::MakeMemoryStore(cluster_),
                                       plan_.ToReleaseSpec(), {}, nullptr);
    warm_ = std::make_unique<WarmSet>(folder_, *engine_, *log_, WarmCallbacks());
    sources_ = FileSources(folder_ + "/feed");
    request_.source = "files";
    request_.overrides = {"empty"};
  }
  ~RunnerDiskTest() override {
    warm_.reset();
    std::filesystem::remove_all(folder_);
  }

  SyncOutcome Run() {
    SyncRunner runner(
        {plan_, config_, *engine_, *journal_, *log_, *warm_, *sources_, refused_, hooks_});
    return runner.Run(request_);
  }
  static const indexswap::GateResult* Disk(const std::vector<indexswap::GateResult>& gates) {
    for (const indexswap::GateResult& gate : gates) {
      if (gate.gate == kDiskGate) return &gate;
    }
    return nullptr;
  }

  const Plan plan_;
  std::string folder_;
  Config config_;
  std::shared_ptr<indexswap::testing::MemoryCluster> cluster_ =
      std::make_shared<indexswap::testing::MemoryCluster>();
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<indexswap::Engine> engine_;
  std::unique_ptr<WarmSet> warm_;
  std::unique_ptr<Sources> sources_;
  RefusedDocuments refused_;
  Hooks hooks_;
  SyncRequest request_;
};

TEST_F(RunnerDiskTest, WithRoomTheGateIsOneOfThoseThatPassed) {
  const SyncOutcome outcome = Run();
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  ASSERT_NE(Disk(outcome.gates), nullptr);
  EXPECT_TRUE(Disk(outcome.gates)->passed);
  EXPECT_FALSE(Disk(outcome.gates)->overridden);
}

TEST_F(RunnerDiskTest, WithoutRoomNothingIsCreated) {
  config_.disk.min_free_bytes = kMore;
  const SyncOutcome outcome = Run();
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kFailedPrecondition) << outcome.status;
  EXPECT_EQ(outcome.state, "refused");
  EXPECT_EQ(outcome.generation, 0u);
  ASSERT_NE(Disk(outcome.gates), nullptr);
  EXPECT_FALSE(Disk(outcome.gates)->passed);
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("--override disk"));
  EXPECT_THAT(engine_->Status()->generations, IsEmpty());
  EXPECT_EQ(engine_->Status()->lease, std::nullopt) << "not even a lease";
  EXPECT_THAT(GenerationsIn(folder_), IsEmpty());
}

TEST_F(RunnerDiskTest, AnOverrideLetsItThroughAndIsRecorded) {
  config_.disk.min_free_bytes = kMore;
  request_.overrides.push_back(kDiskGate);
  const SyncOutcome outcome = Run();
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_THAT(hooks_.notes, HasSubstr("the gate disk is overridden"));
  const auto status = engine_->Status();
  const auto* recorded = Disk(status->generations.at(0).meta->gates);
  ASSERT_NE(recorded, nullptr);
  EXPECT_TRUE(recorded->passed && recorded->overridden);
  EXPECT_THAT(recorded->detail, HasSubstr("bytes"));
}

TEST_F(RunnerDiskTest, ABuildThatFillsTheDiskIsGivenUpAndItsFileRemoved) {
  hooks_.on_note = [this](const std::string& note) {
    if (note.find("receiving from") != std::string::npos) config_.disk.min_free_bytes = kMore;
  };
  const SyncOutcome outcome = Run();
  EXPECT_EQ(outcome.state, "refused") << outcome.status;
  EXPECT_EQ(outcome.generation, 1u);
  ASSERT_NE(Disk(outcome.gates), nullptr);
  EXPECT_FALSE(Disk(outcome.gates)->passed);
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("live events need them"));
  EXPECT_EQ(engine_->Status()->generations.at(0).state, "abandoned");
  EXPECT_THAT(StateFilesIn(folder_), IsEmpty());
  EXPECT_FALSE(warm_->Has(1));
}

TEST_F(RunnerDiskTest, ALiveGenerationIsNotReadBackWithoutRoom) {
  ASSERT_TRUE(Run().status.ok());
  warm_->Remove(1);
  ASSERT_TRUE(RemoveGenerationFile(folder_, 1).ok());
  HydrateTools tools{plan_,
                     *engine_,
                     *journal_,
                     *log_,
                     folder_,
                     [](indexswap::Observer::Severity, const std::string&) {},
                     [](std::string_view) {},
                     [] { return false; },
                     [](const std::string&) {},
                     kMore};
  const absl::Status refused = HydrateLive(*engine_->Status(), tools);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("the gate disk"));
  EXPECT_THAT(StateFilesIn(folder_), IsEmpty());
  tools.min_free_bytes = 0;
  const absl::Status hydrated = HydrateLive(*engine_->Status(), tools);
  EXPECT_TRUE(hydrated.ok()) << hydrated;
}

}  // namespace
}  // namespace syncd
