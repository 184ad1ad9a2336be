// What the active daemon lets one do, over a memory store.
#include "syncd/daemon/daemon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/inspector.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../support/test_folder.h"
#include "../support/tis_plan.h"
#include "indexswap/testing/forwarding_store.h"
#include "indexswap/testing/memory_store.h"
#include "syncd/readmodel/generation_file.h"

namespace syncd {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

// Disks without room for anything, if there are disks.
class FullDisks : public indexswap::StoreInspector {
 public:
  std::vector<indexswap::CapabilityFacts> Capabilities() const override { return {}; }
  absl::StatusOr<std::vector<indexswap::TemplateFacts>> Templates(
      const std::vector<std::string>&) override {
    return std::vector<indexswap::TemplateFacts>();
  }
  absl::StatusOr<std::vector<indexswap::BlockFacts>> Blocks(
      const std::vector<std::string>&) override {
    return std::vector<indexswap::BlockFacts>();
  }
  absl::StatusOr<std::vector<indexswap::DiskFacts>> Disks() override { return disks; }
  std::vector<indexswap::ProbeFacts> Probe(const indexswap::StateQuery&) override { return {}; }
  std::vector<std::string> Untried() const override { return {}; }

  std::vector<indexswap::DiskFacts> disks;
};

class InspectedStore : public indexswap::testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  indexswap::StoreInspector* inspector() override { return &disks_; }
  void FillDisks() { disks_.disks = {{"node", 100, 0, 0, 0}}; }

 private:
  FullDisks disks_;
};

class DaemonTest : public ::testing::Test {
 protected:
  DaemonTest() {
    std::ofstream(folder_.File("lock")).put('\n');  // whoever serves holds it: it is watched
    config_.state = folder_.path();
    config_.disk.min_free_bytes = 0;
    config_.amqp.url = "amqp://127.0.0.1:1/";  // nobody listens there
    journal_ = *Journal::Open(folder_.path());
    log_ = *EventLog::Open(folder_.path(), plan_);
    wanted_ = *WantedRuns::Open(folder_.path());
    store_ = std::make_shared<InspectedStore>(indexswap::testing::MakeMemoryStore());
    indexswap::EngineOptions options;
    options.owner = {"here", 1, "", journal_->state_id(), ""};
    options.owner_lock_held = true;
    options.lease.beat = milliseconds(1);
    engine_ = *indexswap::Engine::Open(store_, plan_.ToReleaseSpec(), options, &observer_);
    const auto note = [this](indexswap::Observer::Severity, const std::string& text) {
      if (on_note_) on_note_(text);
      const std::lock_guard lock(notes_mutex_);
      notes_ += text + "\n";
    };
    const DaemonTools tools{plan_,    *engine_, *journal_, *log_,
                            *wanted_, refused_, note,      [](std::string_view) {}};
    make_ = [this, tools] { return std::make_unique<Daemon>(tools, config_, std::nullopt); };
    daemon_ = make_();
  }

  std::string Notes() {
    const std::lock_guard lock(notes_mutex_);
    return notes_;
  }

  // Waits as a service does.
  void Until(const std::function<bool()>& seen) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    const absl::Status waited = daemon_->Wait([&] {
      const bool late = std::chrono::steady_clock::now() > end;
      EXPECT_FALSE(late) << Notes();
      return late || seen();
    });
    ASSERT_TRUE(waited.ok()) << waited;
  }
  void UntilNoted(const std::string& text) {
    Until([&] { return Notes().find(text) != std::string::npos; });
  }

  // Begins it, once the lease is confirmed.
  void Sync(const ApiSyncRequest& request) {
    ApiAnswer answer;
    Until([&] {
      answer = daemon_->StartSync(request);
      return answer.status != 503;
    });
    EXPECT_EQ(answer.status, 202) << answer.json;
  }

  // Leaves generation 1 as a run that was cut off does, or was given up.
  void CutOff(RunStage stage = RunStage::kReceiving) {
    const auto build = engine_->Begin();
    ASSERT_TRUE(build.ok()) << build.status();
    RunInfo run;
    run.build_id = (*build)->meta().build_id;
    run.plan_hash = plan_.hash;
    run.source = "queues";
    run.stage = stage;
    const auto file =
        GenerationFile::Create(folder_.File(GenerationFileName(1)), plan_, run, Durability::kFull);
    ASSERT_TRUE(file.ok()) << file.status();
  }

  const Plan plan_ = TisPlan();
  const TestFolder folder_;
  Config config_;
  RefusedDocuments refused_;
  indexswap::Observer observer_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<WantedRuns> wanted_;
  std::shared_ptr<InspectedStore> store_;
  std::unique_ptr<indexswap::Engine> engine_;
  std::function<void(const std::string&)> on_note_;  // on any thread; set it before Start

  std::mutex notes_mutex_;
  std::string notes_;
  std::function<std::unique_ptr<Daemon>()> make_;
  std::unique_ptr<Daemon> daemon_;
};

