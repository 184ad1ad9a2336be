#include "indexswap/opensearch/state_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "indexswap/json/meta_codec.h"

namespace indexswap {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

GenerationMeta Meta() {
  GenerationMeta meta;
  meta.release = "tis";
  meta.generation = 3;
  meta.build_id = "b3";
  return meta;
}

std::string Index(const std::string& name, const std::string& aliases, const std::string& meta) {
  return R"(")" + name + R"(":{"aliases":{)" + aliases + R"(},"mappings":{)" +
         (meta.empty() ? "" : R"("_meta":{"indexswap":)" + meta + "}") +
         R"(},"settings":{"index":{"uuid":"x"}}})";
}

StateQuery Query() { return {"tis", {"people"}, {"people", "squatter"}}; }

TEST(IndexesTargetTest, EncodesNamesAndKeepsPatterns) {
  EXPECT_THAT(IndexesTarget({"tis_lease_*", "people_v*", "Ó"}),
              HasSubstr("/tis_lease_*,people_v*,%C3%93?ignore_unavailable=true"));
}

TEST(ParseShardFiguresTest, AddsUpPrimaries) {
  const auto figures = ParseShardFigures("old", R"({"indices":{"old":{"shards":{
      "0":[{"routing":{"primary":false},"seq_no":{"max_seq_no":99},"store":{"size_in_bytes":9}},
           {"routing":{"primary":true},"seq_no":{"max_seq_no":41},"store":{"size_in_bytes":100}}],
      "1":[{"routing":{"primary":true},"seq_no":{"max_seq_no":-1},"store":{"size_in_bytes":20}}]
      }}}})");
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_EQ(figures->writes, 42u);
  EXPECT_EQ(figures->bytes, 120u);
}

TEST(ParseShardFiguresTest, AMissingPrimaryIsNoFigure) {
  const auto figures = ParseShardFigures("old", R"({"indices":{"old":{"shards":{
      "0":[{"routing":{"primary":false},"seq_no":{"max_seq_no":99}}]}}}})");
  EXPECT_EQ(figures.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(ParseShardFigures("old", "{}").status().code(), StatusCode::kDataLoss);
}

TEST(AssembleStateTest, AForeignAliasKeepsItsFilterAndOptions) {
  const auto entries = ParseIndexes(
      "{" +
      Index("old", R"("people":{"filter":{"b":1},"index_routing":"1","is_write_index":true})", "") +
      "}");
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(entries->at("old").uuid, "x");
  const auto state = AssembleState(Query(), *entries);
  EXPECT_EQ(state->aliases.at("people"),
            (std::vector<AliasTarget>{
                {"old", R"({"b":1})", R"({"index_routing":"1","is_write_index":true})"}}));
}

TEST(AssembleStateTest, SortsOutWhatIsWhat) {
  const std::string body =
      "{" + Index("tis_lease_10", R"("tis_leader":{})", "") + "," + Index("tis_lease_9", "", "") +
      "," + Index("squatter", "", "") + "," +
      Index("people_v3",
            R"("people_v3_W10":{},"people_v3_W9":{},"people":{"filter":{"b":1,"a":2}},"hand":{})",
            EncodeMeta(Meta())) +
      "," + Index("people_v4", "", "") + "," + Index("people_v05", R"("mine":{})", "") + "," +
      Index("elsewhere", R"("people":{},"theirs":{})", "") + "}";
  auto entries = ParseIndexes(body);
  ASSERT_TRUE(entries.ok()) << entries.status();
  auto state = AssembleState(Query(), *entries);
  ASSERT_TRUE(state.ok()) << state.status();

  ASSERT_EQ(state->leases.size(), 2u);
  EXPECT_EQ(state->leases[0].epoch, 9u);
  EXPECT_EQ(state->leases[1].epoch, 10u);
  ASSERT_EQ(state->indexes.size(), 2u);
  EXPECT_EQ(state->indexes[0].name, "people_v3");
  ASSERT_TRUE(state->indexes[0].meta.has_value());
  EXPECT_EQ(state->indexes[0].meta->build_id, "b3");
  EXPECT_EQ(state->indexes[0].write_epochs, (std::vector<uint64_t>{9, 10}));
  EXPECT_FALSE(state->indexes[1].meta.has_value());
  EXPECT_EQ(state->aliases,
            (AliasTable{{"hand", {{"people_v3", ""}}},
                        {"people", {{"elsewhere", ""}, {"people_v3", R"({"a":2,"b":1})"}}}}));
  EXPECT_EQ(state->concrete, std::vector<std::string>{"squatter"});
}

