// Generations without a document that live events fill, over the memory store.
#ifndef SYNCD_TESTS_UNIT_SYNC_WARM_WORLD_H_
#define SYNCD_TESTS_UNIT_SYNC_WARM_WORLD_H_

#include <gtest/gtest.h>
#include <indexswap/engine.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "../support/state_world.h"
#include "syncd/sync/rollback.h"

namespace syncd {

class WarmWorld : public StateWorld {
 protected:
  // `give_up`: WarmSet's.
  explicit WarmWorld(
      std::shared_ptr<indexswap::IndexStore> store = indexswap::testing::MakeMemoryStore(),
      std::chrono::milliseconds give_up = indexswap::BulkOptions().give_up)
      : StateWorld(std::move(store)), give_up_(give_up) {
    Start();
  }

  // As a process does, by `plan_`; again, as another one on the same folder and store.
  void Start() {
    indexswap::EngineOptions options;
    options.gates.shrink_slack = 1000;
    options.owner.state_id = journal_->state_id();
    options.before_epoch = [this](const std::optional<indexswap::Lease>&, uint64_t epoch) {
      return journal_->RaiseEpoch(epoch);
    };
    indexswap::ReleaseSpec release = plan_.ToReleaseSpec();
    for (indexswap::AliasSpec& alias : release.aliases) alias.may_be_empty = true;
    Open(release, options, give_up_);
  }

  RollbackTools tools() { return {*engine_, *warm_, *log_, plan_, folder_.path()}; }

  // A sealed generation without a document, which gets events from here on.
  uint64_t Build() {
    auto build = engine_->Begin();
    EXPECT_TRUE(build.ok()) << build.status();
    RunInfo run;
    run.stage = RunStage::kSealed;
    run.event_cursor = log_->head();
    const uint64_t generation = (*build)->generation();
    EXPECT_TRUE(GenerationFile::Create(PathOf(generation), plan_, run, Durability::kOff).ok());
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

  void Send(const std::string& channel, const std::string& body) {
    const auto position = log_->Append({{channel, body, {}}});
    ASSERT_TRUE(position.ok()) << position.status();
    warm_->Wake();
  }
  void Send(int person, const std::string& programme) {
    Send("tcs-updates", Trainee(person, programme));
  }

  // Waits until a generation has answered for everything.
  absl::Status Settled(uint64_t generation,
                       std::chrono::milliseconds within = std::chrono::seconds(30)) {
    const auto held = warm_->Hold(generation, within);
    warm_->Release();
    return held.status();
  }
  void Settle(uint64_t generation) {
    const absl::Status settled = Settled(generation);
    EXPECT_TRUE(settled.ok()) << settled;
  }

  std::string Shown(uint64_t generation, const std::string& id) {
    const auto found = store_->Fetch(kMaster + "_v" + std::to_string(generation), {id});
    return found.ok() && !found->empty() ? found->front().document : "";
  }

  const std::chrono::milliseconds give_up_;
};

}  // namespace syncd

#endif  // SYNCD_TESTS_UNIT_SYNC_WARM_WORLD_H_
