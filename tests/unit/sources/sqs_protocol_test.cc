#include "syncd/sources/sqs_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "syncd/sources/sqs.h"

namespace syncd {
namespace {

using absl::StatusCode;
using std::chrono::seconds;
using ::testing::HasSubstr;

TEST(SqsProtocolTest, Bodies) {
  EXPECT_EQ(ReceiveBody("http://h/1/q", 10, seconds(20), seconds(60)),
            R"({"QueueUrl":"http://h/1/q","MaxNumberOfMessages":10,"WaitTimeSeconds":20,)"
            R"("VisibilityTimeout":60,"AttributeNames":["All"],)"
            R"("MessageSystemAttributeNames":["All"]})");
  EXPECT_EQ(DeleteBody("q", {{7, "h\"7"}}),
            R"({"QueueUrl":"q","Entries":[{"Id":"7","ReceiptHandle":"h\"7"}]})");
  EXPECT_EQ(VisibilityBody("q", {{7, "h"}}, seconds(0)),
            R"({"QueueUrl":"q","Entries":[{"Id":"7","ReceiptHandle":"h","VisibilityTimeout":0}]})");
}

TEST(SqsProtocolTest, ReceivedMessages) {
  const auto received = ParseReceived(
      R"({"Messages":[{"Attributes":{"SentTimestamp":"1795483752190",)"
      R"("ApproximateReceiveCount":"2","MessageGroupId":"g","SequenceNumber":"18870993"},)"
      R"("Body":"hello","MD5OfBody":"5d41402abc4b2a76b9719d911017c592","MessageId":"id",)"
      R"("ReceiptHandle":"handle"},{"Body":"hello","MD5OfBody":"00","ReceiptHandle":"h2"}]})");
  ASSERT_TRUE(received.ok()) << received.status();
  ASSERT_EQ(received->size(), 2u);
  const SqsReceived& first = (*received)[0];
  EXPECT_EQ(first.message.body, "hello");
  EXPECT_EQ(first.message.sent_ms, 1795483752190);
  EXPECT_EQ(first.message.sequence, "18870993");
  EXPECT_EQ(first.message.message_id, "id");
  EXPECT_EQ(first.message.receive_count, 2u);
  EXPECT_TRUE(first.message.redelivered);
  EXPECT_EQ(first.receipt, "handle");
  EXPECT_EQ(first.group, "g");
  EXPECT_TRUE(first.intact);
  EXPECT_FALSE((*received)[1].intact) << "the MD5 is another";
  EXPECT_FALSE((*received)[1].message.sent_ms);
  for (const char* none : {"", "{}", R"({"Messages":[]})", R"({"Messages":null})"}) {
    const auto nothing = ParseReceived(none);
    EXPECT_TRUE(nothing.ok() && nothing->empty()) << none;
  }
  for (const char* broken : {"<html>", "[]", R"({"Messages":3})", R"({"Messages":[1]})"}) {
    EXPECT_EQ(ParseReceived(broken).status().code(), StatusCode::kInternal) << broken;
  }
}

TEST(SqsProtocolTest, FailedEntries) {
  const auto failed =
      ParseBatch(R"({"Successful":[{"Id":"1"}],"Failed":[)"
                 R"({"Id":"2","SenderFault":true,"Code":"ReceiptHandleIsInvalid","Message":"m"},)"
                 R"({"Id":"3","SenderFault":false,"Code":"InternalError"}]})");
  ASSERT_TRUE(failed.ok()) << failed.status();
  ASSERT_EQ(failed->size(), 2u);
  EXPECT_EQ((*failed)[0].delivery, 2u);
  EXPECT_TRUE((*failed)[0].final);
  EXPECT_EQ((*failed)[0].code, "ReceiptHandleIsInvalid");
  EXPECT_FALSE((*failed)[1].final);
  EXPECT_TRUE(ParseBatch("")->empty());
  EXPECT_FALSE(ParseBatch(R"({"Failed":[{"Id":"x"}]})").ok());
}

