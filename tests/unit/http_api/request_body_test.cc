#include "syncd/http/request_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace syncd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(SyncBody, NothingIsAPlainSync) {
  for (const std::string body : {"", " \r\n", "{}", R"({"promote":null,"override":null})"}) {
    const auto request = ReadSyncRequest(body);
    ASSERT_TRUE(request.ok()) << request.status();
    EXPECT_FALSE(request->promote.has_value());
    EXPECT_THAT(request->overrides, IsEmpty());
    EXPECT_FALSE(request->if_state.has_value());
  }
}

void ExpectMistake(const absl::Status& status, const std::string& key, const std::string& what) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(key), HasSubstr(what)));
}

TEST(SyncBody, MistakesNameTheKeyAndWhatWasExpected) {
  const std::string generation = "number of a generation";
  for (const std::string value :
       {"\"12\"", "-1", "1.5", "12.0", "true", "18446744073709551616", "[]"}) {
    ExpectMistake(ReadSyncRequest("{\"promote\":" + value + "}").status(), "promote", generation);
  }
  for (const std::string value : {"\"shrink\"", "[1]", "[\"a\",null]", "{}"}) {
    ExpectMistake(ReadSyncRequest("{\"override\":" + value + "}").status(), "override",
                  "list of strings");
  }
  ExpectMistake(ReadSyncRequest(R"({"if_state":1})").status(), "if_state", "a string");
  ExpectMistake(ReadSyncRequest(R"({"force":true})").status(), "force",
                R"("if_state", "override", "promote")");
  ExpectMistake(ReadSyncRequest("[]").status(), "object", "{");
  ExpectMistake(ReadSyncRequest("{} {}").status(), "no JSON", "object");
  ExpectMistake(ReadSyncRequest("null").status(), "no object", "{");
}

TEST(SyncBody, TheLargestGeneration) {
  EXPECT_EQ(ReadSyncRequest(R"({"promote":18446744073709551615})")->promote, UINT64_MAX);
}

TEST(RollbackBody, Fields) {
  EXPECT_EQ(ReadRollbackRequest(R"({"to":0})")->to, 0U);
  EXPECT_TRUE(ReadRollbackRequest(R"({"accept_loss":true})")->accept_loss);
  EXPECT_FALSE(ReadRollbackRequest("")->to.has_value());
  ExpectMistake(ReadRollbackRequest(R"({"accept_loss":"true"})").status(), "accept_loss",
                "true or false");
}

TEST(PruneBody, Fields) {
  EXPECT_FALSE(*ReadPruneRequest(""));
  EXPECT_TRUE(*ReadPruneRequest(R"({"dry_run":true})"));
  ExpectMistake(ReadPruneRequest(R"({"dry_run":1})").status(), "dry_run", "true or false");
}

TEST(EmptyBody, TakesNoKeys) {
  EXPECT_TRUE(ReadEmptyRequest("{}").ok());
  ExpectMistake(ReadEmptyRequest(R"({"run":1})"), "run", "an empty object");
}

TEST(Messages, StayAsTheyCame) {
  EXPECT_THAT(*ReadMessages(" {\"a\" : 1.10}\n", false), ElementsAre(" {\"a\" : 1.10}\n"));
  EXPECT_THAT(*ReadMessages("1\r\n \n\"two\"\n\n{}", true), ElementsAre("1", "\"two\"", "{}"));
}

TEST(Messages, MustBeJson) {
  const auto bad = ReadMessages("{}\n\n{\"name\":\"Smith\"\n", true);
  EXPECT_THAT(
      std::string(bad.status().message()),
      AllOf(HasSubstr("line 3"), HasSubstr("no message was taken"), Not(HasSubstr("Smith"))));
  EXPECT_FALSE(ReadMessages("{}\n{}", false).ok());
  EXPECT_FALSE(ReadMessages("", true).ok());
  EXPECT_FALSE(ReadMessages("\n \n", true).ok());
  EXPECT_FALSE(ReadMessages(std::string(100'000, '['), false).ok());
}

}  // namespace
}  // namespace syncd
