// The store against a scripted server: what it sends, and what it makes of each answer.
#include "indexswap/opensearch/store.h"

#include "indexswap/opensearch/bulk_codec.h"
#include "scripted_store.h"

namespace indexswap {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

TEST_F(OpenSearchStoreTest, SwapIsOneRequestThatIsSentAtMostOnce) {
  Answer(200, R"({"acknowledged":true})");
  EXPECT_TRUE(Swap().ok());
  ASSERT_EQ(sent().size(), 1u);
  EXPECT_EQ(sent()[0].line, "POST /_aliases");
  EXPECT_TRUE(sent()[0].at_most_once);
  EXPECT_THAT(sent()[0].body, HasSubstr(R"("must_exist":true)"));
  const auto explained = store_->Explain(kFence, {},
                                         {{AliasAction::Kind::kRemove, "people", "people_v2", ""},
                                          {AliasAction::Kind::kAdd, "people", "people_v3", ""}});
  ASSERT_EQ(explained.size(), 1u);
  EXPECT_EQ(explained[0].method + " " + explained[0].path, sent()[0].line);
  EXPECT_EQ(explained[0].body, sent()[0].body);
}

TEST_F(OpenSearchStoreTest, WhatIsExplainedOfAnIndexIsWhatIsSent) {
  GenerationMeta meta;
  meta.release = "tis";
  meta.generation = 3;
  meta.gates = {{"blocks", true, false, "none"}};
  const IndexDefinition index{"people_v3", R"({"properties":{"n":{"type":"long"}}})",
                              R"({"number_of_replicas":2,"codec":"best_compression"})", meta};
  for (int i = 0; i < 3; ++i) Answer(200, R"({"acknowledged":true})");
  Answer(200, R"({"_shards":{"total":1,"successful":1,"failed":0}})");
  ASSERT_TRUE(store_->CreateIndex(kFence, index).ok());
  ASSERT_TRUE(store_->FinishLoading(kFence, index.name, index.settings).ok());
  const auto explained = store_->Explain(kFence, {index}, {});
  ASSERT_EQ(explained.size(), 3u);
  for (size_t i = 0; i < explained.size(); ++i) {
    EXPECT_EQ(explained[i].method + " " + explained[i].path, sent()[i].line);
    EXPECT_EQ(explained[i].body, sent()[i].body);
  }
}

TEST_F(OpenSearchStoreTest, WhatDoesNotSayThatItIsDoneIsUnknown) {
  for (const char* body :
       {R"({"acknowledged":false})", R"({"acknowledged":true,"errors":true,"action_results":[]})",
        R"({"acknowl)", "<html>", "", "{}", "[]"}) {
    Answer(200, body);
    EXPECT_EQ(Swap().code(), StatusCode::kUnknown) << body;
  }
  EXPECT_EQ(sent().size(), 7u) << "nothing is sent again";
  Answer(200, R"({"acknowledged":true,"errors":false})");
  EXPECT_TRUE(Swap().ok());
}

TEST_F(OpenSearchStoreTest, ErrorsOfASwap) {
  struct Case {
    int status;
    std::string body;
    StatusCode code;
  };
  for (const Case& each : {
           Case{404, Error("index_not_found_exception", "no such index", "tis_lease_7"),
                StatusCode::kAborted},
           Case{404, Error("index_not_found_exception", "no such index [tis_lease_7]", ""),
                StatusCode::kAborted},
           Case{404, Error("index_not_found_exception", "no such index", "people_v3"),
                StatusCode::kNotFound},
           Case{404, Error("aliases_not_found_exception", "aliases [people] missing", ""),
                StatusCode::kFailedPrecondition},
           Case{404, Error("resource_not_found_exception", "required alias [people]", ""),
                StatusCode::kFailedPrecondition},
           Case{400, Error("invalid_alias_name_exception", "an index has that name", "people"),
                StatusCode::kInvalidArgument},
           Case{500,
                Error("illegal_state_exception", "alias [tis_leader] has more than one write index",
                      ""),
                StatusCode::kAborted},
           Case{
               500,
               Error("illegal_state_exception", "alias [people] has more than one write index", ""),
               StatusCode::kFailedPrecondition},
           Case{403, Error("cluster_block_exception", "index read-only (api)", ""),
                StatusCode::kResourceExhausted},
           Case{502, "<html>", StatusCode::kUnknown},
           Case{503, "<html>", StatusCode::kUnknown},
       }) {
    Answer(each.status, each.body);
    EXPECT_EQ(Swap().code(), each.code) << each.body;
  }
}

TEST_F(OpenSearchStoreTest, LostAnswerIsUnknownAndNothingIsSentAgain) {
  Fail(absl::UnknownError("reset"));
  EXPECT_EQ(Swap().code(), StatusCode::kUnknown);
  EXPECT_EQ(sent().size(), 1u);
}

TEST_F(OpenSearchStoreTest, WithoutMustExistAliasesAreLookedAtFirst) {
  Make(false);
  Answer(200, R"({"tis_lease_7":{"aliases":{}},"people_v2":{"aliases":{"people":{}}}})");
  Answer(200, R"({"acknowledged":true})");
  EXPECT_TRUE(Swap().ok());
  EXPECT_EQ(sent()[1].body.find("must_exist"), std::string::npos);

  Answer(200, R"({"tis_lease_7":{"aliases":{}},"people_v2":{"aliases":{}}})");
  EXPECT_EQ(Swap().code(), StatusCode::kFailedPrecondition);
  Answer(200, R"({"people_v2":{"aliases":{"people":{}}}})");
  EXPECT_EQ(Swap().code(), StatusCode::kAborted);
  EXPECT_EQ(sent().size(), 4u);  // no alias request but the first
}

TEST_F(OpenSearchStoreTest, FloodStagesBlockIsLiftedByTheHolderOnce) {
  const std::string flood =
      Error("cluster_block_exception", "flood-stage: index has read-only-allow-delete block", "");
  Answer(429, flood);
  for (int i = 0; i < 3; ++i) Answer(200, "{}");  // lease, people_v2, people_v3
  Answer(200, R"({"acknowledged":true})");
  EXPECT_TRUE(Swap().ok());
  ASSERT_EQ(sent().size(), 5u);
  EXPECT_EQ(sent()[1].line, "PUT /tis_lease_7_W7/_settings");
  EXPECT_EQ(sent()[2].line, "PUT /people_v2/_settings");

  Answer(429, flood);
  Answer(404, Error("index_not_found_exception", "", "tis_lease_7_W7"));
  EXPECT_EQ(Swap().code(), StatusCode::kAborted);
  EXPECT_EQ(sent().size(), 7u);  // whoever has lost the lease lifts nothing
}

TEST_F(OpenSearchStoreTest, WhatMeetsTheFloodStagesBlockIsSentAgainBehindIt) {
  Answer(429, Error("cluster_block_exception", "index has read-only-allow-delete block", ""));
  for (int i = 0; i < 2; ++i) Answer(200, "{}");  // lease, people_v3
  Answer(200, R"({"acknowledged":true})");
  EXPECT_TRUE(store_->WriteMeta(kFence, "people_v3", {}).ok());
  ASSERT_EQ(sent().size(), 4u);
  EXPECT_EQ(sent()[3].line, sent()[0].line);
  EXPECT_EQ(sent()[3].body, sent()[0].body);
}

TEST_F(OpenSearchStoreTest, NamesThatMeanOthersReachNoServer) {
  EXPECT_EQ(store_->DeleteIndexes(kFence, {"people_v*"}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->DeleteIndexes(kFence, {"_all"}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->Refresh("*").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->Count("a,b", "").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->WriteMeta(kFence, "people_v*", {}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->CreateIndex(kFence, {"people_v1/_x", "", "", {}}).code(),
            StatusCode::kInvalidArgument);
  EXPECT_TRUE(sent().empty());
}

TEST_F(OpenSearchStoreTest, DeletionLooksForAliasesFirst) {
  Answer(200, R"({"tis_lease_7":{},"people_v1":{"aliases":{"people_v1_W7":{},"people":{}}}})");
  const absl::Status status = store_->DeleteIndexes(kFence, {"people_v1"});
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("alias people"));
  EXPECT_EQ(sent().size(), 1u);
}

// A rival created this lease, and lost it to epoch 8, between our look and our request.
TEST_F(OpenSearchStoreTest, LeaseCreatedTooLateIsTakenBack) {
  Answer(200, "{}");
  Answer(200, R"({"acknowledged":true})");
  Answer(200, R"({"tis_lease_7":{},"tis_lease_8":{}})");
  Answer(200, R"({"acknowledged":true})");
  EXPECT_EQ(store_->CreateLease(kFence, {}).code(), StatusCode::kAborted);
  ASSERT_EQ(sent().size(), 4u);
  EXPECT_EQ(sent()[3].line, "DELETE /tis_lease_7");
}

TEST_F(OpenSearchStoreTest, LeaseWhoseRecordWasNotWrittenIsUnknown) {
  Answer(200, "{}");
  Answer(200, R"({"acknowledged":true})");
  Answer(200, kLeaseEntry);
  Answer(429, Error("circuit_breaking_exception", "", ""));
  EXPECT_EQ(store_->CreateLease(kFence, {}).code(), StatusCode::kUnknown);
}

// The old writer gives an index its private alias between our look and our request.
TEST_F(OpenSearchStoreTest, TakeOverLooksAgainUntilNothingOfTheOldWriterIsLeft) {
  Answer(200, R"({"tis_lease_6":{},"tis_lease_7":{},"people_v3":{"aliases":{}}})");
  Answer(200, R"({"acknowledged":true})");
  Answer(200, R"({"tis_lease_7":{"aliases":{"tis_leader":{}}},
                  "people_v3":{"aliases":{"people_v3_W6":{},"people_v3_W7":{}}}})");
  Answer(200, R"({"acknowledged":true})");
  Answer(200, R"({"tis_lease_7":{"aliases":{"tis_leader":{}}},
                  "people_v3":{"aliases":{"people_v3_W7":{}}}})");
  EXPECT_TRUE(store_->TakeOver(kFence, {"people_v3"}).ok());
  ASSERT_EQ(sent().size(), 5u);
  EXPECT_THAT(sent()[1].body, HasSubstr(R"({"remove_index":{"index":"tis_lease_6"}})"));
  EXPECT_THAT(sent()[3].body, HasSubstr(R"("alias":"people_v3_W6")"));
}

TEST_F(OpenSearchStoreTest, TakeOverThatWasDoneAlreadyChangesNothing) {
  Answer(200, R"({"tis_lease_7":{"aliases":{"tis_leader":{}}},
                  "people_v3":{"aliases":{"people_v3_W7":{}}}})");
  EXPECT_TRUE(store_->TakeOver(kFence, {"people_v3"}).ok());
  EXPECT_EQ(sent().size(), 1u);
}

