// What a process of the shipped plan has open: a state folder, an engine over a memory store, and
// the generations that are kept up to date.
#ifndef SYNCD_TESTS_UNIT_SUPPORT_STATE_WORLD_H_
#define SYNCD_TESTS_UNIT_SUPPORT_STATE_WORLD_H_

#include <gtest/gtest.h>
#include <indexswap/engine.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "indexswap/testing/memory_store.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/generation_file.h"
#include "syncd/readmodel/journal.h"
#include "syncd/sync/warm_set.h"
#include "test_folder.h"
#include "tis_plan.h"

namespace syncd {

class StateWorld : public ::testing::Test {
 protected:
  explicit StateWorld(
      std::shared_ptr<indexswap::IndexStore> store = indexswap::testing::MakeMemoryStore())
      : store_(std::move(store)) {
    journal_ = *Journal::Open(folder_.path());
  }

  // Opens all but the journal by `plan_`, and what is open already anew. `give_up`: WarmSet's.
  void Open(const indexswap::ReleaseSpec& release, const indexswap::EngineOptions& options = {},
            std::chrono::milliseconds give_up = indexswap::BulkOptions().give_up) {
    warm_.reset();  // it writes by the two that are replaced
    log_ = *EventLog::Open(folder_.path(), plan_);
    engine_ = *indexswap::Engine::Open(store_, release, options, nullptr);
    warm_ = std::make_unique<WarmSet>(folder_.path(), *engine_, *log_, WarmCallbacks(), give_up);
  }

  std::string PathOf(uint64_t generation) const {
    return folder_.File(GenerationFileName(generation));
  }

  const TestFolder folder_;
  Plan plan_ = TisPlan();
  std::shared_ptr<indexswap::IndexStore> store_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<indexswap::Engine> engine_;
  std::unique_ptr<WarmSet> warm_;
};

}  // namespace syncd

#endif  // SYNCD_TESTS_UNIT_SUPPORT_STATE_WORLD_H_
