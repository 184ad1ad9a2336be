// Indexes: their creation, `_meta`, loading state, what Read shows, and their deletion.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/names.h>

#include "indexswap/testing/store_contract.h"

namespace indexswap::testing {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> NamesOf(const StoreState& state) {
  std::vector<std::string> names;
  for (const IndexState& index : state.indexes) {
    names.push_back(index.name);
  }
  return names;
}

TEST_P(StoreContract, DescribesItself) { EXPECT_FALSE(store_->Describe().empty()); }

TEST_P(StoreContract, ReadOfAnUnknownReleaseIsEmpty) {
  StoreState state = ReadState({Unique("reader")});
  EXPECT_TRUE(state.leases.empty());
  EXPECT_TRUE(state.indexes.empty());
  EXPECT_TRUE(state.aliases.empty());
  EXPECT_TRUE(state.concrete.empty());
}

TEST_P(StoreContract, IndexIsCreatedOnce) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  ASSERT_EQ(WriteOne(fence, Put(index, "a", 1, "{}")).outcome, BulkResult::Outcome::kDone);
  EXPECT_EQ(store_->CreateIndex(fence, DefinitionOf(index)).code(), StatusCode::kAlreadyExists);

  StoreState state = ReadState();
  ASSERT_THAT(NamesOf(state), ElementsAre(index));
  EXPECT_EQ(state.indexes[0].write_epochs, std::vector<uint64_t>{1});
  EXPECT_EQ(DocumentOf(index, "a"), "{}");
}

TEST_P(StoreContract, IndexNameTakenByAnAliasIsRefused) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  std::string taken = IndexName(other_, 7);
  ASSERT_TRUE(store_->UpdateAliases(fence, {Add(taken, index)}).ok());
  EXPECT_EQ(store_->CreateIndex(fence, DefinitionOf(taken)).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(TargetOf(taken), index);
}

TEST_P(StoreContract, IndexWithAMappingThatIsNoneIsRefused) {
  Fence fence = Lead(1);
  IndexDefinition definition = DefinitionOf(IndexName(master_, 1));
  definition.mappings = R"({"properties":{"day":{"type":"dat"}}})";
  EXPECT_EQ(store_->CreateIndex(fence, definition).code(), StatusCode::kInvalidArgument);
  definition.mappings = R"({"properties":{"day":{"type":"date","format":"yyyy-ffoo{"}}})";
  EXPECT_EQ(store_->CreateIndex(fence, definition).code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(ReadState().indexes.empty());
}

TEST_P(StoreContract, MetaIsReadBackWhole) {
  Fence fence = Lead(1);
  std::string index = IndexName(master_, 3);
  IndexDefinition definition = DefinitionOf(index);
  definition.meta.replaces = 2;
  definition.meta.aliases = {{Unique("reader"), master_, R"({"term":{"live":true}})", true}};
  definition.meta.documents = {{master_, 9007199254740993}};
  definition.meta.gates = {{"shrink", true, true, "„10 %“ of Ó Súilleabháin"}};
  ASSERT_TRUE(store_->CreateIndex(fence, definition).ok());

  StoreState state = ReadState();
  ASSERT_THAT(NamesOf(state), ElementsAre(index));
  ASSERT_TRUE(state.indexes[0].meta.has_value());
  const GenerationMeta& meta = *state.indexes[0].meta;
  EXPECT_EQ(meta.release, release_);
  EXPECT_EQ(meta.generation, 3u);
  EXPECT_EQ(meta.build_id, "build3");
  EXPECT_EQ(meta.state, BuildState::kBuilding);
  EXPECT_EQ(meta.replaces, std::optional<uint64_t>(2));
  EXPECT_EQ(meta.families, (std::vector<std::string>{master_, other_}));
  ASSERT_EQ(meta.aliases.size(), 1u);
  EXPECT_EQ(meta.aliases[0].filter, R"({"term":{"live":true}})");
  EXPECT_TRUE(meta.aliases[0].may_be_empty);
  EXPECT_EQ(meta.documents.at(master_), 9007199254740993u);
  EXPECT_EQ(meta.gates, definition.meta.gates);
  EXPECT_EQ(meta.created_at, "2026-01-02T03:04:05Z");
}

TEST_P(StoreContract, MetaIsReplacedWhole) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  GenerationMeta meta = MetaOf(1);
  meta.state = BuildState::kSealed;
  meta.sealed_at = "2026-01-02T04:00:00Z";
  ASSERT_TRUE(store_->WriteMeta(fence, index, meta).ok());
  meta.sealed_at.clear();
  meta.reason = "later";
  ASSERT_TRUE(store_->WriteMeta(fence, index, meta).ok());

  StoreState state = ReadState();
  ASSERT_EQ(state.indexes.size(), 1u);
  EXPECT_EQ(state.indexes[0].meta->state, BuildState::kSealed);
  EXPECT_EQ(state.indexes[0].meta->sealed_at, "");
  EXPECT_EQ(state.indexes[0].meta->reason, "later");
  // The mapping is still in force.
  EXPECT_EQ(WriteOne(fence, Put(index, "a", 1, R"({"day":"x"})")).outcome,
            BulkResult::Outcome::kRefused);
}

TEST_P(StoreContract, MetaOfAnIndexThatIsNotThereIsRefused) {
  Fence fence = Lead(1);
  EXPECT_FALSE(store_->WriteMeta(fence, IndexName(master_, 1), MetaOf(1)).ok());
  EXPECT_TRUE(ReadState().indexes.empty());
}

TEST_P(StoreContract, LoadedDocumentsAreCountedAfterRefresh) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  EXPECT_EQ(CountOf(index), 0);
  WriteOne(fence, Put(index, "a", 1, R"({"live":true})"));
  if (GetParam().visible_only_after_refresh) {
    EXPECT_EQ(CountOf(index), 0);
  }
  EXPECT_EQ(DocumentOf(index, "a"), R"({"live":true})");
  ASSERT_TRUE(store_->Refresh(index).ok());
  EXPECT_EQ(CountOf(index), 1);
}

