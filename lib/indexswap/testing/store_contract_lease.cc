// The lease: one winner, and nothing of an old writer takes effect.
#include <gtest/gtest.h>
#include <indexswap/names.h>

#include <atomic>
#include <thread>

#include "indexswap/testing/store_contract.h"

namespace indexswap::testing {
namespace {

using absl::StatusCode;

TEST_P(StoreContract, LeaseIsCreatedByExactlyOneOfEightRivals) {
  std::atomic<int> created{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> rivals;
  for (int i = 0; i < 8; ++i) {
    rivals.emplace_back([&, i] {
      std::unique_ptr<IndexStore> handle = GetParam().reopen();
      absl::Status status =
          handle->CreateLease({release_, 1}, RecordOf("rival" + std::to_string(i)));
      created += status.ok();
      refused += status.code() == StatusCode::kAlreadyExists;
    });
  }
  for (std::thread& rival : rivals) {
    rival.join();
  }
  EXPECT_EQ(created, 1);
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(ReadState().leases.size(), 1u);
}

TEST_P(StoreContract, LeaseRecordIsReadBack) {
  LeaseRecord record = RecordOf("me");
  record.beat = 3;
  record.journal_position = 12345678901;
  Fence fence{release_, 1};
  ASSERT_TRUE(store_->CreateLease(fence, record).ok());

  StoreState state = ReadState();
  ASSERT_EQ(state.leases.size(), 1u);
  EXPECT_EQ(state.leases[0].epoch, 1u);
  ASSERT_TRUE(state.leases[0].record.has_value());
  EXPECT_EQ(state.leases[0].record->owner.id, "me");
  EXPECT_EQ(state.leases[0].record->owner.pid, 42);
  EXPECT_EQ(state.leases[0].record->journal_position, 12345678901u);
  EXPECT_FALSE(state.leases[0].record->free);
}

TEST_P(StoreContract, LeaseRecordIsReplacedByItsOwner) {
  Fence fence = Lead(1);
  LeaseRecord record = RecordOf("me");
  record.beat = 9;
  record.free = true;
  ASSERT_TRUE(store_->WriteLease(fence, record).ok());

  StoreState state = ReadState();
  ASSERT_EQ(state.leases.size(), 1u);
  EXPECT_EQ(state.leases[0].record->beat, 9u);
  EXPECT_TRUE(state.leases[0].record->free);
}

TEST_P(StoreContract, LeaseOfALowerEpochCanNotBeCreated) {
  Lead(5);
  EXPECT_EQ(store_->CreateLease({release_, 4}, RecordOf("late")).code(), StatusCode::kAborted);
  StoreState state = ReadState();
  ASSERT_EQ(state.leases.size(), 1u);
  EXPECT_EQ(state.leases[0].epoch, 5u);
}

TEST_P(StoreContract, LeaseCreatedButNotTakenOverLeavesTheWriterInForce) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  ASSERT_TRUE(store_->CreateLease({release_, 2}, RecordOf("next")).ok());

  EXPECT_EQ(WriteOne(fence, Put(index, "a", 1, "{}")).outcome, BulkResult::Outcome::kDone);
  StoreState state = ReadState();
  ASSERT_EQ(state.leases.size(), 2u);
  EXPECT_EQ(state.leases[0].epoch, 1u);
  EXPECT_EQ(state.leases[1].epoch, 2u);
}

TEST_P(StoreContract, TakeOverRemovesEveryLowerLease) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  ASSERT_TRUE(store_->CreateLease({release_, 2}, RecordOf("died at once")).ok());
  Fence third = Lead(3, {index});

  StoreState state = ReadState();
  ASSERT_EQ(state.leases.size(), 1u);
  EXPECT_EQ(state.leases[0].epoch, 3u);
  ASSERT_EQ(state.indexes.size(), 1u);
  EXPECT_EQ(state.indexes[0].write_epochs, std::vector<uint64_t>{3});
  EXPECT_EQ(WriteOne(third, Put(index, "a", 1, "{}")).outcome, BulkResult::Outcome::kDone);
}

TEST_P(StoreContract, TakeOverWithoutTheLeaseIsRefused) {
  Fence fence = Lead(1);
  EXPECT_EQ(store_->TakeOver({release_, 2}, {}).code(), StatusCode::kAborted);
  Lead(3);
  EXPECT_EQ(store_->TakeOver(fence, {}).code(), StatusCode::kAborted);
  EXPECT_EQ(ReadState().leases.back().epoch, 3u);
}

TEST_P(StoreContract, TakeOverPassesOverIndexesThatDoNotExist) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  Fence second = Lead(2, {index, IndexName(master_, 99)});
  EXPECT_EQ(WriteOne(second, Put(index, "a", 1, "{}")).outcome, BulkResult::Outcome::kDone);
  EXPECT_EQ(ReadState().indexes.size(), 1u);
}

