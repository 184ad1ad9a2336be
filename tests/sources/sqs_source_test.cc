#include "syncd/sources/sqs_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sources/sqs_server.h"
#include "sources/tcp_proxy.h"

namespace syncd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr milliseconds kLong{30'000};

std::vector<std::string> Numbers(int from, int to) {
  std::vector<std::string> bodies;
  for (int i = from; i <= to; ++i) bodies.push_back(std::to_string(i));
  return bodies;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  EXPECT_NE(value, nullptr) << name << " is not set: run this under `tests/servers/servers.py run "
                            << "elasticmq moto -- …`";
  return value == nullptr ? "" : value;
}

// One server, one fresh queue a test, and the source.
class SqsTest : public ::testing::Test {
 protected:
  virtual void SetOptions() = 0;

  void SetUp() override {
    options_.region = "eu-west-2";
    SetOptions();
    ASSERT_FALSE(HasFailure()) << "there is no server";
    options_.reconnect_max = milliseconds(500);
    server_ = std::make_unique<SqsServer>(options_);
  }

  void CreateQueue(const std::string& suffix = "") {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    queue_ =
        server_->CreateQueue(std::string(test->name()) + "-" + std::to_string(getpid()) + suffix);
  }

  void OpenSource() {
    source_ = std::make_unique<SqsSource>(options_, queue_);
    const absl::Status status = source_->Open();
    ASSERT_TRUE(status.ok()) << status;
  }

