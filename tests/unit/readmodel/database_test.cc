#include "syncd/readmodel/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "test_model.h"

namespace syncd {
namespace {

using ::testing::HasSubstr;

TEST(Database, BindsAndReadsEveryKind) {
  auto db = Database::Open(":memory:", Database::Mode::kCreate, Durability::kOff);
  ASSERT_TRUE(db.ok()) << db.status();
  auto select = (*db)->Prepare("SELECT ?1, ?2, ?3, ?4");
  ASSERT_TRUE(select.ok());
  select->BindNull(1);
  select->BindInteger(2, -5);
  const std::string text("a\0b", 3);
  select->BindText(3, text);
  select->BindText(4, std::string_view());
  ASSERT_TRUE(select->Step().value());
  EXPECT_TRUE(select->IsNull(0));
  EXPECT_EQ(select->Integer(1), -5);
  EXPECT_EQ(select->Text(2), text);
  EXPECT_TRUE(select->IsText(3));
  EXPECT_EQ(select->Text(3), "");
  EXPECT_FALSE(select->Step().value());
}

TEST(Database, ErrorsNameTheFile) {
  TestFolder folder;
  const std::string path = folder.File("x.db");
  EXPECT_TRUE(absl::IsNotFound(
      Database::Open(path, Database::Mode::kReadWrite, Durability::kOff).status()));
  auto db = Database::Open(path, Database::Mode::kCreate, Durability::kFull);
  ASSERT_TRUE(db.ok());
  const absl::Status status = (*db)->Execute("SELECT nonsense");
  EXPECT_THAT(std::string(status.message()), HasSubstr(path));
  EXPECT_THAT(std::string(status.message()), HasSubstr("nonsense"));
}

TEST(Database, NobodyButItsOwnerReadsIt) {
  TestFolder folder;
  auto db = Database::Open(folder.File("x.db"), Database::Mode::kCreate, Durability::kFull);
  ASSERT_TRUE(db.ok());
  ASSERT_TRUE((*db)->Execute("CREATE TABLE t (a)").ok());
  for (const char* name : {"x.db", "x.db-wal", "x.db-shm"}) {
    const auto mode = std::filesystem::status(folder.File(name)).permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
        << name;
  }
}

TEST(Database, AWriterThatComesBackAtOnceKeepsNobodyOut) {
  TestFolder folder;
  const std::string path = folder.File("x.db");
  const auto busy = Database::Open(path, Database::Mode::kCreate, Durability::kOff);
  ASSERT_TRUE((*busy)->Execute("CREATE TABLE t (a)").ok());
  std::atomic<bool> stop{false};
  std::atomic<int> commits{0};
  std::thread writer([&] {
    while (!stop) {
      EXPECT_TRUE((*busy)->Begin().ok());
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // what takes its time
      EXPECT_TRUE((*busy)->Commit().ok());
      ++commits;
    }
  });
  const auto patient = Database::Open(path, Database::Mode::kReadWrite, Durability::kOff);
  for (int i = 0; i < 10; ++i) {
    const int before = commits;
    EXPECT_TRUE((*patient)->Begin().ok());
    EXPECT_LE(commits, before + 2) << "the one under way, and one that has asked before";
    EXPECT_TRUE((*patient)->Commit().ok());
  }
  stop = true;
  writer.join();
}

TEST(Database, ATurnEndsWithItsTransaction) {
  TestFolder folder;
  const std::string path = folder.File("x.db");
  auto first = Database::Open(path, Database::Mode::kCreate, Durability::kOff);
  ASSERT_TRUE((*first)->Begin().ok());
  (*first)->Rollback();
  EXPECT_FALSE((*first)->InTransaction());
  ASSERT_TRUE((*first)->Begin().ok());
  EXPECT_EQ((*first)->Begin().code(), absl::StatusCode::kInternal) << "one within another";
  EXPECT_TRUE((*first)->Commit().ok());
  ASSERT_TRUE((*first)->Begin().ok());
  *first = nullptr;
  const auto second = Database::Open(path, Database::Mode::kReadWrite, Durability::kOff);
  EXPECT_TRUE((*second)->Begin().ok()) << "whose connection is gone has no turn";
}

TEST(Database, SetsItsLimits) {
  TestFolder folder;
  auto db = Database::Open(folder.File("x.db"), Database::Mode::kCreate, Durability::kFull);
  ASSERT_TRUE(db.ok());
  EXPECT_EQ((*db)->QueryInteger("PRAGMA cache_size").value(), -8192);
  EXPECT_EQ((*db)->QueryInteger("PRAGMA synchronous").value(), 2);
  EXPECT_EQ((*db)->QueryInteger("PRAGMA mmap_size").value(), 0);
  EXPECT_EQ((*db)->QueryInteger("PRAGMA secure_delete").value(), 0);
}

TEST(Database, ReadOnlyRefusesToWrite) {
  TestFolder folder;
  auto db = Database::Open(folder.File("x.db"), Database::Mode::kCreate, Durability::kOff);
  ASSERT_TRUE((*db)->Execute("CREATE TABLE t (x)").ok());
  auto reader = Database::Open(folder.File("x.db"), Database::Mode::kReadOnly, Durability::kOff);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE(absl::IsPermissionDenied((*reader)->Execute("INSERT INTO t VALUES (1)")));
}

TEST(Database, QuotesNames) {
  EXPECT_EQ(QuoteName("group"), "\"group\"");
  EXPECT_EQ(QuoteName("a\"b"), "\"a\"\"b\"");
}

}  // namespace
}  // namespace syncd
