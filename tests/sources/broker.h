// A real RabbitMQ for tests, driven past the code under test.
#ifndef TESTS_SOURCES_BROKER_H_
#define TESTS_SOURCES_BROKER_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "syncd/sources/amqp.h"
#include "syncd/sources/amqp_connection.h"

namespace syncd {

// What basic.get brings.
struct RawMessage {
  std::string body;
  std::string content_type;
  std::string content_encoding;
  int delivery_mode = 0;
  bool has_headers = false;
};

// The broker at INDEXSWAP_TEST_AMQP_URL, over a connection of the test's own. Queues made here
// are deleted at the end.
class Broker {
 public:
  Broker();
  ~Broker();

  const std::string& url() const { return url_; }

  // Connects, again if need be.
  void Connect();

  // Runs rabbitmqctl (INDEXSWAP_TEST_RABBITMQCTL) with `arguments`; a failure fails the test.
  void Control(const std::string& arguments);

  void DeclareQueue(const std::string& queue);
  void DeleteQueue(const std::string& queue);
  void Publish(const std::string& queue, const std::string& body);
  // Returns when the broker has all that was published.
  void Flush();
  std::optional<RawMessage> Get(const std::string& queue);
  // Consumes `queue` and keeps what is delivered until the end.
  void Consume(const std::string& queue);
  uint32_t Ready(const std::string& queue);

 private:
  void Expect(const std::string& what);

  std::string url_;
  std::unique_ptr<AmqpConnection> connection_;
  std::vector<std::string> queues_;
};

// One broker and one fresh queue a test.
class BrokerTest : public ::testing::Test {
 protected:
  void SetUp() override;

  AmqpOptions options_;
  std::unique_ptr<Broker> broker_;
  std::string queue_;
};

}  // namespace syncd

#endif  // TESTS_SOURCES_BROKER_H_
