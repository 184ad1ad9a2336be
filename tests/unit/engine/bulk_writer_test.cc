#include "indexswap/engine/bulk_writer.h"

#include <algorithm>
#include <set>
#include <thread>

#include "bulk_writer_world.h"

namespace indexswap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Answer = BulkAnswer;
using Outcome = BulkResult::Outcome;

TEST_F(BulkWriterTest, BatchesByDocuments) {
  options_.bulk.max_documents = 2;
  ASSERT_TRUE(AddAll(*Writer(), {"a", "b", "c", "d", "e"}).ok());
  EXPECT_THAT(requests_,
              ElementsAre(ElementsAre("a", "b"), ElementsAre("c", "d"), ElementsAre("e")));
}

TEST_F(BulkWriterTest, BatchesByBytesAndSendsALargerOneAlone) {
  options_.bulk.max_bytes = 1000;
  const auto writer = Writer();
  for (const auto& [id, bytes] : std::vector<std::pair<std::string, size_t>>{
           {"a", 300}, {"b", 300}, {"c", 300}, {"d", 5000}, {"e", 10}}) {
    ASSERT_TRUE(writer->Add(Item(id, bytes)).ok());
  }
  ASSERT_TRUE(writer->Flush().ok());
  EXPECT_THAT(requests_, ElementsAre(ElementsAre("a", "b"), ElementsAre("c"), ElementsAre("d"),
                                     ElementsAre("e")));
}

TEST_F(BulkWriterTest, WhereReadersComeFirstABatchGoesInParts) {
  options_.bulk.max_documents = 2 << ReaderPace::kHalvings;
  options_.bulk.max_bytes = 1000 << ReaderPace::kHalvings;
  const auto writer = Writer();
  writer->ReadersFirst();
  for (const auto& [id, bytes] : std::vector<std::pair<std::string, size_t>>{
           {"a", 10}, {"b", 10}, {"c", 10}, {"d", 900}, {"e", 5000}, {"f", 10}, {"g", 10}}) {
    ASSERT_TRUE(writer->Add(Item(id, bytes)).ok());
  }
  ASSERT_TRUE(writer->Flush().ok());
  EXPECT_THAT(requests_, ElementsAre(ElementsAre("a", "b"), ElementsAre("c"), ElementsAre("d"),
                                     ElementsAre("e"), ElementsAre("f", "g")));
  EXPECT_EQ(writer->counts().written, 7u);
}

TEST_F(BulkWriterTest, PutsTheEpochInFrontOfTheVersion) {
  ASSERT_TRUE(keeper_.Force().ok());
  uint64_t version = 0;
  answer_ = [&](const auto& items) -> Answer {
    version = items[0].version;
    return std::nullopt;
  };
  ASSERT_TRUE(AddAll(*Writer(), {"a"}).ok());
  EXPECT_EQ(version >> 40, 2u);
  EXPECT_EQ(version & kVersionMask, 7u);
}

TEST_F(BulkWriterTest, SendsOnlyTheBusyItemsAgain) {
  answer_ = [&](const auto& items) {
    return Each(items, [&](const std::string& id) {
      const bool busy = requests_.size() < 3 && (id == "b" || id == "d");
      return BulkResult{busy ? Outcome::kBusy : Outcome::kDone, "queue full"};
    });
  };
  const auto writer = Writer();
  ASSERT_TRUE(AddAll(*writer, {"a", "b", "c", "d"}).ok());
  EXPECT_THAT(requests_, ElementsAre(ElementsAre("a", "b", "c", "d"), ElementsAre("b", "d"),
                                     ElementsAre("b", "d")));
  EXPECT_EQ(writer->counts().written, 4u);
  EXPECT_EQ(writer->counts().retried, 4u);
  EXPECT_EQ(writer->counts().requests, 3u);
}

TEST_F(BulkWriterTest, SendsTheWholeRequestAgainWhereItsAnswerWasLost) {
  store_.Fail(Method::kBulk, {{absl::UnknownError("reset"), true, nullptr},
                              {absl::DataLossError("cut off"), true, nullptr},
                              {absl::UnavailableError("refused"), false, nullptr}});
  const auto writer = Writer();
  ASSERT_TRUE(AddAll(*writer, {"a", "b"}).ok());
  EXPECT_THAT(requests_,
              ElementsAre(ElementsAre("a", "b"), ElementsAre("a", "b"), ElementsAre("a", "b")));
  EXPECT_EQ(writer->counts().written, 2u);
}