  void OpenThroughProxy() {
    proxy_ = std::make_unique<TcpProxy>(TcpProxy::PortOf(options_.endpoint));
    options_.endpoint = proxy_->Through(options_.endpoint);
    OpenSource();
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

  // The next message; errors are passed over.
  Message TakeInTheEnd() {
    while (true) {
      auto message = source_->Next(kLong);
      if (!message.ok() && message.status().code() == absl::StatusCode::kUnavailable) continue;
      if (message.ok() && *message) return **std::move(message);
      ADD_FAILURE() << message.status();
      return {};
    }
  }

  // The next error; messages are passed over.
  absl::Status TakeError() {
    absl::StatusOr<std::optional<Message>> next;
    do {
      next = source_->Next(kLong);
    } while (next.ok() && *next);
    return next.status();
  }

  // Waits until the queue holds nothing, not even hidden.
  void AwaitEmpty() {
    while (server_->Waiting(queue_) + server_->Hidden(queue_) > 0) {
    }
  }

  SqsOptions options_;
  std::unique_ptr<SqsServer> server_;
  std::string queue_;
  std::unique_ptr<TcpProxy> proxy_;
  std::unique_ptr<SqsSource> source_;
};

class ElasticMqTest : public SqsTest {
 protected:
  void SetOptions() override {
    options_.endpoint = Variable("INDEXSWAP_TEST_ELASTICMQ_URL");
    options_.credentials = indexswap::StaticAwsCredentials({"x", "x"});
  }
};

TEST_F(ElasticMqTest, DeliversEverythingOnceAndDeletesIt) {
  CreateQueue();
  server_->Send(queue_, Numbers(1, 300));
  options_.prefetch_messages = 70;
  OpenSource();
  std::set<std::string> bodies;
  Position last;
  for (int i = 1; i <= 300; ++i) {
    const Message message = Take();
    EXPECT_EQ(message.position.delivery, static_cast<uint64_t>(i));
    EXPECT_FALSE(message.redelivered);
    EXPECT_EQ(message.receive_count, 1u);
    EXPECT_TRUE(message.sent_ms);
    EXPECT_FALSE(message.message_id.empty());
    bodies.insert(message.body);
    last = message.position;
    if (i % 30 == 0) {
      ASSERT_TRUE(source_->Ack(last).ok());
    }
  }
  EXPECT_EQ(bodies.size(), 300u);
  AwaitEmpty();
  EXPECT_TRUE(source_->Close().ok());
  EXPECT_EQ(source_->counters().deleted, 300u);
  EXPECT_EQ(source_->counters().stale, 0u);
}

TEST_F(ElasticMqTest, CloseGivesBackWhatIsNotAcknowledged) {
  CreateQueue();
  server_->Send(queue_, Numbers(1, 40));
  OpenSource();
  for (int i = 1; i < 5; ++i) Take();
  ASSERT_TRUE(source_->Ack(Take().position).ok());
  Take();
  ASSERT_TRUE(source_->Close().ok());
  EXPECT_EQ(server_->Waiting(queue_), 35u);
  EXPECT_EQ(server_->Hidden(queue_), 0u);
  OpenSource();
  for (int i = 1; i <= 35; ++i) Take();
  EXPECT_EQ(source_->Waiting().value_or(99), 0u);
}

TEST_F(ElasticMqTest, FifoKeepsItsOrder) {
  CreateQueue(".fifo");
  server_->Send(queue_, Numbers(1, 60), "group");
  OpenSource();
  for (int i = 1; i <= 25; ++i) {
    const Message message = Take();
    EXPECT_EQ(message.body, std::to_string(i));
    EXPECT_FALSE(message.sequence.empty());
    ASSERT_TRUE(source_->Ack(message.position).ok());
  }
  ASSERT_TRUE(source_->Close().ok());
  OpenSource();
  for (int i = 26; i <= 60; ++i) {
    const Message message = Take();
    EXPECT_EQ(message.body, std::to_string(i));
    ASSERT_TRUE(source_->Ack(message.position).ok());
  }
  AwaitEmpty();
}

TEST_F(ElasticMqTest, UnacknowledgedMessagesStayHidden) {
  CreateQueue();
  options_.visibility_timeout = seconds(1);
  options_.wait = seconds(1);
  server_->Send(queue_, {"once"});
  OpenSource();
  const Message message = Take();
  // Three times the time after which it would have come again.
  auto next = source_->Next(milliseconds(3000));
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_FALSE(*next) << "it came again";
  EXPECT_GE(source_->counters().extended, 3u);
  ASSERT_TRUE(source_->Ack(message.position).ok());
  AwaitEmpty();
}

TEST_F(ElasticMqTest, SurvivesAnOutage) {
  CreateQueue();
  // What the server gives to a call that was cut off comes again soon.
  options_.visibility_timeout = seconds(2);
  options_.wait = seconds(1);
  server_->Send(queue_, Numbers(1, 20));
  OpenThroughProxy();
  std::set<std::string> bodies;
  Message message;
  for (int i = 1; i <= 20; ++i) bodies.insert((message = Take()).body);
  proxy_->Refuse(true);
  proxy_->Cut();
  const absl::Status lost = TakeError();
  EXPECT_EQ(lost.code(), absl::StatusCode::kUnavailable) << lost;
  EXPECT_THAT(lost.message(), HasSubstr("trying again"));
  EXPECT_EQ(source_->Waiting().status().code(), absl::StatusCode::kUnavailable);
  // What was delivered before stays valid.
  ASSERT_TRUE(source_->Ack(message.position).ok());
  server_->Send(queue_, {"after"});
  proxy_->Refuse(false);
  do {  // some of the others may have come again
    message = TakeInTheEnd();
  } while (message.body != "after" && !HasFailure());
  ASSERT_TRUE(source_->Ack(message.position).ok());
  while (server_->Waiting(queue_) + server_->Hidden(queue_) > 0) {
    const auto next = source_->Next(milliseconds(100));
    if (next.ok() && *next) {
      ASSERT_TRUE(source_->Ack((*next)->position).ok());
    }
  }
}

TEST_F(ElasticMqTest, EndsAtOnce) {
  CreateQueue();
  OpenThroughProxy();
  auto next =
      std::async(std::launch::async, [this] { return source_->Next(milliseconds(600'000)); });
  source_->Interrupt();
  EXPECT_EQ(next.get().status().code(), absl::StatusCode::kCancelled);
  proxy_->Freeze(true);  // Close must not wait for an answer either
  options_.close_timeout = milliseconds(500);
  EXPECT_TRUE(source_->Close().ok());
  EXPECT_EQ(source_->Next(kLong).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ElasticMqTest, NamesAMissingQueueAndTheRemedy) {
  queue_ = options_.endpoint + "/000000000000/nowhere";
  source_ = std::make_unique<SqsSource>(options_, queue_);
  const absl::Status status = source_->Open();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(status.message(), HasSubstr(queue_));
  EXPECT_THAT(status.message(), HasSubstr("create it"));
}

TEST_F(ElasticMqTest, FindsAQueueThatWasDeletedAndMadeAgain) {
  CreateQueue();
  options_.wait = seconds(1);
  OpenSource();
  server_->DeleteQueue(queue_);
  const absl::Status status = TakeError();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  CreateQueue();
  server_->Send(queue_, {"new"});
  EXPECT_EQ(TakeInTheEnd().body, "new");
}

TEST_F(ElasticMqTest, AQueueThatStaysAwayIsFinal) {
  CreateQueue();
  options_.wait = seconds(1);
  options_.missing_timeout = milliseconds(300);
  OpenSource();
  server_->DeleteQueue(queue_);
  absl::Status status;
  do {
    status = TakeError();
  } while (status.code() == absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
}

TEST_F(ElasticMqTest, BufferIsBoundedInBytes) {
  CreateQueue();
  options_.prefetch_bytes = 400'000;
  std::vector<std::string> bodies(100, std::string(20'000, 'x'));
  for (const std::string& body : bodies) server_->Send(queue_, {body});
  OpenSource();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(source_->Ack(Take().position).ok());
  // One answer may be over the bound; connections don't add up.
  EXPECT_LE(source_->buffered_bytes_max(), 400'000u + 200'000u);
  EXPECT_GE(source_->buffered_bytes_max(), 100'000u);
  AwaitEmpty();
}

TEST_F(ElasticMqTest, CountsWhatWaits) {
  CreateQueue();
  options_.prefetch_messages = 10;
  options_.connections = 1;
  server_->Send(queue_, Numbers(1, 30));
  OpenSource();
  const Message first = Take();
  const auto waiting = source_->Waiting();
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  EXPECT_EQ(*waiting, 29u);
}

// A server that checks signatures.
class MotoTest : public SqsTest {
 protected:
  void SetOptions() override {
    options_.endpoint = Variable("INDEXSWAP_TEST_MOTO_URL");
    options_.credentials = indexswap::StaticAwsCredentials(
        {Variable("INDEXSWAP_TEST_MOTO_KEY"), Variable("INDEXSWAP_TEST_MOTO_SECRET")});
    options_.wait = seconds(1);
  }

  void PassOn() {
    server_->Send(queue_, {"Llŷr", "two"});
    OpenSource();
    std::vector<std::string> bodies = {Take().body, ""};
    const Message second = Take();
    bodies[1] = second.body;
    EXPECT_THAT(bodies, ElementsAre("Llŷr", "two"));
    ASSERT_TRUE(source_->Ack(second.position).ok());
    AwaitEmpty();
    ASSERT_TRUE(source_->Close().ok());
  }
};

TEST_F(MotoTest, TakesOurSignatures) {
  CreateQueue();
  PassOn();
}

TEST_F(MotoTest, TakesSessionTokensAndFifo) {
  CreateQueue(".fifo");
  options_.credentials = indexswap::StaticAwsCredentials(
      {Variable("INDEXSWAP_TEST_MOTO_SESSION_KEY"), Variable("INDEXSWAP_TEST_MOTO_SESSION_SECRET"),
       Variable("INDEXSWAP_TEST_MOTO_SESSION_TOKEN")});
  server_->Send(queue_, {"1", "2", "3"}, "group");
  OpenSource();
  for (const char* body : {"1", "2", "3"}) {
    const Message message = Take();
    EXPECT_EQ(message.body, body);
    EXPECT_FALSE(message.sequence.empty());
    ASSERT_TRUE(source_->Ack(message.position).ok());
  }
  AwaitEmpty();
}

TEST_F(MotoTest, RefusesAWrongSecret) {
  CreateQueue();
  options_.credentials =
      indexswap::StaticAwsCredentials({Variable("INDEXSWAP_TEST_MOTO_KEY"), "not the secret"});
  source_ = std::make_unique<SqsSource>(options_, queue_);
  const absl::Status status = source_->Open();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << status;
  EXPECT_THAT(status.message(), HasSubstr("SignatureDoesNotMatch"));
  EXPECT_THAT(status.message(), Not(HasSubstr("not the secret")));
}

}  // namespace
}  // namespace syncd
