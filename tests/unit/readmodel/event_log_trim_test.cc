// The journal's file: bounded by what is kept, given back to the disk, and whole when that is full.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "full_disk.h"
#include "syncd/readmodel/database.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/journal.h"
#include "test_model.h"

namespace syncd {
namespace {

constexpr int64_t kFuture = int64_t{1} << 50;
constexpr int64_t kPageBytes = 4096;

class EventLogTrimTest : public ::testing::Test {
 protected:
  EventLogTrimTest() {
    EXPECT_TRUE(FullDisk::Watch());
    EXPECT_TRUE(Journal::Open(folder_.path()).ok());
    auto log = EventLog::Open(folder_.path(), TisPlan());
    EXPECT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }

  // So many events, of about 1 KiB each.
  absl::Status Append(int events) {
    std::vector<IncomingEvent> batch;
    for (int i = 0; i < events; ++i) {
      const std::string person = std::to_string(++person_);
      batch.push_back({"tcs-updates",
                       "{\"tcsPersonId\":" + person +
                           ",\"gmcReferenceNumber\":\"7000001\",\"x\":\"" + std::string(1000, 'x') +
                           "\"}",
                       {}});
    }
    return log_->Append(batch).status();
  }

  void TrimAll() {
    for (bool more = true; more;) {
      const auto left = log_->Trim(log_->head(), kFuture, kFuture);
      ASSERT_TRUE(left.ok()) << left.status();
      more = *left;
    }
    const absl::Status given_back = log_->GiveBack();
    ASSERT_TRUE(given_back.ok()) << given_back;
  }

  int64_t FileBytes() {
    auto db =
        Database::Open(folder_.File(kJournalFile), Database::Mode::kReadWrite, Durability::kFull);
    EXPECT_TRUE(db.ok() && (*db)->Execute("PRAGMA wal_checkpoint(TRUNCATE)").ok());
    return static_cast<int64_t>(std::filesystem::file_size(folder_.File(kJournalFile)));
  }

  TestFolder folder_;
  std::unique_ptr<EventLog> log_;
  int person_ = 0;
};

TEST_F(EventLogTrimTest, WhatIsTrimmedIsGivenBackToTheDisk) {
  ASSERT_TRUE(Append(20'000).ok());
  EXPECT_GT(FileBytes(), 20'000'000);
  TrimAll();
  EXPECT_LT(FileBytes(), 1200 * kPageBytes) << "but for what is used again";
}

TEST_F(EventLogTrimTest, TheFileDoesNotGrowWithTheEventsThatWereEverKept) {
  ASSERT_TRUE(Append(2000).ok());
  TrimAll();
  const int64_t bound = FileBytes() + 1000 * kPageBytes;
  for (int day = 0; day < 10; ++day) {
    ASSERT_TRUE(Append(2000).ok());
    TrimAll();
    ASSERT_LT(FileBytes(), bound) << "day " << day;
  }
}

TEST_F(EventLogTrimTest, AFullDiskTakesNothingAndLosesNothing) {
  ASSERT_TRUE(Append(1).ok());
  {
    const FullDisk full;
    const absl::Status refused = Append(3);
    EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
    EXPECT_EQ(log_->head(), 1u);
    EXPECT_EQ(log_->counts()["tcs-updates"].received, 1u);
    EXPECT_FALSE(log_->AppendLate("b1", "tcs", "{}").ok());
    EXPECT_EQ(log_->head(), 1u);
  }
  person_ = 1;  // they come again
  ASSERT_TRUE(Append(3).ok());
  EXPECT_EQ(log_->head(), 4u);
  auto events = (*EventLogReader::Open(folder_.path()))->Read(0, 4, 10, 1 << 20);
  ASSERT_TRUE(events.ok());
  EXPECT_THAT(*events, ::testing::SizeIs(4));
}

}  // namespace
}  // namespace syncd