TEST_F(BulkWriterTest, SplitsWhatIsTooLargeAndRefusesOneThatIsTooLargeAlone) {
  answer_ = [](const auto& items) -> Answer {
    const bool large =
        std::any_of(items.begin(), items.end(), [](const auto& i) { return i.id == "large"; });
    if (large) return absl::OutOfRangeError("413");
    return std::nullopt;
  };
  const auto writer = Writer();
  ASSERT_TRUE(AddAll(*writer, {"a", "b", "large", "c"}).ok());
  EXPECT_EQ(writer->counts().written, 3u);
  EXPECT_EQ(writer->counts().refused, 1u);
  ASSERT_EQ(refused_.size(), 1u);
  EXPECT_THAT(refused_[0], HasSubstr("large: too large for the store"));
}

TEST_F(BulkWriterTest, ReportsARefusedItemWithItsReasonAndGoesOn) {
  answer_ = [](const auto& items) {
    return Each(items, [](const std::string& id) {
      return id == "bad" ? BulkResult{Outcome::kRefused, "no date"} : BulkResult{};
    });
  };
  const auto writer = Writer();
  ASSERT_TRUE(AddAll(*writer, {"a", "bad", "c"}).ok());
  EXPECT_THAT(refused_, ElementsAre("bad: no date"));
  EXPECT_EQ(writer->counts().written, 2u);
}

TEST_F(BulkWriterTest, GivesUpABatchOfWhichNothingGetsThrough) {
  options_.bulk.give_up = std::chrono::minutes(1);
  answer_ = [](const auto& items) { return All(items, Outcome::kBusy, "queue full"); };
  const auto writer = Writer();
  const absl::Status status = AddAll(*writer, {"a", "b"});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("a of index docs_v1: queue full"));
  EXPECT_GE(clock_.passed(), std::chrono::minutes(1));
  EXPECT_EQ(writer->Add(Item("c")).code(), absl::StatusCode::kUnavailable) << "an error is final";
}

TEST_F(BulkWriterTest, ADocumentForWhichThereIsNoRoomIsNoFaultOfIts) {
  answer_ = [](const auto& items) { return All(items, Outcome::kBusy, "queue full"); };
  EXPECT_EQ(AddAll(*Writer(), {"a"}).code(), absl::StatusCode::kUnavailable);
}

TEST_F(BulkWriterTest, GivesNoBatchUpOfWhichSomethingGetsThrough) {
  options_.bulk.give_up = std::chrono::minutes(1);
  answer_ = [&](const auto& items) {
    clock_.Advance(std::chrono::seconds(40));
    return Each(items, [first = items.front().id](const std::string& id) {
      return BulkResult{id == first ? Outcome::kDone : Outcome::kBusy, "queue full"};
    });
  };
  const auto writer = Writer();
  EXPECT_TRUE(AddAll(*writer, {"a", "b", "c", "d"}).ok());
  EXPECT_EQ(writer->counts().written, 4u);
}

TEST_F(BulkWriterTest, WaitsLongerEachTimeUpToTheMost) {
  options_.bulk.retry_min = std::chrono::milliseconds(100);
  options_.bulk.retry_max = std::chrono::milliseconds(400);
  std::vector<Fault> faults(5, Fault{absl::ResourceExhaustedError("429"), false, nullptr});
  store_.Fail(Method::kBulk, faults);
  ASSERT_TRUE(AddAll(*Writer(), {"a"}).ok());
  EXPECT_EQ(clock_.passed(), std::chrono::milliseconds(100 + 200 + 400 + 400 + 400));
}

