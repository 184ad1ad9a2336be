// Messages of an event channel: journalled, and acknowledged only when they may be.
#include "syncd/daemon/intake.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "../readmodel/full_disk.h"
#include "../support/test_folder.h"
#include "../support/tis_plan.h"
#include "syncd/readmodel/journal.h"

namespace syncd {
namespace {

// What a test and its sources share.
struct Queue {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Message> messages;
  size_t next = 0;
  uint64_t acked = 0;  // up to this delivery
  int opened = 0;
  int refuse = 0;          // how many times Open fails
  bool fail_next = false;  // the next Next finds that the server is away
  int failed = 0;
  std::vector<std::string> notes;

  template <typename Condition>
  bool Wait(Condition condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(30), condition);
  }
};

class FakeSource : public Source {
 public:
  explicit FakeSource(Queue& queue) : queue_(queue) {}

  std::string Describe() const override { return "fake queue"; }
  absl::Status Open() override {
    const std::lock_guard lock(queue_.mutex);
    ++queue_.opened;
    queue_.changed.notify_all();
    if (queue_.refuse-- > 0) return absl::FailedPreconditionError("another consumer");
    return absl::OkStatus();
  }
  absl::StatusOr<std::optional<Message>> Next(std::chrono::milliseconds) override {
    const std::lock_guard lock(queue_.mutex);
    if (queue_.fail_next) {
      queue_.fail_next = false;
      ++queue_.failed;
      queue_.changed.notify_all();
      return absl::UnavailableError("the server does not answer");
    }
    if (queue_.next == queue_.messages.size()) return std::optional<Message>();
    return std::optional<Message>(queue_.messages[queue_.next++]);
  }
  absl::Status Ack(const Position& position) override {
    const std::lock_guard lock(queue_.mutex);
    queue_.acked = position.delivery;
    queue_.changed.notify_all();
    return absl::OkStatus();
  }
  absl::Status Close() override { return absl::OkStatus(); }
  absl::StatusOr<uint64_t> Waiting() override { return uint64_t{0}; }
  void Interrupt() override {}

 private:
  Queue& queue_;
};

class IntakeTest : public ::testing::Test {
 protected:
  IntakeTest() : vfs_(FullDisk::Watch()) {
    EXPECT_TRUE(Journal::Open(folder_.path()).ok());
    log_ = *EventLog::Open(folder_.path(), plan_);
  }

  void Put(const std::string& body) {
    const std::lock_guard lock(queue_.mutex);
    Message message;
    message.body = body;
    message.position = {1, queue_.messages.size() + 1};
    queue_.messages.push_back(std::move(message));
  }

  void Start() {
    IntakeCallbacks callbacks;
    callbacks.journalled = [this] {
      const std::lock_guard lock(queue_.mutex);
      queue_.changed.notify_all();
    };
    callbacks.acknowledged = [this] {
      return doubtful_ ? std::nullopt : std::optional<uint64_t>(answered_);
    };
    callbacks.note = [this](indexswap::Observer::Severity, const std::string& text) {
      const std::lock_guard lock(queue_.mutex);
      queue_.notes.push_back(text);
      queue_.changed.notify_all();
    };
    callbacks.step = [](std::string_view) {};
    intake_ = std::make_unique<ChannelIntake>(
        "tcs-updates",
        [this]() -> absl::StatusOr<std::unique_ptr<Source>> {
          return std::make_unique<FakeSource>(queue_);
        },
        *log_, std::move(callbacks));
  }

