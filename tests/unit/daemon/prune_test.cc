// Files of generations that are in the store no more, beside those that are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "../support/state_world.h"
#include "syncd/daemon/maintenance.h"

namespace syncd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PruneTest : public StateWorld {
 protected:
  PruneTest() {
    Open(plan_.ToReleaseSpec());
    EXPECT_TRUE(engine_->TakeLease().ok());
  }

  void Touch(const std::string& name) { std::ofstream(folder_.File(name)) << "12345"; }
  bool Has(const std::string& name) { return std::filesystem::exists(folder_.File(name)); }
  std::vector<std::string> Prune(bool dry_run) {
    const auto pruned = PruneAll(*engine_, warm_.get(), folder_.path(), dry_run);
    EXPECT_TRUE(pruned.ok()) << pruned.status();
    std::vector<std::string> names;
    for (const StateFile& file : pruned->files) names.push_back(file.name);
    return names;
  }
};

TEST_F(PruneTest, ADryRunNamesWhatGoesAndTouchesNothing) {
  auto build = engine_->Begin();
  ASSERT_TRUE(build.ok()) << build.status();
  Touch("v1.db");
  Touch("v7.db");
  Touch("v7.db-wal");
  EXPECT_THAT(Prune(true), ElementsAre("v7.db", "v7.db-wal"));
  EXPECT_TRUE(Has("v7.db") && Has("v7.db-wal"));
  EXPECT_EQ(PruneAll(*engine_, nullptr, folder_.path(), true)->files.at(0).bytes, 5u);
  EXPECT_THAT(Prune(false), ElementsAre("v7.db", "v7.db-wal"));
  EXPECT_FALSE(Has("v7.db") || Has("v7.db-wal"));
  EXPECT_TRUE(Has("v1.db")) << "it is being built";
  EXPECT_TRUE(Has("journal.db"));
}

TEST_F(PruneTest, TheFileOfAnAbandonedBuildGoesWithItsIndexes) {
  ASSERT_TRUE(engine_->Begin().ok());
  Touch("v1.db");
  ASSERT_TRUE(engine_->Abandon(1, "cut off").ok());
  const auto planned = PruneAll(*engine_, warm_.get(), folder_.path(), true);
  ASSERT_TRUE(planned.ok() && planned->store.verdicts.at(0).prune);
  EXPECT_THAT(planned->files, ::testing::SizeIs(1));
  EXPECT_THAT(Prune(false), ElementsAre("v1.db"));
  EXPECT_FALSE(Has("v1.db"));
  EXPECT_THAT(Prune(false), IsEmpty());
}

TEST_F(PruneTest, WhatIsKeptUpToDateStays) {
  RunInfo run;
  ASSERT_TRUE(GenerationFile::Create(folder_.File("v5.db"), plan_, run, Durability::kOff).ok());
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
