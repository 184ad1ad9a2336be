// Whose state folder it is, and what becomes of one that is behind.
#include "syncd/sync/succession.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "../support/test_folder.h"
#include "../support/tis_plan.h"
#include "syncd/readmodel/generation_file.h"
#include "syncd/sync/state_files.h"

namespace syncd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

indexswap::Lease LeaseOf(const std::string& state_id, uint64_t epoch, uint64_t position) {
  indexswap::LeaseRecord record;
  record.owner.state_id = state_id;
  record.owner.host = "db2";
  record.journal_position = position;
  return {epoch, record};
}

TEST(WhyBehind, ComparesWithTheLastRecord) {
  const FolderAge folder{"a", 7, 100};
  EXPECT_EQ(WhyBehind(std::nullopt, folder), "");
  EXPECT_EQ(WhyBehind(LeaseOf("a", 7, 100), folder), "");
  EXPECT_EQ(WhyBehind(LeaseOf("a", 6, 90), folder), "") << "an epoch that was not taken in the end";
  EXPECT_EQ(WhyBehind(indexswap::Lease{7, std::nullopt}, folder), "");
  EXPECT_THAT(WhyBehind(LeaseOf("a", 8, 100), folder), HasSubstr("of epoch 7, and epoch 8"));
  EXPECT_THAT(WhyBehind(LeaseOf("a", 7, 101), folder), HasSubstr("position 100, and position 101"));
  EXPECT_THAT(WhyBehind(LeaseOf("b", 7, 100), folder), HasSubstr("host db2"));
  EXPECT_THAT(WhyBehind(indexswap::Lease{8, std::nullopt}, folder), HasSubstr("epoch 8"));
  EXPECT_EQ(WhyBehind(LeaseOf("b", 7, 100), {"new", 0, 0}), "it is new");
}

class SucceedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    journal_ = *Journal::Open(folder_.path());
    log_ = *EventLog::Open(folder_.path(), TisPlan());
    ASSERT_TRUE(journal_->RaiseEpoch(7).ok());
    ASSERT_TRUE(
        GenerationFile::Create(folder_.File("v3.db"), TisPlan(), {}, Durability::kOff).ok());
    Take(2);
  }

  void Take(int person) {
    ASSERT_TRUE(log_->Append({{"tcs-updates",
                               R"({"gmcReferenceNumber":"70","tcsPersonId":)" +
                                   std::to_string(person) + "}",
                               {}}})
                    .ok());
  }

  absl::Status Run(const indexswap::Lease& last) {
    return Succeed(last, last.epoch + 1, folder_.path(), *journal_, *log_,
                   [this](const std::string& text) { warned_ += text; });
  }

  const TestFolder folder_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<EventLog> log_;
  std::string warned_;
};

TEST_F(SucceedTest, TheOwnFolderStaysAsItIs) {
  ASSERT_TRUE(Run(LeaseOf(journal_->state_id(), 7, 1)).ok());
  EXPECT_THAT(GenerationsIn(folder_.path()), ElementsAre(3));
  EXPECT_EQ(log_->head(), 1u);
  EXPECT_EQ(*log_->OldestKept(), 0u);
  EXPECT_EQ(*journal_->Epoch(), 8u);
  EXPECT_EQ(warned_, "");
}

TEST_F(SucceedTest, AFolderThatIsBehindKeepsNothingAndReusesNoPosition) {
  ASSERT_TRUE(Run(LeaseOf(journal_->state_id(), 9, 50)).ok());
  EXPECT_THAT(GenerationsIn(folder_.path()), IsEmpty());
  EXPECT_THAT(warned_, HasSubstr("not of the last writer"));
  EXPECT_EQ(*journal_->Epoch(), 10u);
  EXPECT_EQ(*log_->OldestKept(), 50u);
  Take(2);  // the same again is news: its order is forgotten
  EXPECT_EQ(log_->head(), 51u);
  log_.reset();
  log_ = *EventLog::Open(folder_.path(), TisPlan());
  EXPECT_EQ(log_->head(), 51u);
  EXPECT_EQ(*log_->OldestKept(), 50u);
}

}  // namespace
}  // namespace syncd
