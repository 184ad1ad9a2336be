#include "syncd/sync/state_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace syncd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

class StateFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "indexswap_state_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  void Touch(const std::string& name) { std::ofstream(fs::path(folder_) / name) << "x"; }
  bool Has(const std::string& name) { return fs::exists(fs::path(folder_) / name); }

  std::string folder_;
};

TEST_F(StateFiles, FindsGenerationsInTheOrderOfTheirNumbers) {
  for (const char* name : {"v10.db", "v9.db", "v2.db", "v2.db-wal", "journal.db", "v.db", "v01.db",
                           "v-1.db", "v3.db.bak", "xv4.db", "v 5.db", "lock"}) {
    Touch(name);
  }
  EXPECT_THAT(GenerationsIn(folder_), ElementsAre(2, 9, 10));
}

TEST_F(StateFiles, AFolderThatIsNotThereHasNone) {
  EXPECT_THAT(GenerationsIn(folder_ + "/no"), IsEmpty());
}

TEST_F(StateFiles, RemovesAFileWithWhatIsBesideItAndNothingElse) {
  for (const char* name : {"v2.db", "v2.db-wal", "v2.db-shm", "v20.db"}) Touch(name);
  ASSERT_TRUE(RemoveGenerationFile(folder_, 2).ok());
  EXPECT_FALSE(Has("v2.db") || Has("v2.db-wal") || Has("v2.db-shm"));
  EXPECT_TRUE(Has("v20.db"));
  EXPECT_TRUE(RemoveGenerationFile(folder_, 2).ok()) << "removing nothing is no error";
}

}  // namespace
}  // namespace syncd
