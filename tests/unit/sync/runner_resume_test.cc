// A sync that goes on with a build that was cut off, while the store comes and goes.
#include <gtest/gtest.h>
#include <indexswap/names.h>

#include <functional>
#include <memory>
#include <string>

#include "indexswap/testing/faulty_store.h"
#include "runner_world.h"

namespace syncd {
namespace {

using indexswap::testing::FaultyStore;
using indexswap::testing::Method;

class RunnerResumeTest : public RunnerWorld {
 protected:
  RunnerResumeTest()
      : RunnerResumeTest(std::make_shared<FaultyStore>(indexswap::testing::MakeMemoryStore())) {}

  explicit RunnerResumeTest(const std::shared_ptr<FaultyStore>& store)
      : RunnerWorld("queues", store), faulty_(*store) {
    hooks_.on_note = [this](const std::string& text) {
      // Said when the run is about to look at what was cut off.
      if (text.find("going on with it") != std::string::npos && on_going_on_) on_going_on_();
      // One that begins to receive is ended: nothing comes.
      if (text.find("receiving from") != std::string::npos) hooks_.interrupted = true;
    };
  }

  // A build that was cut off in `stage`.
  void CutOff(RunStage stage) {
    auto build = engine_->Begin();
    ASSERT_TRUE(build.ok()) << build.status();
    RunInfo run;
    run.stage = stage;
    run.plan_hash = plan_.hash;
    run.source = "queues";
    ASSERT_TRUE(GenerationFile::Create(PathOf(1), plan_, run, Durability::kOff).ok());
    if (stage == RunStage::kSealed) {
      ASSERT_TRUE((*build)->Seal({}).ok());
    }
  }
  // The next read from when the run looks at what was cut off fails so.
  void FailTheNextRead(absl::Status status) {
    on_going_on_ = [this, status] { faulty_.Fail(Method::kRead, {{status, false, {}}}); };
  }
  void RemoveOneIndex() {
    const indexswap::Fence fence{plan_.ToReleaseSpec().name, engine_->Status()->lease->epoch};
    const std::string index = indexswap::IndexName(plan_.ToReleaseSpec().families.at(0).name, 1);
    ASSERT_TRUE(store_->DeleteIndexes(fence, {index}).ok());
  }
  SyncOutcome Run() { return RunFrom(queues_); }
  RunStage Stage() const { return (*GenerationFile::OpenReadOnly(PathOf(1)))->ReadRun()->stage; }

  FaultyStore& faulty_;  // the engine's
  std::function<void()> on_going_on_;
  NoQueues queues_;
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
  on_going_on_ = nullptr;
  const SyncOutcome outcome = Run();
  EXPECT_TRUE(outcome.resumed);
  EXPECT_EQ(outcome.generation, 1u);
}

TEST_F(RunnerResumeTest, AReadThatFailsThrowsNoSealedBuildAway) {
  CutOff(RunStage::kSealed);
  FailTheNextRead(absl::UnavailableError("flaps"));
  EXPECT_EQ(Run().status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Stage(), RunStage::kSealed);
  on_going_on_ = nullptr;
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
