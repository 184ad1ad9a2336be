// The session against a server that answers as the test says, on the test's own thread.
#include "syncd/sources/sqs_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace syncd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kHello[] = "5d41402abc4b2a76b9719d911017c592";  // the MD5 of `hello`

// Each call gets the next answer for its action; without one it runs until the session ends. When
// nothing is left to answer, Run asks the session to stop.
class FakeClient : public SqsClient {
 public:
  void Start(const std::string& action, std::string body, std::chrono::milliseconds,
             Done done) override {
    calls_.emplace_back(action, std::move(body));
    std::deque<absl::StatusOr<SqsAnswer>>& answers = answers_[action];
    if (answers.empty()) return;
    due_.emplace_back(std::move(done), std::move(answers.front()));
    answers.pop_front();
  }

  void Run(std::chrono::milliseconds) override {
    if (due_.empty() && ++idle_ > 3) stop_ = true;
    const auto due = std::exchange(due_, {});
    for (const auto& [done, answer] : due) done(answer);
  }

  void Wake() override {}

  void Answer(const std::string& action, const std::string& body, int status = 200) {
    answers_[action].push_back(SqsAnswer{status, body});
  }

  std::vector<std::string> Bodies(const std::string& action) const {
    std::vector<std::string> bodies;
    for (const auto& [called, body] : calls_) {
      if (called == action) bodies.push_back(body);
    }
    return bodies;
  }

  // For another round of Serve.
  void Resume() {
    stop_ = false;
    idle_ = 0;
  }

  std::atomic<bool> stop_ = false;

 private:
  int idle_ = 0;
  std::map<std::string, std::deque<absl::StatusOr<SqsAnswer>>> answers_;
  std::vector<std::pair<Done, absl::StatusOr<SqsAnswer>>> due_;
  std::vector<std::pair<std::string, std::string>> calls_;
};

std::string Entry(const std::string& handle, const std::string& group,
                  const std::string& md5 = kHello) {
  return R"({"Body":"hello","MD5OfBody":")" + md5 + R"(","ReceiptHandle":")" + handle +
         R"(","Attributes":{"MessageGroupId":")" + group + R"("}})";
}

class SqsSessionTest : public ::testing::Test {
 protected:
  void Open(bool fifo) {
    const std::string kind = fifo ? "true" : "false";
    client_.Answer(
        "GetQueueAttributes",
        R"({"Attributes":{"ApproximateNumberOfMessages":"0","FifoQueue":")" + kind + "\"}}");
    ASSERT_TRUE(session_.Check(client_.stop_).ok());
    deliveries_.Connected();
  }

  void Serve() {
    EXPECT_EQ(session_.Serve(client_.stop_), absl::OkStatus());
    client_.Resume();
  }

  size_t CountRead() {
    size_t count = 0;
    while (true) {
      const auto next = deliveries_.Pop(std::chrono::milliseconds(0));
      if (!next.ok() || !*next) return count;
      ++count;
      last_ = (*next)->position;
    }
  }

  SqsOptions options_;
  FakeClient client_;
  DeliveryQueue deliveries_{1 << 20, [] {}};
  SqsCounters counters_;
  SqsSession session_{options_, "http://h/1/q", client_, deliveries_, counters_};
  Position last_;
};

TEST_F(SqsSessionTest, NothingOvertakesABrokenBodyInItsGroup) {
  Open(/*fifo=*/true);
  client_.Answer("ReceiveMessage", R"({"Messages":[)" + Entry("a1", "a") + "," +
                                       Entry("a2", "a", "00") + "," + Entry("a3", "a") + "," +
                                       Entry("b1", "b") + "]}");
  Serve();
  EXPECT_EQ(CountRead(), 2u) << "a1 and b1";
  EXPECT_EQ(counters_.corrupt, 1u);
  EXPECT_THAT(client_.Bodies("ChangeMessageVisibilityBatch"),
              ElementsAre(AllOf(HasSubstr("a3"), HasSubstr("\"VisibilityTimeout\":0"),
                                Not(HasSubstr("a1")), Not(HasSubstr("a2")))));
}

TEST_F(SqsSessionTest, FifoIsReadByOneCallAtATime) {
  Open(/*fifo=*/true);
  client_.Answer("ReceiveMessage", R"({"Messages":[)" + Entry("a1", "a") + "]}");
  Serve();
  EXPECT_EQ(client_.Bodies("ReceiveMessage").size(), 2u);
}

TEST_F(SqsSessionTest, MoreCallsFetchWhileThereAreMessages) {
  Open(/*fifo=*/false);
  client_.Answer("ReceiveMessage", R"({"Messages":[)" + Entry("1", "") + "]}");
  Serve();
  EXPECT_EQ(client_.Bodies("ReceiveMessage").size(), 3u) << "one that is answered, two that wait";
}

TEST_F(SqsSessionTest, DeletesAgainWhatFailedAndForgetsStaleHandles) {
  Open(/*fifo=*/false);
  client_.Answer("ReceiveMessage", R"({"Messages":[)" + Entry("one", "") + "," + Entry("two", "") +
                                       "," + Entry("three", "") + "]}");
  Serve();
  EXPECT_EQ(CountRead(), 3u);
  ASSERT_TRUE(deliveries_.Ack(last_).ok());
  client_.Answer("DeleteMessageBatch",
                 R"({"Successful":[{"Id":"1"}],"Failed":[)"
                 R"({"Id":"2","SenderFault":true,"Code":"ReceiptHandleIsInvalid"},)"
                 R"({"Id":"3","SenderFault":false,"Code":"InternalError"}]})");
  client_.Answer("DeleteMessageBatch", R"({"Successful":[{"Id":"3"}]})");
  while (counters_.deleted < 2) Serve();  // after a pause
  const std::vector<std::string> deletes = client_.Bodies("DeleteMessageBatch");
  ASSERT_EQ(deletes.size(), 2u);
  EXPECT_THAT(deletes[0], AllOf(HasSubstr("one"), HasSubstr("two"), HasSubstr("three")));
  EXPECT_THAT(deletes[1], AllOf(HasSubstr("three"), Not(HasSubstr("two"))));
  EXPECT_EQ(counters_.stale, 1u);
}

TEST_F(SqsSessionTest, GivesBackAtTheEndWhatCameLate) {
  Open(/*fifo=*/false);
  client_.Answer("ReceiveMessage", R"({"Messages":[)" + Entry("held", "") + "]}");
  Serve();
  client_.Answer("ChangeMessageVisibilityBatch", R"({"Successful":[]})");
  session_.Finish();
  EXPECT_THAT(client_.Bodies("ChangeMessageVisibilityBatch"), ElementsAre(HasSubstr("held")));
  EXPECT_EQ(counters_.given_back, 1u);
}

TEST_F(SqsSessionTest, AFailureIsReportedOnceAndGoneWhenTheServerAnswers) {
  Open(/*fifo=*/false);
  client_.Answer("ReceiveMessage", R"({"__type":"RequestThrottled","message":"slowly"})", 400);
  client_.Answer("ReceiveMessage", R"({"__type":"RequestThrottled","message":"slowly"})", 400);
  client_.Answer("ReceiveMessage", R"({"Messages":[)" + Entry("1", "") + "]}");
  while (counters_.received == 0) Serve();
  const auto reported = deliveries_.Pop(std::chrono::milliseconds(0));
  EXPECT_EQ(reported.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(reported.status().message(), HasSubstr("slowly"));
  EXPECT_EQ(CountRead(), 1u);
}

}  // namespace
}  // namespace syncd