TEST(SqsProtocolTest, Attributes) {
  const auto facts =
      ParseAttributes(R"({"Attributes":{"ApproximateNumberOfMessages":"3",)"
                      R"("ApproximateNumberOfMessagesDelayed":"4","FifoQueue":"true"}})");
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_EQ(facts->waiting, 7u);
  EXPECT_TRUE(facts->fifo);
  EXPECT_FALSE(ParseAttributes(R"({"Attributes":{}})").ok());
}

TEST(SqsProtocolTest, Errors) {
  const auto code = [](int status, const std::string& body) {
    return StatusOfAnswer({status, body}, "receive from q").code();
  };
  EXPECT_EQ(code(200, ""), StatusCode::kOk);
  EXPECT_EQ(code(400, R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"})"),
            StatusCode::kNotFound);
  EXPECT_EQ(code(403, R"({"__type":"com.amazonaws.sqs#OverLimit"})"), StatusCode::kUnavailable);
  EXPECT_EQ(code(400, R"({"__type":"RequestThrottled"})"), StatusCode::kUnavailable);
  EXPECT_EQ(code(503, "<html>"), StatusCode::kUnavailable);
  EXPECT_EQ(code(400, R"({"__type":"com.amazon.coral.service#AccessDeniedException"})"),
            StatusCode::kPermissionDenied);
  EXPECT_EQ(code(400, R"({"__type":"InvalidParameterValue"})"), StatusCode::kInvalidArgument);
  const absl::Status denied = StatusOfAnswer(
      {403,
       "<E><Code>SignatureDoesNotMatch</Code><Message>The signature\nfollows: x</Message></E>"},
      "receive from q");
  EXPECT_EQ(denied.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(denied.message(), "receive from q: HTTP 403 SignatureDoesNotMatch: The signature");
}

TEST(AwsRegionOfTest, FormsOfQueueUrls) {
  EXPECT_EQ(AwsRegionOf("https://sqs.eu-west-2.amazonaws.com/1234/name"), "eu-west-2");
  EXPECT_EQ(AwsRegionOf("https://sqs.cn-north-1.amazonaws.com.cn/1234/name"), "cn-north-1");
  EXPECT_EQ(AwsRegionOf("https://eu-west-1.queue.amazonaws.com/1234/name"), "eu-west-1");
  EXPECT_EQ(AwsRegionOf("https://queue.amazonaws.com/1234/name"), "us-east-1");
  EXPECT_EQ(AwsRegionOf("https://sqs-fips.us-gov-west-1.amazonaws.com/1/n"), "us-gov-west-1");
  EXPECT_EQ(AwsRegionOf("https://vpce-1-2.sqs.eu-west-2.vpce.amazonaws.com/1/n"), "eu-west-2");
  EXPECT_EQ(AwsRegionOf("https://sqs.eu-west-2.api.aws/1/n"), "eu-west-2");
  for (const char* other : {"http://127.0.0.1:9324/000000000000/q", "", "name", "https://",
                            "https://s3.eu-west-2.amazonaws.com/x", "https://amazonaws.com/x"}) {
    EXPECT_EQ(AwsRegionOf(other), "") << other;
  }
}

TEST(SqsProtocolTest, AQueuesAttributes) {
  const auto queue = ParseQueue(R"({"Attributes": {
    "ApproximateNumberOfMessages": "3", "ApproximateNumberOfMessagesDelayed": "1",
    "ApproximateNumberOfMessagesNotVisible": "2", "VisibilityTimeout": "45", "FifoQueue": "true",
    "RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:dead\",\"maxReceiveCount\":7}"}})");
  ASSERT_TRUE(queue.ok()) << queue.status();
  EXPECT_EQ(queue->waiting, 4u);
  EXPECT_EQ(queue->hidden, 2u);
  EXPECT_EQ(queue->visibility, std::chrono::seconds(45));
  EXPECT_TRUE(queue->fifo);
  EXPECT_EQ(queue->dead_letters, "arn:dead");
  EXPECT_EQ(queue->receives_max, 7u);
  const auto text = ParseQueue(R"({"Attributes": {"ApproximateNumberOfMessages": "0",
    "RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:dead\",\"maxReceiveCount\":\"7\"}"}})");
  EXPECT_EQ(text->receives_max, 7u);
  EXPECT_FALSE(text->fifo);
}

}  // namespace
}  // namespace syncd