TEST_P(StoreContract, FinishLoadingMakesDocumentsVisible) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  WriteOne(fence, Put(index, "a", 1, "{}"));
  absl::Status finished =
      store_->FinishLoading(fence, index, R"({"number_of_replicas":0,"refresh_interval":"1s"})");
  ASSERT_TRUE(finished.ok()) << finished;
  EXPECT_EQ(CountOf(index), 1);
  // Writes go on after loading: live events do.
  EXPECT_EQ(WriteOne(fence, Put(index, "b", 2, "{}")).outcome, BulkResult::Outcome::kDone);
  ASSERT_TRUE(store_->Refresh(index).ok());
  EXPECT_EQ(CountOf(index), 2);
}

TEST_P(StoreContract, FinishLoadingTakesNoSettingsToo) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  EXPECT_TRUE(store_->FinishLoading(fence, index, "").ok());
  EXPECT_EQ(store_->FinishLoading(fence, index, "[1").code(), StatusCode::kInvalidArgument);
}

TEST_P(StoreContract, HealthOfAnIndexIsAtLeastYellow) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  absl::StatusOr<Health> health = store_->CheckHealth({index}, Health::Colour::kYellow);
  ASSERT_TRUE(health.ok()) << health.status();
  EXPECT_NE(health->colour, Health::Colour::kRed);
}

TEST_P(StoreContract, ReadShowsFamiliesInOrderAndForeignersAsSuch) {
  if (!GetParam().create_foreign_index) {
    GTEST_SKIP() << GetParam().name << " has no way to make a foreign index";
  }
  Fence fence = Lead(1);
  std::string second = CreateMaster(fence, 2);
  std::string first = CreateMaster(fence, 1);
  ASSERT_TRUE(store_->CreateIndex(fence, DefinitionOf(IndexName(other_, 1))).ok());
  std::string foreign = IndexName(other_, 5);
  ASSERT_TRUE(GetParam().create_foreign_index(foreign).ok());
  ASSERT_TRUE(GetParam().create_foreign_index(Unique("squatter")).ok());
  // Looks like a generation, but isn't one: a leading zero.
  ASSERT_TRUE(GetParam().create_foreign_index(other_ + "_v01").ok());

  StoreState state = ReadState({Unique("squatter"), Unique("reader")});
  ASSERT_THAT(NamesOf(state), ElementsAre(first, second, IndexName(other_, 1), foreign));
  EXPECT_TRUE(state.indexes[0].meta.has_value());
  EXPECT_FALSE(state.indexes[3].meta.has_value());
  EXPECT_TRUE(state.indexes[3].write_epochs.empty());
  EXPECT_THAT(state.concrete, ElementsAre(Unique("squatter")));
}