TEST(AssembleStateTest, MetaThatIsNotOursIsAForeigners) {
  auto entries = ParseIndexes("{" + Index("people_v3", "", R"({"format":1})") + "}");
  ASSERT_TRUE(entries.ok());
  auto state = AssembleState(Query(), *entries);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_FALSE(state->indexes[0].meta.has_value());
}

TEST(AssembleStateTest, NewerFormatIsNoMetaButSaysWhy) {
  auto entries = ParseIndexes("{" + Index("people_v3", "", R"({"format":99})") + "}");
  ASSERT_TRUE(entries.ok());
  auto state = AssembleState(Query(), *entries);
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_FALSE(state->indexes[0].meta.has_value());
  EXPECT_THAT(state->indexes[0].newer, HasSubstr("format 99"));
}

TEST(ParseLeasesTest, ARecordOfANewerProgramSaysSo) {
  std::vector<Lease> leases = {{4, {}, ""}};
  const absl::Status s =
      ParseLeases(R"({"docs":[{"found":true,"_source":{"format":7,"beats":1}}]})", leases);
  ASSERT_TRUE(s.ok()) << s;
  EXPECT_FALSE(leases[0].record.has_value());
  EXPECT_THAT(leases[0].newer, HasSubstr("format 7"));
}

TEST(ParseLeasesTest, RecordsByPosition) {
  LeaseRecord record;
  record.owner.id = "me";
  std::vector<Lease> leases = {{8, {}}, {9, {}}, {10, {}}};
  ASSERT_TRUE(ParseLeases(R"({"docs":[{"error":{"type":"index_not_found_exception"}},)"
                          R"({"found":false},{"found":true,"_source":)" +
                              EncodeLease(record) + "}]}",
                          leases)
                  .ok());
  EXPECT_FALSE(leases[0].record || leases[1].record);
  ASSERT_TRUE(leases[2].record.has_value());
  EXPECT_EQ(leases[2].record->owner.id, "me");
}

TEST(ParseLeasesTest, RecordThatCanNotBeReadNowIsNoAbsentRecord) {
  std::vector<Lease> leases = {{8, {}}};
  EXPECT_EQ(
      ParseLeases(R"({"docs":[{"error":{"type":"no_shard_available_action_exception"}}]})", leases)
          .code(),
      StatusCode::kUnavailable);
  EXPECT_EQ(ParseLeases(R"({"docs":[]})", leases).code(), StatusCode::kDataLoss);
}

TEST(ParseDocumentsTest, FoundOnesWithTheirVersions) {
  std::string deep = "1";
  for (int i = 0; i < 500; ++i) deep = "[" + deep + "]";
  auto documents = ParseDocuments(
      R"({"docs":[{"_id":"a","_version":9007199254740993,"found":true,"_source":{"x":)" + deep +
      R"(}},{"_id":"b","found":false}]})");
  ASSERT_TRUE(documents.ok()) << documents.status();
  ASSERT_EQ(documents->size(), 1u);
  EXPECT_EQ(documents->at(0).id, "a");
  EXPECT_EQ(documents->at(0).version, 9007199254740993u);
  EXPECT_EQ(documents->at(0).document, R"({"x":)" + deep + "}");
}

TEST(ParseDocumentsTest, MissingIndexIsNotFound) {
  EXPECT_EQ(ParseDocuments(R"({"docs":[{"_id":"a","error":{"type":"index_not_found_exception"}}]})")
                .status()
                .code(),
            StatusCode::kNotFound);
}

TEST(ParseSizesTest, FiguresOrNothing) {
  auto sizes = ParseSizes(
      R"([{"index":"people_v3","pri.store.size":"123"},{"index":"people_v4","pri.store.size":null}])");
  ASSERT_TRUE(sizes.ok());
  EXPECT_EQ(*sizes, (std::map<std::string, uint64_t>{{"people_v3", 123}}));
}

TEST(StateCodecTest, WhatIsNoAnswerIsDataLoss) {
  for (const char* body : {"", "<html>", "[1", R"({"docs":7})", "7"}) {
    EXPECT_EQ(ParseIndexes(body).status().code(), StatusCode::kDataLoss) << body;
    EXPECT_EQ(ParseSizes(body).status().code(), StatusCode::kDataLoss) << body;
    EXPECT_EQ(ParseDocuments(body).status().code(), StatusCode::kDataLoss) << body;
  }
}

}  // namespace
}  // namespace indexswap