TEST_F(DaemonTest, AGateBeforeTheBuildIsLetThroughAsItsMessageSays) {
  store_->FillDisks();
  ASSERT_TRUE(daemon_->Start().ok());
  Sync({});
  UntilNoted("`sync --override capacity` begins all the same");
  Until([&] { return daemon_->CancelSync().status == 409; });  // it has ended
  ApiSyncRequest request;
  request.overrides = {"capacity"};
  Sync(request);
  UntilNoted("generation 1: receiving from queues");
}

TEST_F(DaemonTest, OverridesWithoutABuildToPromoteAreOfGatesBeforeIt) {
  ASSERT_TRUE(daemon_->Start().ok());
  ApiSyncRequest sync;
  sync.overrides = {"shrink"};
  EXPECT_EQ(daemon_->StartSync(sync).status, 400);
  ApiAdoptRequest adopt;
  adopt.overrides = {"shrink"};
  EXPECT_EQ(daemon_->Adopt(adopt).status, 400);
  adopt.overrides = {"disk", "capacity", "blocks", "templates"};
  EXPECT_EQ(daemon_->Adopt(adopt).status, 409) << "there is nothing to adopt";
}

TEST_F(DaemonTest, NothingIsPrunedBeforeItHasStarted) {
  EXPECT_EQ(daemon_->Prune(false).status, 503);
  EXPECT_EQ(daemon_->Prune(true).status, 503);
  ASSERT_TRUE(daemon_->Start().ok());
  EXPECT_EQ(daemon_->Prune(true).status, 200);
  EXPECT_EQ(daemon_->Prune(false).status, 200);
}

TEST_F(DaemonTest, WhatARunIsAboutToGoOnWithIsNotPruned) {
  std::vector<ApiAnswer> answers;
  on_note_ = [&](const std::string& text) {
    // Said by the run's own thread before it takes the build up.
    if (text.find("going on with it") == std::string::npos || !answers.empty()) return;
    for (const bool dry_run : {true, false}) answers.push_back(daemon_->Prune(dry_run));
  };
  ASSERT_TRUE(daemon_->Start().ok());
  CutOff();
  Sync({});
  UntilNoted("generation 1 was cut off while receiving: going on with it");
  daemon_->Stop();
  ASSERT_EQ(answers.size(), 2u);
  for (const ApiAnswer& answer : answers) {
    EXPECT_EQ(answer.status, 503) << answer.json;
    EXPECT_THAT(answer.json, HasSubstr("generation 1"));
  }
  const auto status = engine_->Status();
  ASSERT_EQ(status->generations.size(), 1u);
  EXPECT_EQ(status->generations[0].state, "building");
}

TEST_F(DaemonTest, PrunesWithoutBeingAskedWhereTheConfigurationSaysSo) {
  CutOff(RunStage::kAbandoned);
  ASSERT_TRUE(engine_->Abandon(1, "no longer wanted").ok());
  // All that is left of generation 7: its indexes may be missing by mistake.
  std::ofstream(folder_.File("v7.db")) << "rows";
  config_.prune_automatically = true;
  daemon_ = make_();
  ASSERT_TRUE(daemon_->Start().ok());
  UntilNoted("generation 1 was pruned, as [retention] automatic says: abandoned");
  EXPECT_TRUE(engine_->Status()->generations.empty());
  EXPECT_FALSE(std::filesystem::exists(folder_.File("v1.db")));
  EXPECT_TRUE(std::filesystem::exists(folder_.File("v7.db")));
}

}  // namespace
}  // namespace syncd
