#include "indexswap/http/failover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace indexswap {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;

// What an endpoint does with every request until it is told otherwise.
class Endpoint : public HttpTransport {
 public:
  Endpoint(std::string name, std::vector<std::string>& log)
      : url_("http://" + name), name_(std::move(name)), log_(log) {}

  absl::StatusOr<HttpResponse> Send(const HttpRequest&) override {
    log_.push_back(name_);
    if (!status.ok()) return status;
    return HttpResponse{answer, name_, "", ""};
  }
  const std::string& url() const override { return url_; }

  absl::Status status;
  int answer = 200;

 private:
  const std::string url_;
  const std::string name_;
  std::vector<std::string>& log_;
};

class FailoverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<std::unique_ptr<HttpTransport>> endpoints;
    for (const char* name : {"a", "b", "c"}) {
      auto endpoint = std::make_unique<Endpoint>(name, log_);
      at_.push_back(endpoint.get());
      endpoints.push_back(std::move(endpoint));
    }
    transport_ = NewFailoverTransport(std::move(endpoints));
  }

  // Who has answered, or the code of the error.
  std::string Ask(bool at_most_once) {
    HttpRequest request;
    request.at_most_once = at_most_once;
    log_.clear();
    const auto response = transport_->Send(request);
    return response.ok() ? response->body : absl::StatusCodeToString(response.status().code());
  }

  const absl::Status refused_ = absl::UnavailableError("refused");
  const absl::Status lost_ = absl::UnknownError("reset");
  std::vector<Endpoint*> at_;
  std::vector<std::string> log_;
  std::unique_ptr<HttpTransport> transport_;
};

TEST_F(FailoverTest, StaysWithTheOneThatAnswers) {
  EXPECT_EQ(Ask(true), "a");
  EXPECT_EQ(Ask(false), "a");
  EXPECT_EQ(transport_->url(), "http://a,http://b,http://c");
  at_[0]->answer = 503;
  EXPECT_EQ(Ask(false), "a") << "an answer is an answer";
}

TEST_F(FailoverTest, WhatWasNotSentGoesToTheNextAndStaysThere) {
  at_[0]->status = refused_;
  EXPECT_EQ(Ask(true), "b");
  EXPECT_THAT(log_, ElementsAre("a", "b"));
  at_[0]->status = absl::OkStatus();
  EXPECT_EQ(Ask(true), "b");
  EXPECT_THAT(log_, ElementsAre("b"));
  // Round the end.
  at_[1]->status = at_[2]->status = refused_;
  EXPECT_EQ(Ask(true), "a");
  EXPECT_THAT(log_, ElementsAre("b", "c", "a"));
}

TEST_F(FailoverTest, WhatMayHaveBeenDoneIsNotDoneTwice) {
  at_[0]->status = lost_;
  EXPECT_EQ(Ask(true), "UNKNOWN");
  EXPECT_THAT(log_, ElementsAre("a"));
  EXPECT_EQ(Ask(true), "b") << "the next request goes elsewhere";
  EXPECT_THAT(log_, ElementsAre("b"));
}

TEST_F(FailoverTest, WhatMayBeDoneTwiceIsSentAgain) {
  at_[0]->status = lost_;
  EXPECT_EQ(Ask(false), "b");
  EXPECT_THAT(log_, ElementsAre("a", "b"));
}

TEST_F(FailoverTest, WithoutAnyTheWorstIsSaid) {
  at_[0]->status = at_[1]->status = at_[2]->status = refused_;
  EXPECT_EQ(Ask(true), "UNAVAILABLE");
  EXPECT_THAT(log_, ElementsAre("a", "b", "c"));
  at_[1]->status = lost_;
  EXPECT_EQ(Ask(false), "UNKNOWN");
  EXPECT_THAT(log_, ElementsAre("a", "b", "c"));
}

TEST_F(FailoverTest, AnErrorOfTheRequestItselfIsReturnedAtOnce) {
  at_[0]->status = absl::InvalidArgumentError("no such file");
  EXPECT_EQ(Ask(false), "INVALID_ARGUMENT");
  EXPECT_THAT(log_, ElementsAre("a"));
}

}  // namespace
}  // namespace indexswap