TEST_F(OpenSearchStoreTest, MissingPrivateAliasIsTheFenceOnlyIfTheLeaseIsGone) {
  const std::string missing = Error("index_not_found_exception", "no such index", "people_v3_W7");
  Answer(404, missing);
  Answer(200, "{}");
  EXPECT_EQ(store_->WriteMeta(kFence, "people_v3", {}).code(), StatusCode::kAborted);
  Answer(404, missing);
  Answer(200, kLeaseEntry);
  EXPECT_EQ(store_->WriteMeta(kFence, "people_v3", {}).code(), StatusCode::kNotFound);
}

TEST_F(OpenSearchStoreTest, BulkPutsDefectsAndAnswersInTheirPlaces) {
  const std::vector<BulkItem> items = {{BulkItem::Kind::kIndex, "people_v3", "a", 1, "{}"},
                                       {BulkItem::Kind::kIndex, "people_v3", "", 1, "{}"},
                                       {BulkItem::Kind::kIndex, "people_v3", "c", 1, "{}"}};
  Answer(200, R"({"errors":true,"items":[{"index":{"status":201}},
                  {"index":{"status":409,"error":{"type":"version_conflict_engine_exception"}}}]})");
  auto results = store_->Bulk(kFence, items);
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ(results->at(0).outcome, BulkResult::Outcome::kDone);
  EXPECT_EQ(results->at(1).outcome, BulkResult::Outcome::kRefused);
  EXPECT_EQ(results->at(2).outcome, BulkResult::Outcome::kNotNewer);
  EXPECT_EQ(sent()[0].line, std::string("POST ") + kBulkTarget);
}

