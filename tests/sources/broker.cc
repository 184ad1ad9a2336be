#include "sources/broker.h"

#include <unistd.h>

#include <cstdlib>

namespace syncd {
namespace {

constexpr amqp_channel_t kChannel = AmqpConnection::kChannel;

}  // namespace

Broker::Broker() {
  const char* url = std::getenv("INDEXSWAP_TEST_AMQP_URL");
  if (url == nullptr) {
    ADD_FAILURE() << "INDEXSWAP_TEST_AMQP_URL is not set: run this under `tests/servers/servers.py "
                     "run rabbitmq -- …`";
    return;
  }
  url_ = url;
  Connect();
}

void Broker::Connect() {
  AmqpOptions options;
  options.url = url_;
  options.heartbeat_s = 0;
  auto connection = AmqpConnection::Open(options, "test");
  EXPECT_TRUE(connection.ok()) << connection.status();
  if (!connection.ok()) return;
  connection_ = *std::move(connection);
  amqp_confirm_select(connection_->state(), kChannel);
  Expect("confirm.select");
}

Broker::~Broker() {
  for (const std::string& queue : queues_) DeleteQueue(queue);
}

void Broker::Expect(const std::string& what) {
  const absl::Status status = connection_->LastReply(what);
  EXPECT_TRUE(status.ok()) << status;
}

void Broker::Control(const std::string& arguments) {
  const char* ctl = std::getenv("INDEXSWAP_TEST_RABBITMQCTL");
  ASSERT_NE(ctl, nullptr) << "INDEXSWAP_TEST_RABBITMQCTL is not set";
  const std::string command = std::string(ctl) + " -q " + arguments + " > /dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

void Broker::DeclareQueue(const std::string& queue) {
  amqp_queue_declare(connection_->state(), kChannel, Bytes(queue), 0, 1, 0, 0, amqp_empty_table);
  Expect("declare");
  queues_.push_back(queue);
}

void Broker::DeleteQueue(const std::string& queue) {
  amqp_queue_delete(connection_->state(), kChannel, Bytes(queue), 0, 0);
  Expect("delete");
}

void Broker::Publish(const std::string& queue, const std::string& body) {
  amqp_basic_properties_t properties = {};
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
  properties.delivery_mode = 1;
  ASSERT_EQ(amqp_basic_publish(connection_->state(), kChannel, amqp_empty_bytes, Bytes(queue), 0, 0,
                               &properties, Bytes(body)),
            AMQP_STATUS_OK);
}

void Broker::Flush() {
  // An answer on the channel comes behind the routing of what was published on it before.
  if (!queues_.empty()) Ready(queues_.back());
}

std::optional<RawMessage> Broker::Get(const std::string& queue) {
  const amqp_rpc_reply_t reply =
      amqp_basic_get(connection_->state(), kChannel, Bytes(queue), /*no_ack=*/1);
  EXPECT_EQ(reply.reply_type, AMQP_RESPONSE_NORMAL);
  if (reply.reply_type != AMQP_RESPONSE_NORMAL || reply.reply.id != AMQP_BASIC_GET_OK_METHOD) {
    return std::nullopt;
  }
  amqp_message_t message;
  EXPECT_EQ(amqp_read_message(connection_->state(), kChannel, &message, 0).reply_type,
            AMQP_RESPONSE_NORMAL);
  RawMessage raw;
  raw.body = Text(message.body);
  const amqp_basic_properties_t& properties = message.properties;
  if (properties._flags & AMQP_BASIC_CONTENT_TYPE_FLAG) {
    raw.content_type = Text(properties.content_type);
  }
  if (properties._flags & AMQP_BASIC_CONTENT_ENCODING_FLAG) {
    raw.content_encoding = Text(properties.content_encoding);
  }
  if (properties._flags & AMQP_BASIC_DELIVERY_MODE_FLAG) {
    raw.delivery_mode = properties.delivery_mode;
  }
  raw.has_headers = (properties._flags & AMQP_BASIC_HEADERS_FLAG) != 0;
  amqp_destroy_message(&message);
  return raw;
}

void Broker::Consume(const std::string& queue) {
  amqp_basic_consume(connection_->state(), kChannel, Bytes(queue), amqp_empty_bytes, 0, 0, 0,
                     amqp_empty_table);
  Expect("consume");
}

uint32_t Broker::Ready(const std::string& queue) {
  const amqp_queue_declare_ok_t* found = amqp_queue_declare(
      connection_->state(), kChannel, Bytes(queue), /*passive=*/1, 0, 0, 0, amqp_empty_table);
  Expect("passive declare");
  return found == nullptr ? 0 : found->message_count;
}

void BrokerTest::SetUp() {
  broker_ = std::make_unique<Broker>();
  if (HasFailure()) FAIL() << "there is no broker";
  options_.url = broker_->url();
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  queue_ = std::string("test.") + test->name() + "." + std::to_string(getpid());
  broker_->DeclareQueue(queue_);
}

}  // namespace syncd
