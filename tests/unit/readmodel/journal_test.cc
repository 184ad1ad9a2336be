#include "syncd/readmodel/journal.h"

#include <gtest/gtest.h>

#include "test_model.h"

namespace syncd {
namespace {

TEST(Journal, KeepsEpochAndIdentity) {
  TestFolder folder;
  std::string id;
  {
    auto journal = Journal::Open(folder.path());
    ASSERT_TRUE(journal.ok()) << journal.status();
    id = (*journal)->state_id();
    EXPECT_EQ(id.size(), 32u);
    EXPECT_EQ((*journal)->Epoch().value(), 0u);
    ASSERT_TRUE((*journal)->RaiseEpoch(7).ok());
    ASSERT_TRUE((*journal)->RaiseEpoch(5).ok());
  }
  auto again = Journal::Open(folder.path());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->state_id(), id);
  EXPECT_EQ((*again)->Epoch().value(), 7u);
}

TEST(Journal, EveryFolderHasItsOwnIdentity) {
  TestFolder folder;
  std::filesystem::create_directories(folder.File("a"));
  std::filesystem::create_directories(folder.File("b"));
  EXPECT_NE((*Journal::Open(folder.File("a")))->state_id(),
            (*Journal::Open(folder.File("b")))->state_id());
}

TEST(Journal, OwedMarkersAreCountedByChannel) {
  TestFolder folder;
  {
    auto journal = Journal::Open(folder.path());
    ASSERT_TRUE(journal.ok());
    EXPECT_EQ((*journal)->Owed("tcs").value(), 0u);
    EXPECT_TRUE((*journal)->LowerOwed("tcs").ok());
    ASSERT_TRUE((*journal)->RaiseOwed("tcs").ok());
    ASSERT_TRUE((*journal)->RaiseOwed("tcs").ok());
    ASSERT_TRUE((*journal)->RaiseOwed("gmc").ok());
    ASSERT_TRUE((*journal)->LowerOwed("tcs").ok());
  }
  auto journal = Journal::Open(folder.path());
  EXPECT_EQ((*journal)->Owed("tcs").value(), 1u);
  EXPECT_EQ((*journal)->Owed("gmc").value(), 1u);
  ASSERT_TRUE((*journal)->LowerOwed("tcs").ok());
  ASSERT_TRUE((*journal)->LowerOwed("tcs").ok());
  EXPECT_EQ((*journal)->Owed("tcs").value(), 0u);
  ASSERT_TRUE((*journal)->ClearOwed("gmc").ok());
  EXPECT_EQ((*journal)->Owed("gmc").value(), 0u);
}

TEST(Journal, RefusesWhatANewerSyncdWrote) {
  TestFolder folder;
  ASSERT_TRUE(Journal::Open(folder.path()).ok());
  {
    auto db =
        Database::Open(folder.File("journal.db"), Database::Mode::kReadWrite, Durability::kOff);
    ASSERT_TRUE((*db)->Execute("PRAGMA user_version=99").ok());
  }
  EXPECT_TRUE(absl::IsUnimplemented(Journal::Open(folder.path()).status()));
}

TEST(Journal, NeedsTheFolder) {
  TestFolder folder;
  EXPECT_FALSE(Journal::Open(folder.File("nowhere")).ok());
}

}  // namespace
}  // namespace syncd