TEST_F(BulkWriterTest, ItemsFencedByARivalEndTheBuildAndTheLease) {
  answer_ = [&](const auto& items) {
    const Fence next{"tis", keeper_.Current()->epoch + 1};
    EXPECT_TRUE(store_.CreateLease(next, {}).ok());
    EXPECT_TRUE(store_.TakeOver(next, {}).ok());
    return Each(items, [](const std::string&) {
      return BulkResult{Outcome::kFenced, "alias gone"};
    });
  };
  EXPECT_EQ(AddAll(*Writer(), {"a"}).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(requests_.size(), 1u);
  EXPECT_EQ(keeper_.Current().status().code(), absl::StatusCode::kAborted);
}

TEST_F(BulkWriterTest, AnIndexThatCanNotBeWrittenToEndsTheBuildAndNotTheLease) {
  answer_ = [](const auto& items) {
    return Each(items, [](const std::string&) {
      return BulkResult{Outcome::kFenced, "alias gone"};
    });
  };
  const absl::Status added = AddAll(*Writer(), {"a"});
  EXPECT_EQ(added.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(added.message()), HasSubstr("removed its private write alias"));
  EXPECT_TRUE(keeper_.Current().ok());
}

TEST_F(BulkWriterTest, ItemsFencedByTheOwnStepToTheNextEpochAreSentAgain) {
  while (keeper_.Current()->epoch < 3) ASSERT_TRUE(keeper_.Force().ok());
  std::vector<uint64_t> versions;
  answer_ = [&](const auto& items) -> Answer {
    versions.push_back(items[0].version);
    if (versions.size() > 1) return std::nullopt;
    EXPECT_TRUE(keeper_.Force().ok());
    return Each(items, [](const std::string&) { return BulkResult{Outcome::kFenced, ""}; });
  };
  ASSERT_TRUE(AddAll(*Writer(), {"a"}).ok());
  EXPECT_THAT(versions, ElementsAre(FencedVersion(3, 7), FencedVersion(4, 7)));
}

TEST_F(BulkWriterTest, ItemsFencedByAStoreThatCanNotSayWhyAreSentAgain) {
  answer_ = [&](const auto& items) -> Answer {
    if (requests_.size() > 1) return std::nullopt;
    store_.Fail(Method::kRead, {{absl::UnavailableError("gone"), false, nullptr}});
    return Each(items, [](const std::string&) { return BulkResult{Outcome::kFenced, ""}; });
  };
  const absl::Status added = AddAll(*Writer(), {"a"});
  EXPECT_TRUE(added.ok()) << added;
  EXPECT_EQ(requests_.size(), 2u);
}

TEST_F(BulkWriterTest, AnAnswerForAnotherNumberOfItemsIsAnError) {
  answer_ = [](const auto&) -> Answer { return std::vector<BulkResult>(1); };
  EXPECT_EQ(AddAll(*Writer(), {"a", "b"}).code(), absl::StatusCode::kInternal);
}

TEST_F(BulkWriterTest, BuffersNeverMoreThanItsBoundUnderEightThreads) {
  options_.bulk.in_flight = 3;
  options_.bulk.max_documents = 7;
  options_.bulk.max_bytes = 2000;
  options_.bulk.max_buffered_bytes = 8000;
  const auto writer = Writer();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        EXPECT_TRUE(writer->Add(Item(absl::StrFormat("%d-%d", t, i), 100)).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(writer->Flush().ok());
  EXPECT_LE(writer->high_water_bytes(), 8000u);
  EXPECT_GT(writer->high_water_bytes(), 0u);
  EXPECT_EQ(writer->counts().written, 1600u);
  std::set<std::string> ids;
  for (const auto& request : requests_) {
    EXPECT_LE(request.size(), 7u);
    ids.insert(request.begin(), request.end());
  }
  EXPECT_EQ(ids.size(), 1600u);
}

TEST_F(BulkWriterTest, AnItemLargerThanTheBufferIsLetInAlone) {
  options_.bulk.max_buffered_bytes = 1000;
  const auto writer = Writer();
  ASSERT_TRUE(writer->Add(Item("small")).ok());
  ASSERT_TRUE(writer->Add(Item("huge", 5000)).ok());
  ASSERT_TRUE(writer->Flush().ok());
  EXPECT_EQ(writer->counts().written, 2u);
}

TEST_F(BulkWriterTest, FencedVersionsOfALaterEpochAreHigher) {
  EXPECT_GT(FencedVersion(2, 0), FencedVersion(1, kVersionMask));
  EXPECT_EQ(FencedVersion(3, 5), (3ULL << 40) + 5);
}

}  // namespace
}  // namespace indexswap