TEST_F(OpenSearchStoreTest, BulkAnswersAsAWhole) {
  const std::vector<BulkItem> items = {{BulkItem::Kind::kIndex, "people_v3", "a", 1, "{}"}};
  for (const auto& [status, code] :
       std::vector<std::pair<int, StatusCode>>{{413, StatusCode::kOutOfRange},
                                               {429, StatusCode::kResourceExhausted},
                                               {503, StatusCode::kUnavailable},
                                               {502, StatusCode::kUnknown},
                                               {504, StatusCode::kUnknown}}) {
    Answer(status, "");
    EXPECT_EQ(store_->Bulk(kFence, items).status().code(), code) << status;
  }
  Answer(200, R"({"errors":false,"items":[]})");
  EXPECT_EQ(store_->Bulk(kFence, items).status().code(), StatusCode::kDataLoss);
}

TEST_F(OpenSearchStoreTest, BulkThatMeetsABlockAsAWholeIsBlockedInEachItem) {
  const std::vector<BulkItem> items = {{BulkItem::Kind::kIndex, "people_v3", "a", 1, "{}"},
                                       {BulkItem::Kind::kIndex, "people_v3", "", 1, "{}"},
                                       {BulkItem::Kind::kIndex, "people_v3", "c", 1, "{}"}};
  for (const int status : {403, 429}) {
    Answer(status, Error("cluster_block_exception", "cluster read-only", ""));
    const auto results = store_->Bulk(kFence, items);
    ASSERT_TRUE(results.ok()) << results.status();
    EXPECT_EQ(results->at(0).outcome, BulkResult::Outcome::kBlocked);
    EXPECT_THAT(results->at(0).reason, HasSubstr("cluster read-only"));
    EXPECT_EQ(results->at(1).outcome, BulkResult::Outcome::kRefused) << "it was not sent";
    EXPECT_EQ(results->at(2).outcome, BulkResult::Outcome::kBlocked);
  }
  Answer(503, Error("cluster_block_exception", "no cluster manager", ""));
  EXPECT_EQ(store_->Bulk(kFence, items).status().code(), StatusCode::kUnavailable);
  Answer(403, Error("security_exception", "no permissions", ""));
  EXPECT_EQ(store_->Bulk(kFence, items).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(OpenSearchStoreTest, CountOfSomeShardsIsNoNumber) {
  Answer(200, R"({"count":5,"_shards":{"total":3,"successful":2,"skipped":0,"failed":0}})");
  EXPECT_EQ(store_->Count("people", "").status().code(), StatusCode::kUnavailable);
  Answer(200, R"({"count":5,"_shards":{"total":2,"successful":1,"failed":1,"failures":[
                  {"reason":{"type":"script_exception","reason":"runtime error"}}]}})");
  EXPECT_EQ(store_->Count("people", R"({"script":{}})").status().code(),
            StatusCode::kInvalidArgument);
  Answer(200, R"({"count":5,"_shards":{"total":2,"successful":2,"skipped":0,"failed":0}})");
  EXPECT_EQ(store_->Count("people", "").value_or(0), 5u);
}

