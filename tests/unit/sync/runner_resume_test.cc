// A sync that goes on with a build that was cut off, while the store comes and goes.
#include <gtest/gtest.h>
#include <indexswap/engine.h>
#include <indexswap/names.h>

#include <filesystem>

#include "indexswap/testing/faulty_store.h"
#include "indexswap/testing/memory_store.h"
#include "syncd/plan/plan_reader.h"
#include "syncd/sync/runner.h"

namespace syncd {
namespace {

using indexswap::testing::FaultyStore;
using indexswap::testing::Method;

// Queues from which nothing is read here, and a broker that takes what is announced.
class NoQueues : public Sources, public Publisher {
 public:
  bool files() const override { return false; }
  absl::Status Check(const Plan&) const override { return absl::OkStatus(); }
  bool HasQueue(const PlanChannel&) const override { return true; }
  std::chrono::milliseconds MinimumQuiet(const PlanChannel&) const override { return {}; }
  absl::StatusOr<std::unique_ptr<Source>> Make(const PlanChannel&) override {
    return absl::UnavailableError("no broker");
  }
  Publisher* publisher() override { return this; }
  absl::Status Publish(const std::string&, const std::string&, const std::string&) override {
    return absl::OkStatus();
  }
};

// Tells when the run is about to look at what was cut off, and ends one that begins to receive.
class Hooks : public RunHooks {
 public:
  void OnProgress(const RunProgress&) override {}
  void Note(indexswap::Observer::Severity, const std::string& text) override {
    if (text.find("going on with it") != std::string::npos && on_going_on) on_going_on();
    interrupted = interrupted || text.find("receiving from") != std::string::npos;
  }
  void Reached(std::string_view) override {}
  bool Interrupted() override { return interrupted; }

  std::function<void()> on_going_on;
  bool interrupted = false;
};

class RunnerResumeTest : public ::testing::Test {
 protected:
  RunnerResumeTest() : plan_(*ReadPlan(*ShippedPlanDir("tis"))) {
    folder_ = ::testing::TempDir() + "runner-resume-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    config_.state = folder_;
    journal_ = *Journal::Open(folder_);
    log_ = *EventLog::Open(folder_, plan_);
    store_ = std::make_shared<FaultyStore>(indexswap::testing::MakeMemoryStore(cluster_));
    engine_ = *indexswap::Engine::Open(store_, plan_.ToReleaseSpec(), {}, nullptr);
    warm_ = std::make_unique<WarmSet>(folder_, *engine_, *log_, WarmCallbacks());
    request_.source = "queues";
    request_.overrides = {"empty"};
  }
  ~RunnerResumeTest() override {
    warm_.reset();
    std::filesystem::remove_all(folder_);
  }

  // A build that was cut off in `stage`.
  void CutOff(RunStage stage) {
    auto build = engine_->Begin();
    ASSERT_TRUE(build.ok()) << build.status();
    RunInfo run;
    run.stage = stage;
    run.plan_hash = plan_.hash;
    run.source = "queues";
    ASSERT_TRUE(GenerationFile::Create(Path(), plan_, run, Durability::kOff).ok());
    if (stage == RunStage::kSealed) {
      ASSERT_TRUE((*build)->Seal({}).ok());
    }
  }
  // The next read from when the run looks at what was cut off fails so.
  void FailTheNextRead(absl::Status status) {
    hooks_.on_going_on = [this, status] { store_->Fail(Method::kRead, {{status, false, {}}}); };
  }
  void RemoveOneIndex() {
    const indexswap::Fence fence{plan_.ToReleaseSpec().name, engine_->Status()->lease->epoch};
    const std::string index = indexswap::IndexName(plan_.ToReleaseSpec().families.at(0).name, 1);
    ASSERT_TRUE(store_->DeleteIndexes(fence, {index}).ok());
  }
  SyncOutcome Run() {
    SyncRunner runner(
        {plan_, config_, *engine_, *journal_, *log_, *warm_, sources_, refused_, hooks_});
    return runner.Run(request_);
  }
  std::string Path() const { return folder_ + "/" + GenerationFileName(1); }
  RunStage Stage() const { return (*GenerationFile::OpenReadOnly(Path()))->ReadRun()->stage; }

  const Plan plan_;
  std::string folder_;
  Config config_;
  std::shared_ptr<indexswap::testing::MemoryCluster> cluster_ =
      std::make_shared<indexswap::testing::MemoryCluster>();
  std::shared_ptr<FaultyStore> store_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<indexswap::Engine> engine_;
  std::unique_ptr<WarmSet> warm_;
  NoQueues sources_;
  RefusedDocuments refused_;
  Hooks hooks_;
  SyncRequest request_;
};

TEST_F(RunnerResumeTest, AReadThatFailsThrowsNoReceivedBuildAway) {
  CutOff(RunStage::kLoading);
  for (const auto code :
       {absl::StatusCode::kUnavailable, absl::StatusCode::kUnknown, absl::StatusCode::kDataLoss,
        absl::StatusCode::kResourceExhausted, absl::StatusCode::kAborted}) {
    FailTheNextRead({code, "flaps"});
    const SyncOutcome outcome = Run();
    EXPECT_EQ(outcome.status, absl::Status(code, "flaps"));
    EXPECT_EQ(outcome.generation, 1u);
    EXPECT_EQ(Stage(), RunStage::kLoading);
    EXPECT_EQ(engine_->Status()->generations.at(0).state, "building");
  }
  hooks_.on_going_on = nullptr;
  const SyncOutcome outcome = Run();
  EXPECT_TRUE(outcome.resumed);
  EXPECT_EQ(outcome.generation, 1u);
}

TEST_F(RunnerResumeTest, AReadThatFailsThrowsNoSealedBuildAway) {
  CutOff(RunStage::kSealed);
  FailTheNextRead(absl::UnavailableError("flaps"));
  EXPECT_EQ(Run().status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Stage(), RunStage::kSealed);
  hooks_.on_going_on = nullptr;
  const SyncOutcome outcome = Run();
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.generation, 1u);
  EXPECT_EQ(engine_->Status()->live, 1u);
}

TEST_F(RunnerResumeTest, ALoadingBuildWhoseIndexIsGoneIsBegunAnew) {
  CutOff(RunStage::kLoading);
  RemoveOneIndex();
  const SyncOutcome outcome = Run();
  EXPECT_EQ(Stage(), RunStage::kAbandoned);
  EXPECT_EQ(outcome.generation, 2u) << outcome.status;
  EXPECT_FALSE(outcome.resumed);
  EXPECT_EQ(outcome.state, "interrupted");
}

}  // namespace
}  // namespace syncd
