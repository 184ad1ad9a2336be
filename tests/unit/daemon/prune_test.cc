// Files of generations that are in the store no more, beside those that are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/engine.h>

#include <filesystem>
#include <fstream>

#include "indexswap/testing/memory_store.h"
#include "syncd/daemon/maintenance.h"
#include "syncd/plan/plan_reader.h"
#include "syncd/readmodel/journal.h"

namespace syncd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PruneTest : public ::testing::Test {
 protected:
  PruneTest() : plan_(*ReadPlan(*ShippedPlanDir("tis"))) {
    folder_ = ::testing::TempDir() + "prune-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    EXPECT_TRUE(Journal::Open(folder_).ok());
    log_ = *EventLog::Open(folder_, plan_);
    engine_ = *indexswap::Engine::Open(indexswap::testing::MakeMemoryStore(), plan_.ToReleaseSpec(),
                                       {}, nullptr);
    warm_ = std::make_unique<WarmSet>(folder_, *engine_, *log_, WarmCallbacks());
    EXPECT_TRUE(engine_->TakeLease().ok());
  }
  ~PruneTest() override {
    warm_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Touch(const std::string& name) { std::ofstream(folder_ + "/" + name) << "12345"; }
  bool Has(const std::string& name) { return std::filesystem::exists(folder_ + "/" + name); }
  std::vector<std::string> Prune(bool dry_run) {
    const auto pruned = PruneAll(*engine_, warm_.get(), folder_, dry_run);
    EXPECT_TRUE(pruned.ok()) << pruned.status();
    std::vector<std::string> names;
    for (const StateFile& file : pruned->files) names.push_back(file.name);
    return names;
  }

  const Plan plan_;
  std::string folder_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<indexswap::Engine> engine_;
  std::unique_ptr<WarmSet> warm_;
};

TEST_F(PruneTest, ADryRunNamesWhatGoesAndTouchesNothing) {
  auto build = engine_->Begin();
  ASSERT_TRUE(build.ok()) << build.status();
  Touch("v1.db");
  Touch("v7.db");
  Touch("v7.db-wal");
  EXPECT_THAT(Prune(true), ElementsAre("v7.db", "v7.db-wal"));
  EXPECT_TRUE(Has("v7.db") && Has("v7.db-wal"));
  EXPECT_EQ(PruneAll(*engine_, nullptr, folder_, true)->files.at(0).bytes, 5u);
  EXPECT_THAT(Prune(false), ElementsAre("v7.db", "v7.db-wal"));
  EXPECT_FALSE(Has("v7.db") || Has("v7.db-wal"));
  EXPECT_TRUE(Has("v1.db")) << "it is being built";
  EXPECT_TRUE(Has("journal.db"));
}

TEST_F(PruneTest, TheFileOfAnAbandonedBuildGoesWithItsIndexes) {
  ASSERT_TRUE(engine_->Begin().ok());
  Touch("v1.db");
  ASSERT_TRUE(engine_->Abandon(1, "cut off").ok());
  const auto planned = PruneAll(*engine_, warm_.get(), folder_, true);
  ASSERT_TRUE(planned.ok() && planned->store.verdicts.at(0).prune);
  EXPECT_THAT(planned->files, ::testing::SizeIs(1));
  EXPECT_THAT(Prune(false), ElementsAre("v1.db"));
  EXPECT_FALSE(Has("v1.db"));
  EXPECT_THAT(Prune(false), IsEmpty());
}

TEST_F(PruneTest, WhatIsKeptUpToDateStays) {
  RunInfo run;
  ASSERT_TRUE(GenerationFile::Create(folder_ + "/v5.db", plan_, run, Durability::kOff).ok());
  warm_->Add(5, false);
  EXPECT_THAT(Prune(false), IsEmpty())
      << "somebody has deleted its indexes, and it has not noticed";
  EXPECT_TRUE(Has("v5.db"));
  warm_->Remove(5);
  EXPECT_THAT(Prune(false), ElementsAre("v5.db"));
}

TEST_F(PruneTest, ADryRunOfWhoeverHoldsTheLeaseSaysWhatWouldBeDone) {
  ASSERT_TRUE(engine_->Begin().ok());  // and is not gone on with
  Touch("v1.db");
  EXPECT_THAT(Prune(true), ElementsAre("v1.db"));
  EXPECT_THAT(Prune(false), ElementsAre("v1.db"));
}

}  // namespace
}  // namespace syncd