TEST_P(StoreContract, ForeignIndexIsNotWrittenTo) {
  if (!GetParam().create_foreign_index) {
    GTEST_SKIP() << GetParam().name << " has no way to make a foreign index";
  }
  Fence fence = Lead(1);
  std::string foreign = IndexName(master_, 5);
  ASSERT_TRUE(GetParam().create_foreign_index(foreign).ok());
  absl::StatusOr<std::vector<BulkResult>> results =
      store_->Bulk(fence, {Put(foreign, "a", 1, "{}")});
  if (results.ok()) {
    EXPECT_NE(results->at(0).outcome, BulkResult::Outcome::kDone);
  }
  EXPECT_EQ(CountOf(foreign), 0);
}

TEST_P(StoreContract, IndexesAreDeletedTogether) {
  Fence fence = Lead(1);
  std::string first = CreateMaster(fence, 1);
  std::string second = CreateMaster(fence, 2);
  std::string third = CreateMaster(fence, 3);
  absl::Status deleted = store_->DeleteIndexes(fence, {first, second});
  ASSERT_TRUE(deleted.ok()) << deleted;
  EXPECT_THAT(NamesOf(ReadState()), ElementsAre(third));
  EXPECT_EQ(store_->Count(first, "").status().code(), StatusCode::kNotFound);
  // A number is never reused by the engine, but the store would let it.
  CreateMaster(fence, 1);
  EXPECT_EQ(DocumentOf(first, "a"), "");
}

TEST_P(StoreContract, IndexWithAnAliasIsNotDeletedNorItsCompanions) {
  Fence fence = Lead(1);
  std::string first = CreateMaster(fence, 1);
  std::string second = CreateMaster(fence, 2);
  ASSERT_TRUE(store_->UpdateAliases(fence, {Add(Unique("reader"), second)}).ok());
  absl::Status refused = store_->DeleteIndexes(fence, {first, second});
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr(second));
  EXPECT_THAT(NamesOf(ReadState()), ElementsAre(first, second));
}

TEST_P(StoreContract, DeletionOfAMissingIndexDeletesNothing) {
  Fence fence = Lead(1);
  std::string first = CreateMaster(fence, 1);
  EXPECT_EQ(store_->DeleteIndexes(fence, {first, IndexName(master_, 9)}).code(),
            StatusCode::kNotFound);
  EXPECT_FALSE(store_->DeleteIndexes(fence, {master_ + "*"}).ok());
  EXPECT_THAT(NamesOf(ReadState()), ElementsAre(first));
}

TEST_P(StoreContract, SecondHandleSeesEverything) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  WriteOne(fence, Put(index, "a", 7, R"({"code":"x"})"));
  ASSERT_TRUE(store_->UpdateAliases(fence, {Add(Unique("reader"), index)}).ok());
  ASSERT_TRUE(store_->Refresh(index).ok());

  std::unique_ptr<IndexStore> handle = GetParam().reopen();
  absl::StatusOr<StoreState> state = handle->Read({release_, {master_}, {Unique("reader")}});
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_THAT(NamesOf(*state), ElementsAre(index));
  EXPECT_EQ(state->aliases.size(), 1u);
  absl::StatusOr<uint64_t> count = handle->Count(Unique("reader"), "");
  ASSERT_TRUE(count.ok()) << count.status();
  EXPECT_EQ(*count, 1u);
  // ... and writes under the same fence, with the mapping in force.
  absl::StatusOr<std::vector<BulkResult>> results =
      handle->Bulk(fence, {Put(index, "a", 6, "{}"), Put(index, "b", 6, R"({"day":"x"})")});
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ(results->at(0).outcome, BulkResult::Outcome::kNotNewer);
  EXPECT_EQ(results->at(1).outcome, BulkResult::Outcome::kRefused);
}

}  // namespace
}  // namespace indexswap::testing
