#include "syncd/readmodel/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

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
