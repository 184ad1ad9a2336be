#include "syncd/readmodel/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "syncd/readmodel/journal.h"
#include "test_model.h"

namespace syncd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Doctor(int time, const std::string& gmc = "7000001") {
  return "{\"operationType\":\"update\",\"clusterTime\":\"Timestamp(" + std::to_string(time) +
         ", 1)\",\"documentKey\":{\"_id\":\"" + gmc + "\"},\"fullDocument\":{\"admin\":\"a\"}}";
}

std::string Recommendation(int time) {
  return "{\"operationType\":\"update\",\"clusterTime\":\"Timestamp(" + std::to_string(time) +
         ", 1)\",\"fullDocument\":{\"gmcNumber\":\"7000001\",\"outcome\":\"APPROVED\"}}";
}

class EventLogTest : public ::testing::Test {
 protected:
  EventLogTest() { Open(); }

  void Open() {
    log_.reset();
    EXPECT_TRUE(Journal::Open(folder_.path()).ok());
    auto log = EventLog::Open(folder_.path(), TisPlan());
    EXPECT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }

  uint64_t Append(const std::string& channel, const std::string& body) {
    const auto position = log_->Append({{channel, body, {}}});
    EXPECT_TRUE(position.ok()) << position.status();
    return position.value_or(0);
  }

  std::vector<LoggedEvent> Read(uint64_t after = 0) {
    auto reader = EventLogReader::Open(folder_.path());
    EXPECT_TRUE(reader.ok());
    auto events = (*reader)->Read(after, log_->head(), 1000, 1 << 20);
    EXPECT_TRUE(events.ok());
    return *events;
  }

  EventCounts Counts(const std::string& channel) { return log_->counts()[channel]; }

  TestFolder folder_;
  std::unique_ptr<EventLog> log_;
};

TEST_F(EventLogTest, PositionsRiseAndOutliveTheProcess) {
  EXPECT_EQ(log_->head(), 0u);
  EXPECT_EQ(Append("doctor-changes", Doctor(1)), 1u);
  Open();
  EXPECT_EQ(log_->head(), 1u);
  EXPECT_EQ(Append("doctor-changes", Doctor(2)), 2u);
  EXPECT_THAT(Read(1), SizeIs(1));
}

TEST_F(EventLogTest, WhatIsOlderOrComesTwiceIsNotJournalled) {
  Append("doctor-changes", Doctor(5));
  EXPECT_EQ(Append("doctor-changes", Doctor(4)), 1u);
  EXPECT_EQ(Append("doctor-changes", Doctor(5)), 1u);
  Open();
  EXPECT_EQ(Append("doctor-changes", Doctor(4)), 1u) << "the order outlives the process";
  EXPECT_EQ(Append("doctor-changes", Doctor(4, "7000002")), 2u) << "of another record";
  EXPECT_EQ(Counts("doctor-changes").stale, 1u);
}

TEST_F(EventLogTest, EachEntityOfAnEventHasItsOwnOrder) {
  Append("doctor-changes", Doctor(5));                                 // doctor and admin
  EXPECT_EQ(Append("recommendation-changes", Recommendation(4)), 2u);  // admin and outcome
  EXPECT_THAT(Read().back().stale, ElementsAre("admin"));
}

TEST_F(EventLogTest, WhatSaysNothingIsCounted) {
  Append("doctor-changes", R"({"operationType":"update","fullDocument":null})");
  Append("recommendation-changes", R"({"operationType":"delete","documentKey":{"_id":"x"}})");
  Append("connection-changes", R"({"fullDocument":{"gmcId":"1","responseCode":"90"}})");
  EXPECT_EQ(log_->head(), 0u);
  EXPECT_EQ(Counts("doctor-changes").empty, 1u);
  EXPECT_EQ(Counts("recommendation-changes").empty, 1u);
  EXPECT_EQ(Counts("connection-changes").empty, 1u);
}

TEST_F(EventLogTest, WhatIsNoEventIsADeadLetterAndStopsNothing) {
  const auto position = log_->Append({{"doctor-changes", "{", {}},
                                      {"doctor-changes", Doctor(1), {}},
                                      {"doctor-changes", R"({"fullDocument":{}})", {}}});
  ASSERT_TRUE(position.ok()) << position.status();
  EXPECT_EQ(*position, 1u);
  const auto letters = log_->ListDeadLetters(0, 10);
  ASSERT_TRUE(letters.ok());
  ASSERT_THAT(*letters, SizeIs(2));
  EXPECT_THAT((*letters)[0].reason, HasSubstr("not JSON"));
  EXPECT_THAT((*letters)[1].reason, HasSubstr("documentKey._id"));
  EXPECT_EQ((*letters)[1].channel, "doctor-changes");
}

