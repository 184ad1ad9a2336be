#include "syncd/sources/sqs_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace syncd {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SqsLedgerTest : public ::testing::Test {
 protected:
  void Add(uint64_t from, uint64_t to, const std::string& group = "") {
    for (uint64_t i = from; i <= to; ++i) ledger_.Add(i, "h" + std::to_string(i), group, start_);
  }

  static std::vector<std::string> Handles(const std::vector<SqsReceipt>& receipts) {
    std::vector<std::string> handles;
    for (const SqsReceipt& receipt : receipts) handles.push_back(receipt.handle);
    return handles;
  }

  const SqsLedger::TimePoint start_{};
  SqsLedger ledger_{seconds(60)};
};

TEST_F(SqsLedgerTest, DeletesWhatIsAcknowledgedTenAtATime) {
  Add(1, 14);
  ledger_.Acknowledge(12);
  const auto first = ledger_.TakeDeletes();
  EXPECT_EQ(first.size(), 10u);
  EXPECT_EQ(first[0].delivery, 1u);
  EXPECT_THAT(Handles(ledger_.TakeDeletes()), ElementsAre("h11", "h12"));
  EXPECT_FALSE(ledger_.has_deletes());
  EXPECT_EQ(ledger_.size(), 14u) << "until the server has answered they count";
  ledger_.DeleteDone(first[0], /*again=*/false);
  ledger_.DeleteDone(first[1], /*again=*/true);
  EXPECT_EQ(ledger_.size(), 13u);
  EXPECT_THAT(Handles(ledger_.TakeDeletes()), ElementsAre("h2"));
}

TEST_F(SqsLedgerTest, ExtendsWhenHalfOfTheTimeIsOver) {
  Add(1, 2);
  EXPECT_THAT(ledger_.TakeExtensions(start_ + seconds(29)), IsEmpty());
  EXPECT_THAT(Handles(ledger_.TakeExtensions(start_ + seconds(30))), ElementsAre("h1", "h2"));
  EXPECT_THAT(ledger_.TakeExtensions(start_ + seconds(31)), IsEmpty()) << "while one is asked for";
  ledger_.Extended(1, start_ + seconds(30));
  ledger_.NotExtended(2);
  EXPECT_THAT(Handles(ledger_.TakeExtensions(start_ + seconds(32))), ElementsAre("h2"));
  ledger_.Lost(2);
  EXPECT_THAT(Handles(ledger_.TakeExtensions(start_ + seconds(60))), ElementsAre("h1"));
}

TEST_F(SqsLedgerTest, AGroupIsBrokenByALostMessage) {
  Add(1, 2, "a");
  Add(3, 3, "b");
  EXPECT_THAT(ledger_.TakeUnordered(), IsEmpty());
  ledger_.Lost(1);
  EXPECT_THAT(ledger_.TakeUnordered(), ElementsAre(1, 2));
  EXPECT_THAT(ledger_.TakeUnordered(), IsEmpty()) << "once";
  ledger_.Withdraw(1);
  ledger_.Withdraw(2);
  EXPECT_THAT(Handles(ledger_.TakeGivenBack()), ElementsAre("h2")) << "a lost one is not ours";
  EXPECT_EQ(ledger_.size(), 1u);
}

TEST_F(SqsLedgerTest, TimeRunsOut) {
  Add(1, 1, "a");
  Add(2, 2);
  ledger_.Extended(2, start_ + seconds(10));
  ledger_.Expire(start_ + seconds(59));
  EXPECT_THAT(ledger_.TakeUnordered(), IsEmpty());
  ledger_.Expire(start_ + seconds(60));
  EXPECT_THAT(ledger_.TakeUnordered(), ElementsAre(1));
  // A standard queue's message is delivered all the same, and deleted when it is acknowledged.
  ledger_.Expire(start_ + seconds(70));
  EXPECT_THAT(ledger_.TakeUnordered(), IsEmpty());
  ledger_.Acknowledge(2);
  EXPECT_EQ(ledger_.TakeDeletes().size(), 2u);
}

TEST_F(SqsLedgerTest, GivesBackEverythingThatIsHeld) {
  Add(1, 12);
  ledger_.Acknowledge(1);
  ledger_.GiveBack("stray");
  ledger_.WithdrawAll();
  const auto first = ledger_.TakeGivenBack();
  EXPECT_EQ(first.size(), 10u);
  EXPECT_EQ(first[0].handle, "stray");
  for (size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].delivery, i) << "ids are distinct";
  EXPECT_THAT(Handles(ledger_.TakeGivenBack()), ElementsAre("h11", "h12"));
  EXPECT_FALSE(ledger_.has_given_back());
  EXPECT_EQ(ledger_.size(), 1u) << "what is acknowledged is still to be deleted";
}

}  // namespace
}  // namespace syncd
