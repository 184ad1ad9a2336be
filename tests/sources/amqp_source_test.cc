#include "syncd/sources/amqp_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "sources/broker.h"
#include "sources/tcp_proxy.h"

namespace syncd {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr milliseconds kLong{30'000};

class AmqpSourceTest : public BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (HasFatalFailure()) return;
    options_.reconnect_max = milliseconds(500);
  }

  void OpenSource() {
    source_ = std::make_unique<AmqpSource>(options_, queue_);
    const absl::Status status = source_->Open();
    ASSERT_TRUE(status.ok()) << status;
  }

  void OpenThroughProxy() {
    proxy_ = std::make_unique<TcpProxy>(TcpProxy::PortOf(options_.url));
    options_.url = proxy_->Through(options_.url);
    OpenSource();
  }

  void PublishNumbers(int from, int to) {
    for (int i = from; i <= to; ++i) broker_->Publish(queue_, std::to_string(i));
    broker_->Flush();
  }

  // The next message, or an empty one (and a failure) if none comes.
  Message Take() {
    auto message = source_->Next(kLong);
    EXPECT_TRUE(message.ok()) << message.status();
    if (!message.ok() || !*message) {
      ADD_FAILURE() << "no message";
      return {};
    }
    return **std::move(message);
  }

  // The next error. What was fetched before it may still come first: that the connection is gone
  // is noticed by another thread.
  absl::Status TakeError() {
    absl::StatusOr<std::optional<Message>> next;
    do {
      next = source_->Next(kLong);
    } while (next.ok() && *next);
    return next.status();
  }

  std::unique_ptr<TcpProxy> proxy_;
  std::unique_ptr<AmqpSource> source_;
};

TEST_F(AmqpSourceTest, DeliversInOrder) {
  PublishNumbers(1, 2000);
  OpenSource();
  EXPECT_EQ(source_->Describe(), "amqp queue " + queue_);
  for (int i = 1; i <= 2000; ++i) {
    const Message message = Take();
    ASSERT_EQ(message.body, std::to_string(i));
    ASSERT_EQ(message.position, (Position{1, static_cast<uint64_t>(i)}));
    ASSERT_FALSE(message.redelivered);
    if (i % 5 == 0) {
      ASSERT_TRUE(source_->Ack(message.position).ok());
    }
  }
  EXPECT_FALSE(source_->Next(milliseconds(1))->has_value());
  EXPECT_EQ(source_->stats().prefetch, 1000) << "small messages get the whole prefetch";
}

TEST_F(AmqpSourceTest, EmptyBodiesAndEmptyQueues) {
  OpenSource();
  EXPECT_FALSE(source_->Next(milliseconds(1))->has_value());
  broker_->Publish(queue_, "");
  EXPECT_EQ(Take().body, "");
}

TEST_F(AmqpSourceTest, OnlyWhatIsAcknowledgedIsGone) {
  PublishNumbers(1, 50);
  OpenSource();
  Message last;
  for (int i = 1; i <= 30; ++i) last = Take();
  ASSERT_TRUE(source_->Ack({1, 20}).ok());
  ASSERT_TRUE(source_->Close().ok());
  ASSERT_TRUE(source_->Close().ok());
  EXPECT_EQ(source_->Next(kLong).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(broker_->Ready(queue_), 30u) << "Close waits for the broker to have them back";
  OpenSource();
  for (int i = 21; i <= 50; ++i) {
    const Message message = Take();
    ASSERT_EQ(message.body, std::to_string(i));
    ASSERT_TRUE(message.redelivered || i > 30) << i;  // the rest may have been fetched, too
  }
}

TEST_F(AmqpSourceTest, WaitingCountsWhatIsFetchedButNotRead) {
  PublishNumbers(1, 500);
  options_.prefetch_messages = 2;  // so that the prefetch does not change meanwhile
  OpenSource();
  EXPECT_EQ(source_->Waiting().value(), 500u);
  Take();
  EXPECT_EQ(source_->Waiting().value(), 499u);
}

TEST_F(AmqpSourceTest, AnotherConsumerIsNamedWithQueueAndCount) {
  broker_->Consume(queue_);
  AmqpSource source(options_, queue_);
  const absl::Status status = source.Open();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(queue_), HasSubstr("1 other consumer"), HasSubstr("stop")));
  options_.exclusive = false;
  OpenSource();
}

