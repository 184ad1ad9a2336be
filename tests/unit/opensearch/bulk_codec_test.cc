#include "indexswap/opensearch/bulk_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace indexswap {
namespace {

using Outcome = BulkResult::Outcome;
using ::testing::HasSubstr;
using ::testing::Not;

BulkItem Put(const std::string& id, uint64_t version, const std::string& document) {
  return {BulkItem::Kind::kIndex, "people_v3", id, version, document};
}

BulkItem Delete(const std::string& id, uint64_t version) {
  return {BulkItem::Kind::kDelete, "people_v3", id, version, ""};
}

std::string Encode(const std::vector<BulkItem>& items) {
  std::vector<const BulkItem*> pointers;
  for (const BulkItem& item : items) pointers.push_back(&item);
  return EncodeBulk(7, pointers);
}

// One result of an answer whose only item is `item`.
BulkResult ParseOne(const std::string& item) {
  auto results = ParseBulkAnswer(R"({"errors":true,"items":[)" + item + "]}", 1);
  EXPECT_TRUE(results.ok()) << results.status();
  return results.ok() ? results->at(0) : BulkResult{Outcome::kBusy, "no result"};
}

std::string Failed(const std::string& action, int status, const std::string& type) {
  return R"({")" + action + R"(":{"status":)" + std::to_string(status) + R"(,"error":{"type":")" +
         type + R"(","reason":"why"}}})";
}

TEST(EncodeBulkTest, IndexItemsGoThroughThePrivateAliasThatMustExist) {
  EXPECT_EQ(Encode({Put("a", 5, R"({"x":1})")}),
            "{\"index\":{\"_index\":\"people_v3_W7\",\"_id\":\"a\",\"version\":5,"
            "\"version_type\":\"external\",\"require_alias\":true}}\n{\"x\":1}\n");
}

TEST(EncodeBulkTest, DeletesHaveNoDocumentAndNoRequireAlias) {
  EXPECT_EQ(Encode({Delete("a", 18446744073709551)}),
            "{\"delete\":{\"_index\":\"people_v3_W7\",\"_id\":\"a\",\"version\":18446744073709551,"
            "\"version_type\":\"external\"}}\n");
}

TEST(EncodeBulkTest, OrderAndIndexesAreKept) {
  BulkItem other = Put("b", 2, "{}");
  other.index = "places_v3";
  const std::string body = Encode({Put("a", 1, "{}"), other, Delete("a", 3)});
  EXPECT_LT(body.find("people_v3_W7"), body.find("places_v3_W7"));
  EXPECT_LT(body.find("places_v3_W7"), body.rfind("people_v3_W7"));
}

TEST(EncodeBulkTest, IdsAreEscapedAndDocumentsPutOnOneLine) {
  const std::string body = Encode({Put("q\"b\\n\n\x01Ó", 1, "{\r\n \"x\": 1\n}\n")});
  EXPECT_THAT(body, HasSubstr("\"_id\":\"q\\\"b\\\\n\\u000a\\u0001Ó\""));
  EXPECT_EQ(std::count(body.begin(), body.end(), '\n'), 2);
  EXPECT_THAT(body, HasSubstr("{   \"x\": 1 } \n"));
}

TEST(BulkDefectTest, FindsWhatWouldSpoilTheWholeRequest) {
  EXPECT_EQ(BulkDefect(Put("a", 1, "{}")), "");
  EXPECT_EQ(BulkDefect(Put("Ó€😀", 1, "{}")), "");
  EXPECT_EQ(BulkDefect(Put(std::string(512, 'x'), 1, "{}")), "");
  EXPECT_EQ(BulkDefect(Delete("a", 1)), "");
  EXPECT_THAT(BulkDefect(Put("", 1, "{}")), HasSubstr("no id"));
  EXPECT_THAT(BulkDefect(Put(std::string(513, 'x'), 1, "{}")), HasSubstr("513"));
  EXPECT_THAT(BulkDefect(Put("a", 1, "")), HasSubstr("empty"));
  EXPECT_THAT(BulkDefect(Put("a", uint64_t{1} << 63, "{}")), HasSubstr("version"));
  for (const char* bad : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\x80",
                          "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xc3("}) {
    EXPECT_THAT(BulkDefect(Put(bad, 1, "{}")), HasSubstr("UTF-8"));
  }
}

TEST(ParseBulkAnswerTest, CleanAnswerIsAllDone) {
  auto results = ParseBulkAnswer(
      R"({"errors":false,"items":[{"index":{"status":201}},{"delete":{"status":404}}]})", 2);
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->size(), 2u);
  EXPECT_EQ(results->at(0).outcome, Outcome::kDone);
  EXPECT_EQ(results->at(1).outcome, Outcome::kDone);
}

