#include "syncd/readmodel/folder_watch.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "syncd/readmodel/journal.h"
#include "syncd/readmodel/state_lock.h"
#include "test_model.h"

namespace syncd {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FolderWatchTest : public ::testing::Test {
 protected:
  FolderWatchTest() {
    lock_ = *StateLock::Acquire(path_, "serve");
    journal_ = *Journal::Open(path_);
  }

  TestFolder folder_;
  const std::string path_ = folder_.File("state");
  std::unique_ptr<StateLock> lock_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(FolderWatchTest, AFolderThatIsUsedStaysTheSame) {
  const FolderWatch watch(path_);
  ASSERT_TRUE(journal_->RaiseEpoch(7).ok());
  ASSERT_TRUE(lock_->PublishAddress("127.0.0.1:1").ok());
  EXPECT_TRUE(watch.Check().ok()) << watch.Check();
}

TEST_F(FolderWatchTest, ARemovedFolderIsNoticed) {
  const FolderWatch watch(path_);
  fs::remove_all(path_);
  EXPECT_EQ(watch.Check().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(watch.Check().message()), HasSubstr("is gone"));
}

TEST_F(FolderWatchTest, AReplacedJournalIsNoticed) {
  const FolderWatch watch(path_);
  const fs::path journal = fs::path(path_) / kJournalFile;
  fs::copy_file(journal, path_ + "/copy");
  fs::rename(path_ + "/copy", journal);
  EXPECT_THAT(std::string(watch.Check().message()), HasSubstr("journal.db was replaced"));
}

TEST_F(FolderWatchTest, ARestoredFolderIsNoticed) {
  const FolderWatch watch(path_);
  fs::copy(path_, folder_.File("copy"), fs::copy_options::recursive);
  fs::rename(path_, folder_.File("away"));
  fs::rename(folder_.File("copy"), path_);
  EXPECT_EQ(watch.Check().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace syncd
