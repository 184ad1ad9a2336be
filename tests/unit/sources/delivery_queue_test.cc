#include "syncd/sources/delivery_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>
#include <utility>

namespace syncd {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
constexpr milliseconds kLong{60'000};

class DeliveryQueueTest : public ::testing::Test {
 protected:
  void Deliver(uint64_t tag, std::string body = "x") {
    std::vector<Message> messages(1);
    messages[0].body = std::move(body);
    messages[0].position.delivery = tag;
    queue_.Push(messages);
  }

  Message Take() {
    auto message = queue_.Pop(milliseconds(0));
    EXPECT_TRUE(message.ok() && message->has_value());
    return message.ok() && *message ? **std::move(message) : Message();
  }

  int wakes_ = 0;
  DeliveryQueue queue_{100, [this] { ++wakes_; }};
};

TEST_F(DeliveryQueueTest, MessagesComeInOrderWithTheirConnection) {
  queue_.Connected();
  Deliver(1, "a");
  Deliver(2, "b");
  const Message first = Take();
  EXPECT_EQ(first.body, "a");
  EXPECT_EQ(first.position, (Position{1, 1}));
  EXPECT_EQ(Take().position, (Position{1, 2}));
  EXPECT_FALSE(queue_.Pop(milliseconds(0))->has_value());
}

TEST_F(DeliveryQueueTest, RoomEndsAtTheLimitAndTheIoThreadIsWokenOnce) {
  queue_.Connected();
  EXPECT_EQ(queue_.Room(), 100u);
  for (uint64_t tag = 1; tag <= 4; ++tag) Deliver(tag, std::string(40, 'x'));
  EXPECT_EQ(queue_.Room(), 0u);
  EXPECT_EQ(queue_.bytes_highest(), 160u);
  Take();
  Take();
  EXPECT_EQ(wakes_, 0) << "80 of 100 bytes are still there";
  Take();
  EXPECT_EQ(wakes_, 1);
  Take();
  EXPECT_EQ(wakes_, 1);
  EXPECT_EQ(queue_.Room(), 100u);
}

TEST_F(DeliveryQueueTest, AcknowledgesTheHighestOnce) {
  queue_.Connected();
  for (uint64_t tag = 1; tag <= 3; ++tag) Deliver(tag);
  for (int i = 0; i < 3; ++i) Take();
  EXPECT_EQ(queue_.TakeAck(), std::nullopt);
  EXPECT_TRUE(queue_.Ack({1, 1}).ok());
  EXPECT_TRUE(queue_.Ack({1, 3}).ok());
  EXPECT_TRUE(queue_.Ack({1, 2}).ok());
  EXPECT_EQ(wakes_, 2);
  EXPECT_EQ(queue_.TakeAck(), 3u);
  EXPECT_EQ(queue_.TakeAck(), std::nullopt);
}

TEST_F(DeliveryQueueTest, RefusesToAcknowledgeWhatWasNotHandedOut) {
  queue_.Connected();
  Deliver(1);
  Deliver(2);
  Take();
  EXPECT_EQ(queue_.Ack({1, 2}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(queue_.Ack({1, 0}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(queue_.Ack({2, 1}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(queue_.TakeAck(), std::nullopt);
}

TEST_F(DeliveryQueueTest, ALossDropsWhatWasReadAndIsReportedOnce) {
  queue_.Connected();
  Deliver(1);
  Deliver(2);
  Take();
  queue_.Lost(absl::UnavailableError("connection reset"));
  EXPECT_TRUE(queue_.Ack({1, 1}).ok());
  EXPECT_EQ(queue_.TakeAck(), std::nullopt) << "of a dead connection";
  const absl::Status lost = queue_.Pop(kLong).status();
  EXPECT_EQ(lost.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(lost.message()), HasSubstr("connection reset"));
  EXPECT_FALSE(queue_.Pop(milliseconds(0))->has_value());
  queue_.Lost(absl::UnavailableError("connection reset"));
  EXPECT_TRUE(queue_.Pop(milliseconds(0)).ok()) << "the same reason is not repeated";
  queue_.Lost(absl::UnavailableError("refused"));
  EXPECT_EQ(queue_.Pop(milliseconds(0)).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(DeliveryQueueTest, PositionsOfAnEarlierConnectionAreIgnored) {
  queue_.Connected();
  for (uint64_t tag = 1; tag <= 5; ++tag) Deliver(tag);
  for (int i = 0; i < 5; ++i) Take();
  queue_.Lost(absl::UnavailableError("gone"));
  queue_.Connected();
  EXPECT_FALSE(queue_.Pop(milliseconds(0)).ok()) << "the loss comes before new messages";
  Deliver(1);
  Deliver(2);
  EXPECT_EQ(Take().position, (Position{2, 1}));
  EXPECT_TRUE(queue_.Ack({1, 5}).ok());
  EXPECT_EQ(queue_.TakeAck(), std::nullopt);
  EXPECT_TRUE(queue_.Ack({2, 1}).ok());
  EXPECT_EQ(queue_.TakeAck(), 1u);
}

TEST_F(DeliveryQueueTest, AFailureStays) {
  queue_.Connected();
  queue_.Fail(absl::FailedPreconditionError("occupied"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(queue_.Pop(kLong).status().code(), absl::StatusCode::kFailedPrecondition);
  }
  EXPECT_EQ(queue_.Ask(kLong).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(DeliveryQueueTest, InterruptEndsARunningPopAndEveryLaterOne) {
  queue_.Connected();
  std::future<absl::Status> waiting =
      std::async(std::launch::async, [this] { return queue_.Pop(kLong).status(); });
  queue_.Interrupt();
  EXPECT_EQ(waiting.get().code(), absl::StatusCode::kCancelled);
  Deliver(1);
  EXPECT_EQ(queue_.Pop(kLong).status().code(), absl::StatusCode::kCancelled);
}

TEST(DeliveryQueueQuestionTest, TheAnswerCountsWhatIsInTheQueue) {
  std::promise<void> woken;
  DeliveryQueue queue(100, [&woken] { woken.set_value(); });
  queue.Connected();
  std::vector<Message> messages(2);
  queue.Push(messages);
  EXPECT_FALSE(queue.TakeQuestion());
  std::thread io([&] {
    woken.get_future().wait();
    EXPECT_TRUE(queue.TakeQuestion());
    EXPECT_FALSE(queue.TakeQuestion());
    queue.Answer(40);
  });
  absl::StatusOr<uint64_t> waiting = queue.Ask(kLong);
  io.join();
  EXPECT_EQ(*waiting, 42u);
}

TEST_F(DeliveryQueueTest, AQuestionWithoutAnswerEnds) {
  EXPECT_EQ(queue_.Ask(milliseconds(1)).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(queue_.TakeQuestion());
}

// A fast writer and a reader that acknowledges in batches: order, bound and acknowledgements hold.
TEST(DeliveryQueueThreadsTest, BoundHoldsUnderLoad) {
  constexpr uint64_t kMessages = 20'000;
  std::mutex mutex;
  std::condition_variable woken;
  bool wake = false;
  DeliveryQueue queue(1000, [&] {
    std::lock_guard lock(mutex);
    wake = true;
    woken.notify_one();
  });
  queue.Connected();
  uint64_t acknowledged = 0;
  std::thread io([&] {
    for (uint64_t tag = 1; tag <= kMessages;) {
      if (auto ack = queue.TakeAck()) acknowledged = *ack;
      if (queue.Room() == 0) {
        std::unique_lock lock(mutex);
        woken.wait(lock, [&] { return std::exchange(wake, false); });
        continue;
      }
      std::vector<Message> messages(1);
      messages[0].body.assign(tag % 90, 'x');
      messages[0].position.delivery = tag++;
      queue.Push(messages);
    }
  });
  for (uint64_t tag = 1; tag <= kMessages; ++tag) {
    auto message = queue.Pop(kLong);
    ASSERT_TRUE(message.ok() && message->has_value());
    ASSERT_EQ((*message)->position.delivery, tag);
    if (tag % 100 == 0) {
      ASSERT_TRUE(queue.Ack((*message)->position).ok());
    }
  }
  io.join();
  if (auto ack = queue.TakeAck()) acknowledged = *ack;
  EXPECT_EQ(acknowledged, kMessages);
  EXPECT_LT(queue.bytes_highest(), 1000u + 90u);
}

TEST(DeliveryQueueReportTest, ReportDropsNothing) {
  DeliveryQueue queue(1000, [] {});
  queue.Connected();
  std::vector<Message> messages = {{"a", {0, 1}}, {"b", {0, 2}}};
  queue.Push(messages);
  const auto first = queue.Pop(std::chrono::milliseconds(0));
  ASSERT_TRUE(first.ok() && *first);
  queue.Report(absl::UnavailableError("away"));
  queue.Report(absl::UnavailableError("away"));
  EXPECT_EQ(queue.Pop(std::chrono::milliseconds(0)).status(), absl::UnavailableError("away"));
  EXPECT_TRUE(queue.Ack((*first)->position).ok());
  EXPECT_EQ(queue.TakeAck(), 1u);
  const auto second = queue.Pop(std::chrono::milliseconds(0));
  ASSERT_TRUE(second.ok() && *second) << "the same reason is reported once";
  EXPECT_EQ((*second)->body, "b");
  queue.Recovered();
  queue.Report(absl::UnavailableError("away"));
  EXPECT_FALSE(queue.Pop(std::chrono::milliseconds(0)).ok()) << "it is away again";
}

TEST(DeliveryQueueReportTest, WithdrawsOnlyWhatIsNotRead) {
  DeliveryQueue queue(1000, [] {});
  queue.Connected();
  std::vector<Message> messages = {{"aa", {0, 1}}, {"bb", {0, 2}}, {"cc", {0, 3}}};
  queue.Push(messages);
  EXPECT_TRUE(queue.Pop(std::chrono::milliseconds(0)).ok());
  EXPECT_EQ(queue.Withdraw({1, 2}), std::vector<uint64_t>{2});
  EXPECT_EQ(queue.Room(), 998u);
  EXPECT_EQ((*queue.Pop(std::chrono::milliseconds(0)))->body, "cc");
}

}  // namespace
}  // namespace syncd