TEST_F(EventLogTest, ADeadLetterIsTakenInUnderItsOldOrder) {
  Append("tcs-updates", R"({"tcsPersonId":"seven","gmcReferenceNumber":"7000001"})");
  const auto letter = log_->GetDeadLetter(1);
  ASSERT_TRUE(letter.ok());
  EXPECT_NE(letter->stamp.arrival, 0u);
  const absl::Status retried = log_->RetryDeadLetter(1);
  EXPECT_EQ(retried.code(), absl::StatusCode::kInvalidArgument) << "it still is none";
  EXPECT_EQ(*log_->CountDeadLetters(), 1);
  EXPECT_EQ(log_->RetryDeadLetter(9).code(), absl::StatusCode::kNotFound);
}

TEST_F(EventLogTest, ARefusedDocumentHasOneLetterHoweverOftenItIsSent) {
  DeadLetter letter;
  letter.kind = DeadLetter::Kind::kRefused;
  letter.generation = 3;
  letter.family = "masterdoctorindex";
  letter.document_id = "7000001:1";
  ASSERT_TRUE(log_->AddDeadLetter(letter).ok());
  letter.reason = "again";
  ASSERT_TRUE(log_->AddDeadLetter(letter).ok());
  const auto letters = log_->ListDeadLetters(0, 10);
  ASSERT_THAT(*letters, SizeIs(1));
  EXPECT_EQ(letters->front().reason, "again");
  letter.generation = 4;
  ASSERT_TRUE(log_->AddDeadLetter(letter).ok());
  letter.family = "recommendationindex";
  ASSERT_TRUE(log_->AddDeadLetter(letter).ok());
  EXPECT_EQ(*log_->CountDeadLetters(), 3);
}

TEST_F(EventLogTest, ARetriedMessageIsOlderThanWhatCameAfterIt) {
  // It was isolated although it can be read: what follows of the same person came later.
  DeadLetter letter;
  letter.channel = "tcs-updates";
  letter.reason = "isolated";
  letter.body = R"({"tcsPersonId":7,"gmcReferenceNumber":"7000001"})";
  letter.stamp.arrival = 1;
  letter.stamp.arrival_ms = 1;
  ASSERT_TRUE(log_->AddDeadLetter(letter).ok());
  Append("tcs-updates", R"({"tcsPersonId":7,"gmcReferenceNumber":"7000002"})");
  ASSERT_TRUE(log_->RetryDeadLetter(1).ok());
  EXPECT_EQ(log_->head(), 1u) << "nothing older than what is known is journalled";
  EXPECT_EQ(*log_->CountDeadLetters(), 0);
}

TEST_F(EventLogTest, ForgetsWhatEveryGenerationHas) {
  for (int i = 1; i <= 5; ++i) Append("doctor-changes", Doctor(i));
  constexpr int64_t kFuture = int64_t{1} << 50;
  ASSERT_TRUE(log_->Trim(3, 0, 0).ok());
  EXPECT_THAT(Read(), SizeIs(5)) << "too young";
  ASSERT_TRUE(log_->Trim(3, kFuture, 0).ok());
  EXPECT_THAT(Read(), SizeIs(2));
  EXPECT_EQ(Append("doctor-changes", Doctor(1)), 5u) << "the order is kept for longer";
  ASSERT_TRUE(log_->Trim(5, kFuture, kFuture).ok());
  EXPECT_THAT(Read(), IsEmpty());
  EXPECT_EQ(Append("doctor-changes", Doctor(1)), 6u) << "no position is used twice";
}

TEST_F(EventLogTest, ABuildBeginsBehindWhatCameBefore) {
  EXPECT_EQ(*log_->PositionAt(0), 0u);
  Append("doctor-changes", Doctor(1));
  EXPECT_EQ(*log_->PositionAt(0), 0u);
  EXPECT_EQ(*log_->PositionAt(int64_t{1} << 50), 1u);
}

TEST_F(EventLogTest, AnUnknownChannelIsAnError) {
  EXPECT_EQ(log_->Append({{"tcs", "{}", {}}}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(log_->head(), 0u);
}

TEST_F(EventLogTest, ColdGenerationsAreRemembered) {
  ASSERT_TRUE(log_->MarkCold(3, "its index is gone").ok());
  Open();
  const auto cold = log_->Cold();
  ASSERT_TRUE(cold.ok());
  EXPECT_EQ(cold->at(3), "its index is gone");
}

}  // namespace
}  // namespace syncd
