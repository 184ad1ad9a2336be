#include "indexswap/opensearch/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/inspector.h>

namespace indexswap {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

HttpResponse Answer(int status, const std::string& type) {
  HttpResponse response;
  response.status = status;
  response.body = R"({"error":{"root_cause":[],"type":")" + type +
                  R"(","reason":"no such thing","index":"people_v3"},"status":)" +
                  std::to_string(status) + "}";
  return response;
}

StatusCode CodeOf(int status, const std::string& type, Effect effect) {
  return StatusFromAnswer(Answer(status, type), effect, "do it").code();
}

TEST(AnswersTest, SuccessIsOk) {
  for (const int status : {200, 201, 202}) {
    EXPECT_TRUE(StatusFromAnswer({status, "", "", ""}, Effect::kChange, "do it").ok());
  }
}

TEST(AnswersTest, CodesByStatusAndType) {
  EXPECT_EQ(CodeOf(400, "mapper_parsing_exception", Effect::kChange), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(400, "resource_already_exists_exception", Effect::kChange),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(400, "index_closed_exception", Effect::kRead), StatusCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf(401, "security_exception", Effect::kRead), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(403, "security_exception", Effect::kRead), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(403, "cluster_block_exception", Effect::kChange),
            StatusCode::kResourceExhausted);
  EXPECT_EQ(CodeOf(403, "index_create_block_exception", Effect::kChange),
            StatusCode::kResourceExhausted);
  EXPECT_EQ(CodeOf(404, "index_not_found_exception", Effect::kRead), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(413, "", Effect::kRepeat), StatusCode::kOutOfRange);
  EXPECT_EQ(CodeOf(429, "circuit_breaking_exception", Effect::kChange),
            StatusCode::kResourceExhausted);
}

TEST(AnswersTest, ARefusalOfTheUserIsTold) {
  const auto denied = [](int status, const std::string& type) {
    return IsAccessDenied(StatusFromAnswer(Answer(status, type), Effect::kRead, "count"));
  };
  EXPECT_TRUE(denied(401, "security_exception"));
  EXPECT_TRUE(denied(403, "security_exception"));
  EXPECT_FALSE(denied(403, "cluster_block_exception"));
  EXPECT_FALSE(denied(404, "index_not_found_exception"));
  EXPECT_FALSE(IsAccessDenied(absl::OkStatus()));
}

TEST(AnswersTest, ABlockIsTold) {
  const auto blocked = [](int status, const std::string& type) {
    return IsBlocked(StatusFromAnswer(Answer(status, type), Effect::kChange, "swap"));
  };
  EXPECT_TRUE(blocked(403, "cluster_block_exception"));
  EXPECT_TRUE(blocked(429, "cluster_block_exception")) << "the flood stage's";
  EXPECT_FALSE(blocked(429, "circuit_breaking_exception"));
  EXPECT_FALSE(blocked(403, "security_exception"));
}

TEST(AnswersTest, FaultsOfTheServerLeaveAChangeUnknown) {
  for (const int status : {408, 500, 502, 503, 504}) {
    EXPECT_EQ(CodeOf(status, "whatever", Effect::kChange), StatusCode::kUnknown) << status;
    EXPECT_EQ(CodeOf(status, "whatever", Effect::kRead), StatusCode::kUnavailable) << status;
  }
  EXPECT_EQ(CodeOf(503, "whatever", Effect::kRepeat), StatusCode::kUnavailable);
  EXPECT_EQ(CodeOf(504, "whatever", Effect::kRepeat), StatusCode::kUnknown);
  // It waited in the queue in vain, and has left it.
  EXPECT_EQ(CodeOf(503, "process_cluster_event_timeout_exception", Effect::kChange),
            StatusCode::kUnavailable);
}

TEST(AnswersTest, ARequestThatTheNextManagerGotEmptiedIsOpen) {
  HttpResponse response;
  response.status = 400;
  response.body = R"({"error":{"type":"illegal_argument_exception","reason":"Validation Failed: )"
                  R"(1: Must specify at least one alias action;"},"status":400})";
  EXPECT_EQ(StatusFromAnswer(response, Effect::kChange, "change aliases").code(),
            StatusCode::kUnknown);
}

TEST(AnswersTest, LostAnswerToAReadIsAServerNotReached) {
  const absl::Status lost = absl::UnknownError("reset");
  EXPECT_EQ(StatusFromFailure(lost, Effect::kRead).code(), StatusCode::kUnavailable);
  EXPECT_EQ(StatusFromFailure(lost, Effect::kChange).code(), StatusCode::kUnknown);
  EXPECT_EQ(StatusFromFailure(absl::UnavailableError(""), Effect::kChange).code(),
            StatusCode::kUnavailable);
}

TEST(AnswersTest, MessageSaysWhatWhyAndTheRemedy) {
  const absl::Status status =
      StatusFromAnswer(Answer(401, "security_exception"), Effect::kRead, "count documents");
  EXPECT_THAT(std::string(status.message()), HasSubstr("count documents: HTTP 401"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("security_exception: no such thing"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("password"));
}

TEST(AnswersTest, ErrorOfEveryShape) {
  const ServerError error = ParseServerError(Answer(404, "index_not_found_exception"));
  EXPECT_EQ(error.type, "index_not_found_exception");
  EXPECT_EQ(error.index, "people_v3");
  EXPECT_EQ(ParseServerError({404, R"({"error":"alias [x] missing","status":404})", "", ""}).reason,
            "alias [x] missing");
  EXPECT_EQ(ParseServerError({502, "<html>bad gateway</html>", "", ""}).reason,
            "<html>bad gateway</html>");
  EXPECT_LT(ParseServerError({502, std::string(100000, 'x'), "", ""}).reason.size(), 400u);
  EXPECT_EQ(ParseServerError({413, "", "", ""}).reason, "");
}

}  // namespace
}  // namespace indexswap