  const bool vfs_;  // before any file is opened
  const Plan plan_ = TisPlan();
  const TestFolder folder_;
  std::unique_ptr<EventLog> log_;
  Queue queue_;
  std::atomic<uint64_t> answered_{0};
  std::atomic<bool> doubtful_{false};
  std::unique_ptr<ChannelIntake> intake_;
};

TEST_F(IntakeTest, AcknowledgesWhatHasBeenAnsweredFor) {
  Put(R"({"tcsPersonId":1,"gmcReferenceNumber":"7000001"})");
  Start();
  ASSERT_TRUE(queue_.Wait([&] { return log_->head() == 1; }));
  EXPECT_EQ(queue_.acked, 0u);
  answered_ = 1;
  EXPECT_TRUE(queue_.Wait([&] { return queue_.acked == 1; }));
}

TEST_F(IntakeTest, AMessageThatCannotBeReadBlocksNobody) {
  Put("{ no JSON");
  Put(R"({"tcsPersonId":2,"gmcReferenceNumber":"7000001"})");
  Start();
  answered_ = 1;
  EXPECT_TRUE(queue_.Wait([&] { return queue_.acked == 2; }));
  EXPECT_EQ(*log_->CountDeadLetters(), 1);
  EXPECT_EQ(log_->head(), 1u);
}

// The disk is full: nothing is acknowledged, status says why, and it goes on by itself.
TEST_F(IntakeTest, WhatTheDiskHasNoRoomForStaysUnacknowledgedUntilItHas) {
  answered_ = 10;
  Put(R"({"tcsPersonId":1,"gmcReferenceNumber":"7000001"})");
  std::optional<FullDisk> full(std::in_place);
  Start();
  ASSERT_TRUE(queue_.Wait([&] { return !queue_.notes.empty(); }));
  EXPECT_NE(intake_->state().trouble.find("full"), std::string::npos) << intake_->state().trouble;
  EXPECT_EQ(log_->head(), 0u);
  EXPECT_EQ(queue_.acked, 0u);
  EXPECT_EQ(*log_->CountDeadLetters(), 0) << "it says nothing about the message";
  full.reset();
  {
    const std::lock_guard lock(queue_.mutex);
    queue_.next = 0;  // the queue hands it out again
  }
  EXPECT_TRUE(queue_.Wait([&] { return queue_.acked == 1; }));
  EXPECT_EQ(log_->head(), 1u);
}

TEST_F(IntakeTest, AQueueThatIsHeldIsTriedAgain) {
  queue_.refuse = 1;
  Put(R"({"tcsPersonId":1,"gmcReferenceNumber":"7000001"})");
  Start();
  EXPECT_TRUE(queue_.Wait([&] { return log_->head() == 1; }));
  EXPECT_EQ(queue_.opened, 2);
}

// An SQS source holds what it has handed out through an outage, and fetches nothing more than so
// many messages: if what waits were forgotten, nothing would ever come again.
TEST_F(IntakeTest, WhatWaitsIsAcknowledgedAfterAnOutage) {
  Put(R"({"tcsPersonId":1,"gmcReferenceNumber":"7000001"})");
  Start();
  ASSERT_TRUE(queue_.Wait([&] { return log_->head() == 1; }));
  {
    const std::lock_guard lock(queue_.mutex);
    queue_.fail_next = true;
  }
  ASSERT_TRUE(queue_.Wait([&] { return queue_.failed == 1; }));
  answered_ = 1;
  EXPECT_TRUE(queue_.Wait([&] { return queue_.acked == 1; }));
}

TEST_F(IntakeTest, AQuietQueueIsOutOfTroubleWhenItsServerIsBack) {
  queue_.fail_next = true;
  Start();
  ASSERT_TRUE(queue_.Wait([&] { return queue_.notes.size() == 2; }));
  EXPECT_EQ(queue_.notes[1], "channel tcs-updates: reading again");
  EXPECT_EQ(intake_->state().trouble, "");
}

TEST_F(IntakeTest, NothingIsAcknowledgedInDoubt) {
  doubtful_ = true;
  answered_ = 1;
  Put("{ no JSON");  // needs no answer, and must wait all the same
  Put(R"({"tcsPersonId":1,"gmcReferenceNumber":"7000001"})");
  Start();
  ASSERT_TRUE(queue_.Wait([&] { return log_->head() == 1; }));
  intake_.reset();
  EXPECT_EQ(queue_.acked, 0u);
  doubtful_ = false;
  answered_ = 2;
  Start();
  Put(R"({"tcsPersonId":1,"gmcReferenceNumber":"7000002"})");
  EXPECT_TRUE(queue_.Wait([&] { return queue_.acked == 3; }));
}

TEST_F(IntakeTest, WhatIsNotAnsweredForGoesBack) {
  Put(R"({"tcsPersonId":1,"gmcReferenceNumber":"7000001"})");
  Start();
  ASSERT_TRUE(queue_.Wait([&] { return log_->head() == 1; }));
  intake_.reset();
  EXPECT_EQ(queue_.acked, 0u);
}

}  // namespace
}  // namespace syncd
