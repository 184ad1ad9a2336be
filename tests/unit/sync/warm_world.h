// Generations without a document that live events fill, over the memory store.
#ifndef SYNCD_TESTS_UNIT_SYNC_WARM_WORLD_H_
#define SYNCD_TESTS_UNIT_SYNC_WARM_WORLD_H_

#include <gtest/gtest.h>
#include <indexswap/engine.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "indexswap/testing/memory_store.h"
#include "syncd/plan/plan_reader.h"
#include "syncd/readmodel/generation_file.h"
#include "syncd/readmodel/journal.h"
#include "syncd/sync/rollback.h"
#include "syncd/sync/warm_set.h"

namespace syncd {

inline const std::string kMaster = "masterdoctorindex";

inline std::string Trainee(int person, const std::string& programme) {
  return "{\"tcsPersonId\":" + std::to_string(person) +
         ",\"gmcReferenceNumber\":\"7000001\",\"programmeName\":\"" + programme + "\"}";
}

class WarmWorld : public ::testing::Test {
 protected:
  // `give_up`: WarmSet's.
  explicit WarmWorld(
      std::shared_ptr<indexswap::IndexStore> store = indexswap::testing::MakeMemoryStore(),
      std::chrono::milliseconds give_up = indexswap::BulkOptions().give_up)
      : plan_(*ReadPlan(*ShippedPlanDir("tis"))), store_(std::move(store)) {
    folder_ = ::testing::TempDir() + "warm-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    journal_ = *Journal::Open(folder_);
    log_ = *EventLog::Open(folder_, plan_);
    indexswap::EngineOptions options;
    options.gates.shrink_slack = 1000;
    options.owner.state_id = journal_->state_id();
    options.before_epoch = [this](const std::optional<indexswap::Lease>&, uint64_t epoch) {
      return journal_->RaiseEpoch(epoch);
    };
    indexswap::ReleaseSpec release = plan_.ToReleaseSpec();
    for (indexswap::AliasSpec& alias : release.aliases) alias.may_be_empty = true;
    engine_ = *indexswap::Engine::Open(store_, release, options, nullptr);
    warm_ = std::make_unique<WarmSet>(folder_, *engine_, *log_, WarmCallbacks(), give_up);
  }
  ~WarmWorld() override {
    warm_.reset();
    std::filesystem::remove_all(folder_);
  }

  RollbackTools tools() { return {*engine_, *warm_, *log_, plan_, folder_}; }

  // A sealed generation without a document, which gets events from here on.
  uint64_t Build() {
    auto build = engine_->Begin();
    EXPECT_TRUE(build.ok()) << build.status();
    RunInfo run;
    run.stage = RunStage::kSealed;
    run.event_cursor = log_->head();
    const uint64_t generation = (*build)->generation();
    const auto path = std::filesystem::path(folder_) / GenerationFileName(generation);
    EXPECT_TRUE(GenerationFile::Create(path.string(), plan_, run, Durability::kOff).ok());
    EXPECT_TRUE((*build)->Seal({}).ok());
    warm_->Add(generation, true);
    return generation;
  }

  absl::Status Promote(uint64_t generation,
                       std::chrono::milliseconds pause = std::chrono::seconds(10)) {
    indexswap::PromoteInput input;
    input.hold = [&, pause](uint64_t target) { return warm_->Hold(target, pause); };
    const auto swapped = engine_->Promote(generation, input);
    if (swapped.ok()) warm_->SetLive(generation);
    warm_->Release();
    return swapped.status();
  }

  void Send(int person, const std::string& programme) {
    const auto position = log_->Append({{"tcs-updates", Trainee(person, programme), {}}});
    ASSERT_TRUE(position.ok()) << position.status();
    warm_->Wake();
  }

  // Waits until a generation has answered for everything.
  void Settle(uint64_t generation) {
    const auto held = warm_->Hold(generation, std::chrono::seconds(30));
    EXPECT_TRUE(held.ok()) << held.status();
    warm_->Release();
  }

  std::string Shown(uint64_t generation, const std::string& id) {
    const auto found = store_->Fetch(kMaster + "_v" + std::to_string(generation), {id});
    return found.ok() && !found->empty() ? found->front().document : "";
  }

  const Plan plan_;
  std::string folder_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<EventLog> log_;
  std::shared_ptr<indexswap::IndexStore> store_;
  std::unique_ptr<indexswap::Engine> engine_;
  std::unique_ptr<WarmSet> warm_;
};

}  // namespace syncd

#endif  // SYNCD_TESTS_UNIT_SYNC_WARM_WORLD_H_
