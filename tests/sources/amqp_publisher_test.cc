#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "sources/broker.h"
#include "sources/tcp_proxy.h"

namespace syncd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class AmqpPublisherTest : public BrokerTest {};

TEST_F(AmqpPublisherTest, SendsAsTheServicesExpect) {
  ASSERT_TRUE(DeclareAmqp(options_, "test.exchange", "test.start", queue_).ok());
  auto publisher = MakeAmqpPublisher(options_);
  const absl::Status status = publisher->Publish("test.exchange", "test.start", "\"syncStart\"");
  ASSERT_TRUE(status.ok()) << status;
  const auto message = broker_->Get(queue_);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->body, "\"syncStart\"");
  EXPECT_EQ(message->body.size(), 11u);
  EXPECT_EQ(message->content_type, "application/json");
  EXPECT_EQ(message->content_encoding, "UTF-8");
  EXPECT_EQ(message->delivery_mode, 2);
  EXPECT_FALSE(message->has_headers) << "no __TypeId__";
}

TEST_F(AmqpPublisherTest, UnroutableIsNotFoundAndTheConnectionGoesOn) {
  auto publisher = MakeAmqpPublisher(options_);
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = publisher->Publish("amq.direct", "test.nobody", "1");
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr("amq.direct"), HasSubstr("test.nobody"), HasSubstr("bind")));
  }
  EXPECT_TRUE(publisher->Publish("", queue_, "2").ok());
  EXPECT_EQ(broker_->Get(queue_)->body, "2");
}

TEST_F(AmqpPublisherTest, MissingExchangeIsNotFoundAndTheNextMessageGoesOut) {
  auto publisher = MakeAmqpPublisher(options_);
  const absl::Status status = publisher->Publish("test.missing", "key", "1");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("test.missing"));
  EXPECT_TRUE(publisher->Publish("", queue_, "2").ok());
}

TEST_F(AmqpPublisherTest, ReplacesAConnectionThatWasClosedMeanwhile) {
  TcpProxy proxy(TcpProxy::PortOf(options_.url));
  options_.url = proxy.Through(options_.url);
  auto publisher = MakeAmqpPublisher(options_);
  ASSERT_TRUE(publisher->Publish("", queue_, "1").ok());
  proxy.Cut();
  const absl::Status status = publisher->Publish("", queue_, "2");
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(broker_->Ready(queue_), 2u);
}

TEST_F(AmqpPublisherTest, UnreachableIsUnavailable) {
  TcpProxy proxy(TcpProxy::PortOf(options_.url));
  options_.url = proxy.Through(options_.url);
  proxy.Refuse(true);
  auto publisher = MakeAmqpPublisher(options_);
  EXPECT_EQ(publisher->Publish("", queue_, "1").code(), absl::StatusCode::kUnavailable);
  proxy.Refuse(false);
  EXPECT_TRUE(publisher->Publish("", queue_, "2").ok());
}

TEST_F(AmqpPublisherTest, ALostConfirmationIsUnknown) {
  TcpProxy proxy(TcpProxy::PortOf(options_.url));
  options_.url = proxy.Through(options_.url);
  options_.answer_timeout = std::chrono::milliseconds(300);
  auto publisher = MakeAmqpPublisher(options_);
  ASSERT_TRUE(publisher->Publish("", queue_, "1").ok());
  proxy.Freeze(true);
  EXPECT_EQ(publisher->Publish("", queue_, "2").code(), absl::StatusCode::kUnknown);
}

TEST_F(AmqpPublisherTest, WrongPasswordIsPermissionDeniedAndNotShown) {
  const size_t at = options_.url.find('@');
  const size_t host = at == std::string::npos ? std::string("amqp://").size() : at + 1;
  options_.url = "amqp://guest:secret@" + options_.url.substr(host);
  const absl::Status status = MakeAmqpPublisher(options_)->Publish("", queue_, "1");
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << status;
  EXPECT_THAT(std::string(status.message()), ::testing::Not(HasSubstr("secret")));
}

// During an alarm the broker takes nothing in; it must not look like success.
TEST_F(AmqpPublisherTest, AnAlarmIsNamed) {
  options_.blocked_timeout = std::chrono::milliseconds(300);
  auto publisher = MakeAmqpPublisher(options_);
  ASSERT_TRUE(publisher->Publish("", queue_, "1").ok());
  broker_->Control("set_vm_memory_high_watermark 0.0000001");
  const absl::Status status = publisher->Publish("", queue_, "2");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnknown) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("blocks publishers: low on memory"));
  broker_->Control("set_vm_memory_high_watermark 0.4");
  const absl::Status after = publisher->Publish("", queue_, "3");
  EXPECT_TRUE(after.ok()) << after;
  std::string bodies;
  while (const auto message = broker_->Get(queue_)) bodies += message->body;
  RecordProperty("delivered_after_alarm", bodies);
  EXPECT_THAT(bodies, ::testing::AnyOf("13", "123", "132"));
}

}  // namespace
}  // namespace syncd