TEST_F(AmqpSourceTest, KeepsOthersOutWhileItReads) {
  OpenSource();
  options_.exclusive = false;
  AmqpSource other(options_, queue_);
  const absl::Status status = other.Open();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("1 other consumer"));
}

TEST_F(AmqpSourceTest, AMissingQueueIsNamedOrDeclared) {
  const std::string existing = queue_;
  queue_ += ".missing";
  AmqpSource source(options_, queue_);
  const absl::Status status = source.Open();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(queue_), HasSubstr("[amqp] declare = true")));
  options_.declare = true;
  OpenSource();
  broker_->Publish(queue_, "1");
  EXPECT_EQ(Take().body, "1");
  ASSERT_TRUE(source_->Close().ok());
  broker_->DeleteQueue(queue_);
}

TEST_F(AmqpSourceTest, ACutConnectionIsReplacedAndItsPositionsAreVoid) {
  PublishNumbers(1, 20);
  OpenThroughProxy();
  Message old;
  for (int i = 1; i <= 10; ++i) old = Take();
  proxy_->Cut();
  const absl::Status lost = TakeError();
  EXPECT_EQ(lost.code(), absl::StatusCode::kUnavailable) << lost;
  const Message first = Take();
  EXPECT_EQ(first.body, "1");
  EXPECT_TRUE(first.redelivered);
  EXPECT_EQ(first.position, (Position{2, 1}));
  ASSERT_TRUE(source_->Ack(old.position).ok()) << "delivery 10 of the dead connection";
  for (int i = 2; i <= 15; ++i) EXPECT_EQ(Take().body, std::to_string(i));
  ASSERT_TRUE(source_->Ack({2, 3}).ok());
  ASSERT_TRUE(source_->Close().ok());
  EXPECT_EQ(broker_->Ready(queue_), 17u) << "3 were acknowledged, not 10";
}