TEST_P(StoreContract, SleeperChangesNothing) {
  Fence old = Lead(1);
  std::string index = CreateMaster(old, 1);
  std::string alias = Unique("reader");
  ASSERT_EQ(WriteOne(old, Put(index, "a", 5, R"({"code":"before"})")).outcome,
            BulkResult::Outcome::kDone);
  ASSERT_TRUE(store_->UpdateAliases(old, {Add(alias, index)}).ok());
  std::string next = CreateMaster(old, 2);
  Lead(2, {index, next});

  EXPECT_EQ(store_->UpdateAliases(old, {Remove(alias, index), Add(alias, next)}).code(),
            StatusCode::kAborted);
  EXPECT_EQ(store_->DeleteIndexes(old, {next}).code(), StatusCode::kAborted);
  EXPECT_EQ(store_->WriteLease(old, RecordOf("sleeper")).code(), StatusCode::kAborted);
  GenerationMeta meta = MetaOf(1);
  meta.reason = "written by a sleeper";
  EXPECT_EQ(store_->WriteMeta(old, index, meta).code(), StatusCode::kAborted);
  EXPECT_EQ(store_->FinishLoading(old, index, "{}").code(), StatusCode::kAborted);

  EXPECT_EQ(TargetOf(alias), index);
  StoreState state = ReadState();
  ASSERT_EQ(state.indexes.size(), 2u);
  EXPECT_EQ(state.indexes[0].meta->reason, "");
  ASSERT_EQ(state.leases.size(), 1u);
  EXPECT_EQ(state.leases[0].record->owner.id, "owner2");
}

TEST_P(StoreContract, SleeperCreatesNoUsableIndex) {
  Fence old = Lead(1);
  Fence now = Lead(2);
  std::string index = IndexName(master_, 1);
  EXPECT_EQ(store_->CreateIndex(old, DefinitionOf(index)).code(), StatusCode::kAborted);
  // A server may be left with an index that no private alias names; nobody writes to it.
  for (const IndexState& left : ReadState().indexes) {
    EXPECT_TRUE(left.write_epochs.empty()) << left.name;
    ASSERT_TRUE(store_->DeleteIndexes(now, {left.name}).ok());
  }
}

TEST_P(StoreContract, SleepersBulkIsFencedAndCreatesNothing) {
  Fence old = Lead(1);
  std::string index = CreateMaster(old, 1);
  ASSERT_EQ(WriteOne(old, Put(index, "kept", 5, R"({"code":"before"})")).outcome,
            BulkResult::Outcome::kDone);
  Lead(2, {index});

  absl::StatusOr<std::vector<BulkResult>> results =
      store_->Bulk(old, {Put(index, "kept", 9, R"({"code":"late"})"), Put(index, "new", 9, "{}"),
                         Delete(index, "kept", 9), Delete(index, "absent", 9)});
  if (results.ok()) {
    for (const BulkResult& result : *results) {
      EXPECT_EQ(result.outcome, BulkResult::Outcome::kFenced) << result.reason;
    }
  } else {
    EXPECT_EQ(results.status().code(), StatusCode::kAborted) << results.status();
  }
  EXPECT_EQ(DocumentOf(index, "kept"), R"({"code":"before"})");
  EXPECT_EQ(DocumentOf(index, "new"), "");
  EXPECT_EQ(ReadState().indexes.size(), 1u);
}

TEST_P(StoreContract, BulkToAnIndexThatIsNotThereCreatesNothing) {
  Fence fence = Lead(1);
  std::string index = IndexName(master_, 1);
  absl::StatusOr<std::vector<BulkResult>> results =
      store_->Bulk(fence, {Put(index, "a", 1, "{}"), Delete(index, "b", 1)});
  if (results.ok()) {
    for (const BulkResult& result : *results) {
      EXPECT_NE(result.outcome, BulkResult::Outcome::kDone);
      EXPECT_NE(result.outcome, BulkResult::Outcome::kNotNewer);
    }
  }
  EXPECT_TRUE(ReadState().indexes.empty());
}

TEST_P(StoreContract, SwapRacesTakeOverAndEitherComesBeforeItOrIsRefusedWhole) {
  Fence old = Lead(1);
  std::string first = CreateMaster(old, 1);
  std::string second = CreateMaster(old, 2);
  std::string alias = Unique("reader");
  ASSERT_TRUE(store_->UpdateAliases(old, {Add(alias, first)}).ok());
  ASSERT_TRUE(store_->CreateLease({release_, 2}, RecordOf("next")).ok());

  absl::Status swapped;
  std::thread swapper([&] {
    std::unique_ptr<IndexStore> handle = GetParam().reopen();
    swapped = handle->UpdateAliases(old, {Remove(alias, first), Add(alias, second)});
  });
  absl::Status taken = store_->TakeOver({release_, 2}, {first, second});
  swapper.join();
  EXPECT_TRUE(taken.ok()) << taken;
  if (swapped.ok()) {
    EXPECT_EQ(TargetOf(alias), second);
  } else {
    EXPECT_EQ(swapped.code(), StatusCode::kAborted) << swapped;
    EXPECT_EQ(TargetOf(alias), first);
  }
}

}  // namespace
}  // namespace indexswap::testing
