#include "syncd/sync/state_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "../support/test_folder.h"

namespace syncd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

class StateFiles : public ::testing::Test {
 protected:
  void Touch(const std::string& name) { std::ofstream(folder_.File(name)) << "x"; }
  bool Has(const std::string& name) { return fs::exists(folder_.File(name)); }

  const TestFolder folder_;
};

TEST_F(StateFiles, FindsGenerationsInTheOrderOfTheirNumbers) {
  for (const char* name : {"v10.db", "v9.db", "v2.db", "v2.db-wal", "journal.db", "v.db", "v01.db",
                           "v-1.db", "v3.db.bak", "xv4.db", "v 5.db", "lock"}) {
    Touch(name);
  }
  EXPECT_THAT(GenerationsIn(folder_.path()), ElementsAre(2, 9, 10));
}

TEST_F(StateFiles, AFolderThatIsNotThereHasNone) {
  EXPECT_THAT(GenerationsIn(folder_.File("no")), IsEmpty());
}

TEST_F(StateFiles, RemovesAFileWithWhatIsBesideItAndNothingElse) {
  for (const char* name : {"v2.db", "v2.db-wal", "v2.db-shm", "v20.db"}) Touch(name);
  ASSERT_TRUE(RemoveGenerationFile(folder_.path(), 2).ok());
  EXPECT_FALSE(Has("v2.db") || Has("v2.db-wal") || Has("v2.db-shm"));
  EXPECT_TRUE(Has("v20.db"));
  EXPECT_TRUE(RemoveGenerationFile(folder_.path(), 2).ok()) << "removing nothing is no error";
}

TEST_F(StateFiles, DraftsBelongToTheirGeneration) {
  for (const char* name : {"v2.db.new", "v2.db.new-wal", "v2.db.hydrating", "v12.db", "v12.db-shm",
                           "v2.db.bak", "v02.db", "v2.dbx", "journal.db", "journal.db-wal"}) {
    Touch(name);
  }
  std::vector<std::string> names;
  for (const StateFile& file : StateFilesIn(folder_.path())) {
    names.push_back(file.name);
    EXPECT_EQ(file.generation, file.name.starts_with("v12") ? 12u : 2u);
    EXPECT_EQ(file.bytes, 1u);
  }
  EXPECT_THAT(names,
              ElementsAre("v2.db.hydrating", "v2.db.new", "v2.db.new-wal", "v12.db", "v12.db-shm"));
  ASSERT_TRUE(RemoveGenerationFile(folder_.path(), 2).ok());
  EXPECT_FALSE(Has("v2.db.new") || Has("v2.db.new-wal") || Has("v2.db.hydrating"));
  EXPECT_TRUE(Has("v2.db.bak") && Has("v12.db") && Has("journal.db"));
}

}  // namespace
}  // namespace syncd