TEST_F(AmqpSourceTest, AnUnreachableBrokerIsReportedOnceAndFoundAgain) {
  OpenThroughProxy();
  proxy_->Refuse(true);
  proxy_->Cut();
  EXPECT_EQ(TakeError().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(source_->Waiting().status().code(), absl::StatusCode::kUnavailable);
  proxy_->Refuse(false);
  broker_->Publish(queue_, "back");
  for (int losses = 0; losses < 5; ++losses) {
    auto message = source_->Next(kLong);
    if (!message.ok()) continue;  // another reason why it did not work yet
    ASSERT_TRUE(message->has_value());
    EXPECT_EQ((*message)->body, "back");
    return;
  }
  FAIL() << "the loss was reported again and again";
}

TEST_F(AmqpSourceTest, TheBrokersOwnFarewellIsPassedOn) {
  OpenSource();
  broker_->Control("close_all_user_connections guest going-down");
  const absl::Status lost = TakeError();
  EXPECT_EQ(lost.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(lost.message()), HasSubstr("going-down"));
  broker_->Connect();  // the test's connection is closed, too
  broker_->Publish(queue_, "1");
  EXPECT_EQ(Take().body, "1");
  EXPECT_EQ(source_->stats().connections, 2u);
}

TEST_F(AmqpSourceTest, ASilentBrokerIsNoticed) {
  options_.heartbeat_s = 1;
  options_.answer_timeout = milliseconds(500);
  OpenThroughProxy();
  proxy_->Freeze(true);
  const absl::Status lost = TakeError();
  EXPECT_EQ(lost.code(), absl::StatusCode::kUnavailable) << lost;
  proxy_->Freeze(false);
}

TEST_F(AmqpSourceTest, ADeletedQueueIsNoticed) {
  OpenSource();
  broker_->DeleteQueue(queue_);
  const absl::Status lost = TakeError();
  EXPECT_EQ(lost.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(lost.message()), AllOf(HasSubstr(queue_), HasSubstr("deleted")));
  EXPECT_THAT(std::string(TakeError().message()), HasSubstr("there is no queue"));
  broker_->DeclareQueue(queue_);
  broker_->Publish(queue_, "1");
  EXPECT_EQ(Take().body, "1");
}

TEST_F(AmqpSourceTest, ADeletedQueueIsDeclaredAgainIfAllowed) {
  options_.declare = true;
  OpenSource();
  broker_->DeleteQueue(queue_);
  EXPECT_EQ(TakeError().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(source_->Next(milliseconds(0)).value().has_value());
  while (source_->stats().connections < 2) ASSERT_TRUE(source_->Next(milliseconds(10)).ok());
  broker_->Publish(queue_, "1");
  EXPECT_EQ(Take().body, "1");
}

TEST_F(AmqpSourceTest, LargeMessagesStayWithinTheBudget) {
  constexpr size_t kBody = 5'000'000;
  constexpr int kMessages = 20;
  for (int i = 0; i < kMessages; ++i) {
    broker_->Publish(queue_, std::string(kBody, static_cast<char>('a' + i)));
  }
  broker_->Flush();
  options_.prefetch_bytes = 16'000'000;
  OpenSource();
  Message message;
  for (int i = 0; i < kMessages; ++i) {
    message = Take();
    ASSERT_EQ(message.body.size(), kBody);
    ASSERT_EQ(message.body.front(), 'a' + i);
    ASSERT_EQ(message.body.back(), 'a' + i);
    ASSERT_TRUE(source_->Ack(message.position).ok());
  }
  const AmqpSource::Stats stats = source_->stats();
  EXPECT_LT(stats.buffered_bytes_max, options_.prefetch_bytes + kBody);
  EXPECT_LE(stats.prefetch, 4);
  EXPECT_EQ(stats.connections, 1u);
  ASSERT_TRUE(source_->Close().ok());
  EXPECT_EQ(broker_->Ready(queue_), 0u);
}

// The budget is full and nobody reads for several heartbeats: the connection must live on.
TEST_F(AmqpSourceTest, ASlowReaderKeepsItsConnection) {
  constexpr size_t kBody = 1'000'000;
  options_.heartbeat_s = 1;
  options_.prefetch_bytes = 1;
  for (int i = 0; i < 12; ++i) broker_->Publish(queue_, std::string(kBody, 'x'));
  broker_->Flush();
  OpenSource();
  Take();
  // Heartbeats are the clock: another connection with the same heartbeat is frozen until it is
  // given up, and then once more until its successor is.
  TcpProxy proxy(TcpProxy::PortOf(options_.url));
  AmqpOptions frozen = options_;
  frozen.url = proxy.Through(frozen.url);
  frozen.answer_timeout = milliseconds(1000);
  AmqpSource other(frozen, queue_ + ".other");
  broker_->DeclareQueue(queue_ + ".other");
  ASSERT_TRUE(other.Open().ok());
  proxy.Freeze(true);
  for (int losses = 0; losses < 2;) losses += other.Next(kLong).ok() ? 0 : 1;
  EXPECT_GT(source_->Waiting().value(), 0u) << "answered although nothing is fetched";
  for (int i = 1; i < 12; ++i) {
    const Message message = Take();
    ASSERT_EQ(message.body.size(), kBody);
    ASSERT_EQ(message.position.connection, 1u);
    ASSERT_TRUE(source_->Ack(message.position).ok());
  }
  EXPECT_LE(source_->stats().buffered_bytes_max, kBody);
}

TEST_F(AmqpSourceTest, InterruptEndsAWaitingReader) {
  OpenSource();
  std::future<absl::Status> waiting =
      std::async(std::launch::async, [this] { return source_->Next(kLong).status(); });
  source_->Interrupt();
  EXPECT_EQ(waiting.get().code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(source_->Close().ok());
}

TEST_F(AmqpSourceTest, OpenCanBeTriedAgain) {
  proxy_ = std::make_unique<TcpProxy>(TcpProxy::PortOf(options_.url));
  options_.url = proxy_->Through(options_.url);
  proxy_->Refuse(true);
  source_ = std::make_unique<AmqpSource>(options_, queue_);
  EXPECT_EQ(source_->Open().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(source_->Next(kLong).status().code(), absl::StatusCode::kFailedPrecondition);
  proxy_->Refuse(false);
  EXPECT_TRUE(source_->Open().ok());
  broker_->Publish(queue_, "1");
  EXPECT_EQ(Take().body, "1");
}

}  // namespace
}  // namespace syncd
