#include "sources/sqs_server.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <optional>
#include <utility>

namespace syncd {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kAnswer{30};

}  // namespace

SqsServer::SqsServer(SqsOptions options) {
  auto client = SqsClient::Make(options, "");
  EXPECT_TRUE(client.ok()) << client.status();
  if (client.ok()) client_ = *std::move(client);
}

SqsServer::~SqsServer() {
  for (const std::string& queue : queues_) DeleteQueue(queue);
}

std::string SqsServer::Call(const std::string& action, const std::string& body) {
  std::optional<absl::StatusOr<SqsAnswer>> answer;
  client_->Start(action, body, kAnswer,
                 [&](absl::StatusOr<SqsAnswer> came) { answer = std::move(came); });
  while (!answer) client_->Run(std::chrono::milliseconds(100));
  EXPECT_TRUE(answer->ok()) << answer->status();
  if (!answer->ok()) return "{}";
  const absl::Status status = StatusOfAnswer(**answer, action);
  EXPECT_TRUE(status.ok()) << status;
  return (*answer)->body;
}

std::string SqsServer::CreateQueue(const std::string& name) {
  json::object body = {{"QueueName", name}};
  if (name.ends_with(".fifo")) body["Attributes"] = json::object{{"FifoQueue", "true"}};
  const json::value made = json::parse(Call("CreateQueue", json::serialize(body)));
  queues_.emplace_back(made.at("QueueUrl").as_string());
  return queues_.back();
}

void SqsServer::DeleteQueue(const std::string& queue_url) {
  Call("DeleteQueue", json::serialize(json::object{{"QueueUrl", queue_url}}));
  std::erase(queues_, queue_url);
}

void SqsServer::Send(const std::string& queue_url, const std::vector<std::string>& bodies,
                     const std::string& group) {
  for (size_t begin = 0; begin < bodies.size(); begin += kSqsBatch) {
    json::array entries;
    for (size_t i = begin; i < std::min(bodies.size(), begin + kSqsBatch); ++i) {
      json::object entry = {{"Id", std::to_string(i)}, {"MessageBody", bodies[i]}};
      if (!group.empty()) {
        entry["MessageGroupId"] = group;
        entry["MessageDeduplicationId"] = std::to_string(++sent_);
      }
      entries.push_back(std::move(entry));
    }
    const std::string answer =
        Call("SendMessageBatch",
             json::serialize(json::object{{"QueueUrl", queue_url}, {"Entries", entries}}));
    EXPECT_EQ(json::parse(answer).at("Successful").as_array().size(), entries.size()) << answer;
  }
}

uint64_t SqsServer::Attribute(const std::string& queue_url, const std::string& name) {
  const json::value answer = json::parse(Call("GetQueueAttributes", AttributesBody(queue_url)));
  return std::stoull(std::string(answer.at("Attributes").at(name).as_string()));
}

uint64_t SqsServer::Waiting(const std::string& queue_url) {
  return Attribute(queue_url, "ApproximateNumberOfMessages");
}

uint64_t SqsServer::Hidden(const std::string& queue_url) {
  return Attribute(queue_url, "ApproximateNumberOfMessagesNotVisible");
}

}  // namespace syncd
