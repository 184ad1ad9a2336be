#include "syncd/sources/amqp_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace syncd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ParseAmqpUrlTest, AllParts) {
  const auto address = ParseAmqpUrl("amqps://us%40er:p%3Ass@mq.example.org:5671/re%2Fval");
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_TRUE(address->tls);
  EXPECT_EQ(address->user, "us@er");
  EXPECT_EQ(address->password, "p:ss");
  EXPECT_EQ(address->host, "mq.example.org");
  EXPECT_EQ(address->port, 5671);
  EXPECT_EQ(address->vhost, "re/val");
  EXPECT_EQ(address->ForPeople(), "mq.example.org:5671/re/val");
}

TEST(ParseAmqpUrlTest, Defaults) {
  for (const char* url : {"amqp://localhost", "amqp://localhost/", "amqp://localhost/%2F"}) {
    const auto address = ParseAmqpUrl(url);
    ASSERT_TRUE(address.ok()) << url << ": " << address.status();
    EXPECT_FALSE(address->tls);
    EXPECT_EQ(address->user, "guest");
    EXPECT_EQ(address->vhost, "/") << url;
    EXPECT_EQ(address->ForPeople(), "localhost:5672/");
  }
  EXPECT_EQ(ParseAmqpUrl("amqps://localhost")->port, 5671);
}

TEST(ParseAmqpUrlTest, ErrorsDoNotShowThePassword) {
  for (const char* url : {"", "http://u:secret@h", "amqp://u:secret@h:port/", "u:secret@h"}) {
    const absl::Status status = ParseAmqpUrl(url).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << url;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret")));
    EXPECT_THAT(std::string(status.message()), HasSubstr("amqp://user:password@host"));
  }
}

TEST(AmqpConnectionTest, NobodyThereIsUnavailableAndNamed) {
  AmqpOptions options;
  options.url = "amqp://u:secret@127.0.0.1:1/";  // tcpmux: nobody listens
  const absl::Status status = AmqpConnection::Open(options, "test").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("127.0.0.1:1/"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret")));
}

TEST(AmqpConnectionTest, UnreadableCaFileIsNamed) {
  AmqpOptions options;
  options.url = "amqps://127.0.0.1:1/";
  options.ca_file = "/nonexistent/ca.pem";
  const absl::Status status = AmqpConnection::Open(options, "test").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nonexistent/ca.pem"));
}

}  // namespace
}  // namespace syncd
