// What a bulk writer does while a store has no room, is blocked, or fails.
#include <algorithm>
#include <atomic>
#include <thread>

#include "bulk_writer_world.h"

namespace indexswap {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Outcome = BulkResult::Outcome;

constexpr char kFlood[] = "disk usage exceeded flood-stage watermark";

class BulkWriterTroubleTest : public BulkWriterTest {};

TEST_F(BulkWriterTroubleTest, PressureLowersWhatIsInFlight) {
  options_.bulk.in_flight = 4;
  options_.bulk.max_documents = 1;
  answer_ = [&](const auto& items) -> BulkAnswer {
    if (requests_.size() > 20) return std::nullopt;
    return All(items, Outcome::kBusy, "queue full");
  };
  const auto writer = Writer();
  ASSERT_TRUE(AddAll(*writer, {"a", "b", "c", "d", "e", "f", "g", "h"}).ok());
  EXPECT_EQ(writer->counts().written, 8u);
  EXPECT_GE(writer->counts().cuts, 2u) << "four, two, one";
  EXPECT_THAT(refused_, IsEmpty());
}

TEST_F(BulkWriterTroubleTest, ARequestThatIsRefusedAsAWholeIsPressureToo) {
  options_.bulk.in_flight = 4;
  store_.Fail(Method::kBulk, {{absl::ResourceExhaustedError("429"), false, nullptr}});
  const auto writer = Writer();
  ASSERT_TRUE(AddAll(*writer, {"a"}).ok());
  EXPECT_EQ(writer->counts().cuts, 1u);
}

TEST_F(BulkWriterTroubleTest, AProbeWhoseAnswerIsLostDoesNotEndThePause) {
  answer_ = [&](const auto& items) -> BulkAnswer {
    if (requests_.size() == 2) return absl::UnknownError("reset");
    if (requests_.size() > 3) return std::nullopt;
    return All(items, Outcome::kBlocked, kFlood);
  };
  const auto writer = Writer();
  ASSERT_TRUE(AddAll(*writer, {"a"}).ok());
  EXPECT_EQ(requests_.size(), 4u);
  EXPECT_EQ(writer->counts().pauses, 1u);
}

TEST_F(BulkWriterTroubleTest, ABlockIsWaitedForHoweverLongItTakes) {
  options_.bulk.give_up = std::chrono::minutes(1);
  answer_ = [&](const auto& items) -> BulkAnswer {
    if (requests_.size() > 30) return std::nullopt;
    return All(items, Outcome::kBlocked, kFlood);
  };
  const auto writer = Writer();
  ASSERT_TRUE(AddAll(*writer, {"a", "b"}).ok());
  EXPECT_GT(clock_.passed(), std::chrono::minutes(2));
  EXPECT_EQ(writer->counts().written, 2u);
  EXPECT_EQ(writer->counts().pauses, 1u);
  EXPECT_GT(writer->counts().paused, std::chrono::minutes(2));
  EXPECT_EQ(writer->blocked(), "");
  EXPECT_THAT(notes_.all(),
              ElementsAre(AllOf(HasSubstr("warning: writing is paused: index docs_v1: "),
                                HasSubstr(kFlood), HasSubstr("free disk space")),
                          AllOf(HasSubstr("writing goes on after"), HasSubstr(kFlood))));
}

TEST_F(BulkWriterTroubleTest, WhileBlockedOneBatchProbesAndTheRestWaits) {
  constexpr size_t kInFlight = 3;
  options_.bulk.in_flight = kInFlight;
  options_.bulk.max_documents = 1;
  std::string cause;
  BulkWriter* asked = nullptr;
  answer_ = [&](const auto& items) -> BulkAnswer {
    if (requests_.size() > 12) return std::nullopt;
    if (requests_.size() == 12) cause = asked->blocked();
    return All(items, Outcome::kBlocked, kFlood);
  };
  const auto writer = Writer();
  asked = writer.get();
  ASSERT_TRUE(AddAll(*writer, {"a", "b", "c", "d", "e"}).ok());
  EXPECT_THAT(cause, HasSubstr(kFlood));
  // The others had their one try, if they had begun it before the block was known.
  const auto probes = std::count(requests_.begin(), requests_.begin() + 12, requests_[11]);
  EXPECT_GE(static_cast<size_t>(probes), 12 - (kInFlight - 1));
  EXPECT_EQ(writer->counts().written, 5u);
  EXPECT_EQ(writer->counts().pauses, 1u);
}

TEST_F(BulkWriterTroubleTest, WhoeverWaitsForABlockCanStop) {
  options_.bulk.in_flight = 2;
  options_.bulk.max_documents = 1;
  answer_ = [](const auto& items) { return All(items, Outcome::kBlocked, kFlood); };
  const auto writer = Writer();
  writer->set_on_wait([&] {
    EXPECT_THAT(writer->blocked(), HasSubstr(kFlood));
    return absl::CancelledError("stop");
  });
  EXPECT_EQ(AddAll(*writer, {"a", "b", "c"}).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(writer->Add(Item("d")).code(), absl::StatusCode::kCancelled) << "for good";
  EXPECT_EQ(writer->counts().written, 0u);
  EXPECT_THAT(refused_, IsEmpty());
}

TEST_F(BulkWriterTroubleTest, WhoeverWaitsForSpaceCanStop) {
  options_.bulk.max_buffered_bytes = 300;
  answer_ = [](const auto& items) { return All(items, Outcome::kBlocked, kFlood); };
  const auto writer = Writer();
  writer->set_on_wait([] { return absl::CancelledError("stop"); });
  absl::Status status;
  for (int i = 0; i < 10 && status.ok(); ++i) status = writer->Add(Item(std::to_string(i)));
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
}

TEST_F(BulkWriterTroubleTest, ALostLeaseEndsAPause) {
  options_.bulk.in_flight = 2;
  options_.bulk.max_documents = 1;
  answer_ = [&](const auto& items) {
    if (requests_.size() == 5) keeper_.NoteLost();
    return All(items, Outcome::kBlocked, kFlood);
  };
  EXPECT_EQ(AddAll(*Writer(), {"a", "b", "c"}).code(), absl::StatusCode::kAborted);
  // The other sender may have been on its way before the block was known.
  EXPECT_LE(requests_.size(), 6u);
}

TEST_F(BulkWriterTroubleTest, ALostLeaseEndsTheWaitBetweenTries) {
  answer_ = [&](const auto& items) {
    if (requests_.size() == 5) keeper_.NoteLost();
    return All(items, Outcome::kBusy, "queue full");
  };
  EXPECT_EQ(AddAll(*Writer(), {"a"}).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(requests_.size(), 5u);
}

TEST_F(BulkWriterTroubleTest, AWriterThatIsBlockedCanBeDestroyed) {
  options_.bulk.in_flight = 2;
  options_.bulk.max_documents = 1;
  std::atomic<int> answered = 0;
  answer_ = [&](const auto& items) {
    ++answered;
    return All(items, Outcome::kBlocked, kFlood);
  };
  auto writer = Writer();
  ASSERT_TRUE(writer->Add(Item("a")).ok());
  ASSERT_TRUE(writer->Add(Item("b")).ok());
  while (answered < 3) std::this_thread::yield();
  writer.reset();
  EXPECT_THAT(refused_, IsEmpty());
}

TEST_F(BulkWriterTroubleTest, AnItemThatTheServerAlwaysFailsWithEndsTheBuildByName) {
  options_.bulk.give_up = std::chrono::minutes(1);
  answer_ = [](const auto& items) {
    return BulkWriterTest::Each(items, [](const std::string& id) {
      return id == "b" ? BulkResult{Outcome::kFailed, "null_pointer_exception"} : BulkResult{};
    });
  };
  const auto writer = Writer();
  const absl::Status status = AddAll(*writer, {"a", "b", "c"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("document b of index docs_v1"), HasSubstr("null_pointer_exception")));
  EXPECT_EQ(writer->counts().written, 2u);
  EXPECT_THAT(refused_, IsEmpty()) << "a fault of the server is no dead letter";
}

TEST_F(BulkWriterTroubleTest, AnItemThatFailsAgainAndAgainIsSentAloneWhileOthersWait) {
  options_.bulk.give_up = std::chrono::minutes(1);
  answer_ = [](const auto& items) {
    return BulkWriterTest::Each(items, [](const std::string& id) {
      return id == "b" ? BulkResult{Outcome::kFailed, "null_pointer_exception"}
                       : BulkResult{Outcome::kBusy, "queue full"};
    });
  };
  EXPECT_EQ(AddAll(*Writer(), {"a", "b"}).code(), absl::StatusCode::kInternal);
  ASSERT_GT(requests_.size(), 6u);
  for (size_t i = 0; i < requests_.size(); ++i) {
    EXPECT_THAT(requests_[i].size(), i < 5 ? 2u : 1u) << i;
    EXPECT_EQ(requests_[i].back(), "b");
  }
}

TEST_F(BulkWriterTroubleTest, WhenTheServerHasRecoveredAllGoTogetherAgain) {
  answer_ = [&](const auto& items) -> BulkAnswer {
    if (requests_.size() > 6) return std::nullopt;
    return All(items, Outcome::kFailed, "null_pointer_exception");
  };
  const auto writer = Writer();
  ASSERT_TRUE(AddAll(*writer, {"a", "b", "c"}).ok());
  EXPECT_EQ(writer->counts().written, 3u);
  ASSERT_EQ(requests_.size(), 8u);
  EXPECT_THAT(requests_[5], ElementsAre("a"));
  EXPECT_THAT(requests_[6], ElementsAre("a"));
  EXPECT_THAT(requests_[7], ElementsAre("b", "c"));
}

}  // namespace
}  // namespace indexswap