TEST(ParseBulkAnswerTest, UnfilteredCleanAnswerIsUnderstoodToo) {
  auto results = ParseBulkAnswer(
      R"({"took":3,"errors":false,"items":[{"index":{"_index":"i","_id":"\"status\":","status":200}}]})",
      1);
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ(results->at(0).outcome, Outcome::kDone);
}

TEST(ParseBulkAnswerTest, EveryItemIsClassifiedByItsPosition) {
  const std::string body = R"({"errors":true,"items":[{"index":{"status":201}},)" +
                           Failed("index", 409, "version_conflict_engine_exception") + "," +
                           Failed("index", 400, "mapper_parsing_exception") + "," +
                           R"({"delete":{"status":404}},)" +
                           Failed("delete", 400, "invalid_index_name_exception") + "]}";
  auto results = ParseBulkAnswer(body, 5);
  ASSERT_TRUE(results.ok()) << results.status();
  std::vector<Outcome> outcomes;
  for (const BulkResult& result : *results) outcomes.push_back(result.outcome);
  EXPECT_EQ(outcomes, (std::vector<Outcome>{Outcome::kDone, Outcome::kNotNewer, Outcome::kRefused,
                                            Outcome::kDone, Outcome::kFenced}));
  EXPECT_EQ(results->at(1).reason, "");
  EXPECT_EQ(results->at(2).reason, "mapper_parsing_exception: why");
}

TEST(ParseBulkAnswerTest, ErrorsByStatusAndType) {
  struct Case {
    int status;
    const char* type;
    Outcome outcome;
  };
  for (const Case& each : {
           Case{404, "index_not_found_exception", Outcome::kFenced},
           Case{400, "invalid_index_name_exception", Outcome::kFenced},
           Case{429, "es_rejected_execution_exception", Outcome::kBusy},
           Case{429, "rejected_execution_exception", Outcome::kBusy},
           Case{429, "circuit_breaking_exception", Outcome::kBusy},
           Case{429, "cluster_block_exception", Outcome::kBlocked},
           Case{403, "cluster_block_exception", Outcome::kBlocked},
           Case{403, "security_exception", Outcome::kBlocked},
           Case{400, "index_closed_exception", Outcome::kBlocked},
           Case{503, "unavailable_shards_exception", Outcome::kBusy},
           Case{503, "cluster_block_exception", Outcome::kBusy},
           Case{500, "null_pointer_exception", Outcome::kFailed},
           Case{500, "not_x_content_exception", Outcome::kRefused},
           Case{404, "shard_not_found_exception", Outcome::kBusy},
           Case{400, "strict_dynamic_mapping_exception", Outcome::kRefused},
           Case{400, "document_parsing_exception", Outcome::kRefused},
       }) {
    const BulkResult result = ParseOne(Failed("index", each.status, each.type));
    EXPECT_EQ(result.outcome, each.outcome) << each.status << " " << each.type;
    EXPECT_THAT(result.reason, HasSubstr(each.type));
  }
}

TEST(ParseBulkAnswerTest, ReasonHasTheCausesButNotTheRequest) {
  const BulkResult result =
      ParseOne(R"({"index":{"status":400,"error":{"type":"a","reason":"b","caused_by":{"type":"c",)"
               R"("reason":"d\n at [Source: (byte[])\"POST secret"}}}})");
  EXPECT_EQ(result.reason, "a: b; caused by c: d");
}

TEST(ParseBulkAnswerTest, WhatIsNoAnswerIsDataLoss) {
  const std::string good =
      R"({"errors":false,"items":[{"index":{"status":201}},{"index":{"status":201}}]})";
  ASSERT_TRUE(ParseBulkAnswer(good, 2).ok());
  for (size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_EQ(ParseBulkAnswer(good.substr(0, cut), 2).status().code(), absl::StatusCode::kDataLoss)
        << cut;
  }
  for (const size_t count : {0, 1, 3}) {
    EXPECT_EQ(ParseBulkAnswer(good, count).status().code(), absl::StatusCode::kDataLoss);
  }
  for (const char* body :
       {"<html>", "[]", "{}", R"({"items":{}})", R"({"items":[1]})", R"({"items":[{"index":{}}]})",
        R"({"items":[{"index":{"status":"201"}}]})", R"({"items":[{"index":{"status":500}}]})"}) {
    EXPECT_EQ(ParseBulkAnswer(body, 1).status().code(), absl::StatusCode::kDataLoss) << body;
  }
}

TEST(ParseBulkAnswerTest, CleanLookingAnswerWithAnErrorInItIsReadInFull) {
  auto results = ParseBulkAnswer(
      R"({"errors":false,"items":[{"index":{"status":400,"error":{"type":"x","reason":"y"}}}]})",
      1);
  ASSERT_TRUE(results.ok());
  EXPECT_EQ(results->at(0).outcome, Outcome::kRefused);
}

}  // namespace
}  // namespace indexswap
