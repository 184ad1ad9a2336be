// The contract of looking at a store: what is healthy shows nothing, and looking changes nothing.
#include <gmock/gmock.h>
#include <indexswap/inspector.h>
#include <indexswap/names.h>

#include "indexswap/testing/store_contract.h"

namespace indexswap::testing {
namespace {

using ::testing::IsEmpty;

TEST_P(StoreContract, InspectionOfAHealthyStoreFindsNoBlocksAndNoTemplatesAndSomeDisk) {
  if (store_->inspector() == nullptr) GTEST_SKIP() << "this store has no inspector";
  const Fence fence = Lead(1);
  const std::string index = CreateMaster(fence, 1);
  StoreInspector& inspector = *store_->inspector();

  const auto blocks = inspector.Blocks({index, Unique("absent_v1")});
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_THAT(*blocks, IsEmpty());

  const auto templates = inspector.Templates({IndexName(master_, 2), LeaseName(release_, 2)});
  ASSERT_TRUE(templates.ok()) << templates.status();
  EXPECT_THAT(*templates, IsEmpty());

  const auto disks = inspector.Disks();
  ASSERT_TRUE(disks.ok()) << disks.status();
  ASSERT_FALSE(disks->empty());
  for (const DiskFacts& disk : *disks) {
    EXPECT_FALSE(disk.node.empty());
    EXPECT_GT(disk.total, 0u);
    EXPECT_LE(disk.available, disk.total);
    EXPECT_LE(disk.until_low, disk.until_flood);
    EXPECT_LE(disk.until_flood, disk.available);
  }
}

TEST_P(StoreContract, InspectionOfBlocksNeedsNoIndex) {
  if (store_->inspector() == nullptr) GTEST_SKIP() << "this store has no inspector";
  const auto blocks = store_->inspector()->Blocks({});
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_THAT(*blocks, IsEmpty());
}

TEST_P(StoreContract, InspectionProbesSucceedWithAndWithoutIndexes) {
  if (store_->inspector() == nullptr) GTEST_SKIP() << "this store has no inspector";
  const StateQuery query{release_, {master_, other_}, {Unique("people")}};
  for (const ProbeFacts& probe : store_->inspector()->Probe(query)) {
    EXPECT_TRUE(probe.status.ok()) << probe.what << " (empty): " << probe.status;
  }
  const Fence fence = Lead(1);
  CreateMaster(fence, 1);
  for (const ProbeFacts& probe : store_->inspector()->Probe(query)) {
    EXPECT_TRUE(probe.status.ok()) << probe.what << ": " << probe.status;
  }
}

}  // namespace

}  // namespace indexswap::testing