TEST_F(OpenSearchStoreTest, RefreshOfSomeShardsIsNone) {
  Answer(200, R"({"_shards":{"total":4,"successful":1,"failed":1,"failures":[
                  {"reason":{"type":"engine_closed","reason":"no room"}}]}})");
  const absl::Status some = store_->Refresh("people_v3");
  EXPECT_EQ(some.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(some.message()), HasSubstr("no room"));
  Answer(200, R"({"_shards":{"total":4,"successful":2,"failed":0}})");  // copies that are nowhere
  EXPECT_TRUE(store_->Refresh("people_v3").ok());
}

TEST_F(OpenSearchStoreTest, ASearchThatAsksForTooMuchIsNoTroubleOfTheServer) {
  Answer(503, Error("search_phase_execution_exception", "too_many_buckets_exception: 65536", ""));
  EXPECT_EQ(store_->Search("people", "", "{}").status().code(), StatusCode::kInvalidArgument);
  Answer(503, Error("search_phase_execution_exception", "all shards failed", ""));
  EXPECT_EQ(store_->Search("people", "", "{}").status().code(), StatusCode::kUnavailable);
}

TEST_F(OpenSearchStoreTest, HealthThatWaitedInVainIsNoError) {
  Answer(408, R"({"status":"yellow","timed_out":true,"active_shards":1,"unassigned_shards":1})");
  auto health = store_->CheckHealth({"people_v3", "places_v3"}, Health::Colour::kGreen);
  ASSERT_TRUE(health.ok()) << health.status();
  EXPECT_EQ(health->colour, Health::Colour::kYellow);
  EXPECT_THAT(health->detail, HasSubstr("1 unassigned"));
  EXPECT_EQ(sent()[0].line,
            "GET /_cluster/health/people_v3,places_v3?wait_for_status=green&timeout=10ms");
  EXPECT_EQ(sent()[0].extra_time, std::chrono::milliseconds(10)) << "or the wait cuts it off";
}

}  // namespace
}  // namespace indexswap
