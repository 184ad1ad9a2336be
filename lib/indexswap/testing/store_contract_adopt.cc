// What another program made: looked at, and given up for an alias of its name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "indexswap/testing/store_contract.h"

namespace indexswap::testing {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

AliasAction RemoveIndex(const std::string& index) {
  return {AliasAction::Kind::kRemoveIndex, "", index, ""};
}

// Whether the store is one in which other programs have indexes.
bool HasForeigners(IndexStore& store, const StoreFactory& factory, const std::string& name) {
  if (!factory.create_foreign_index || !factory.fill_foreign_index) return false;
  EXPECT_TRUE(factory.create_foreign_index(name).ok());
  return store.Inspect(name).status().code() != StatusCode::kFailedPrecondition;
}

TEST_P(StoreContract, InspectTellsAnotherWriteAndAnotherIndexOfTheSameName) {
  const std::string foreign = Unique("squatter");
  if (!HasForeigners(*store_, GetParam(), foreign)) GTEST_SKIP() << "no foreign indexes here";
  Fence fence = Lead(1);
  const auto empty = store_->Inspect(foreign);
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_EQ(empty->name, foreign);
  EXPECT_EQ(empty->documents, 0u);
  EXPECT_THAT(empty->aliases, IsEmpty());

  ASSERT_TRUE(GetParam().fill_foreign_index(foreign, {R"({"n":1})", R"({"n":2})"}).ok());
  ASSERT_TRUE(store_->UpdateAliases(fence, {Add(Unique("reader"), foreign)}).ok());
  const auto filled = store_->Inspect(foreign);
  ASSERT_TRUE(filled.ok()) << filled.status();
  EXPECT_EQ(filled->documents, 2u);
  EXPECT_GT(filled->last_write, empty->last_write);
  EXPECT_EQ(filled->uuid, empty->uuid);
  EXPECT_THAT(filled->aliases, ElementsAre(Unique("reader")));

  ASSERT_TRUE(store_->Refresh(foreign).ok());
  EXPECT_EQ(store_->Inspect(foreign)->last_write, filled->last_write) << "reading is no write";
  EXPECT_EQ(store_->Inspect(Unique("reader")).status().code(), StatusCode::kNotFound)
      << "an alias is no index";
  ASSERT_TRUE(store_->UpdateAliases(fence, {RemoveIndex(foreign)}).ok());
  EXPECT_EQ(store_->Inspect(foreign).status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(GetParam().create_foreign_index(foreign).ok());
  EXPECT_NE(store_->Inspect(foreign)->uuid, filled->uuid);
}

TEST_P(StoreContract, ANameBecomesAnAliasInOneRequestOrNotAtAll) {
  const std::string name = Unique("squatter");
  if (!HasForeigners(*store_, GetParam(), name)) GTEST_SKIP() << "no foreign indexes here";
  Fence fence = Lead(1);
  const std::string index = CreateMaster(fence, 1);
  const std::string missing = Unique("missing");
  EXPECT_FALSE(
      store_->UpdateAliases(fence, {RemoveIndex(name), Add(name, index), Add("a", missing)}).ok());
  EXPECT_TRUE(store_->Inspect(name).ok()) << "all or nothing";
  EXPECT_EQ(store_->UpdateAliases(fence, {RemoveIndex(missing), Add(name, index)}).code(),
            StatusCode::kNotFound);

  ASSERT_TRUE(store_->UpdateAliases(fence, {RemoveIndex(name), Add(name, index)}).ok());
  EXPECT_EQ(TargetOf(name), index);
  EXPECT_THAT(ReadState({name}).concrete, IsEmpty());

  const auto rival = GetParam().reopen();
  ASSERT_TRUE(rival->CreateLease({release_, 2}, RecordOf("rival")).ok());
  ASSERT_TRUE(rival->TakeOver({release_, 2}, {index}).ok());
  ASSERT_TRUE(GetParam().create_foreign_index(Unique("second")).ok());
  EXPECT_EQ(
      store_->UpdateAliases(fence, {RemoveIndex(Unique("second")), Add(Unique("second"), index)})
          .code(),
      StatusCode::kAborted);
  EXPECT_TRUE(store_->Inspect(Unique("second")).ok()) << "fenced";
}

TEST_P(StoreContract, AStoreOfOwnIndexesOnlySaysSo) {
  const std::string name = Unique("squatter");
  if (HasForeigners(*store_, GetParam(), name)) GTEST_SKIP() << "others have indexes here";
  if (!GetParam().create_foreign_index) GTEST_SKIP() << "no foreign indexes here";
  Fence fence = Lead(1);
  const auto facts = store_->Inspect(name);
  EXPECT_THAT(std::string(facts.status().message()),
              ::testing::HasSubstr("nothing in it to adopt"));
  const std::string index = CreateMaster(fence, 1);
  EXPECT_EQ(store_->UpdateAliases(fence, {RemoveIndex(name), Add(Unique("a"), index)}).code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(TargetOf(Unique("a")), "");
}

}  // namespace
}  // namespace indexswap::testing
