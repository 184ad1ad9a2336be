#include "indexswap/opensearch/inspector_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace indexswap {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(MatchesPattern, AnyNumberOfStars) {
  for (const char* pattern :
       {"*", "people_v3", "people*", "*_v3", "p*_v*", "**e*3", "people_v3*"}) {
    EXPECT_TRUE(MatchesPattern(pattern, "people_v3")) << pattern;
  }
  for (const char* pattern : {"", "people", "*_v", "people_v3_*", "q*", "people_v33", "*4"}) {
    EXPECT_FALSE(MatchesPattern(pattern, "people_v3")) << pattern;
  }
  EXPECT_TRUE(MatchesPattern("a*ab", "aaab"));  // the star takes back what it took too early
}

constexpr char kComposable[] = R"({"index_templates": [
  {"name": "low", "index_template": {"index_patterns": ["people*"], "priority": 1,
     "template": {"settings": {"index": {"codec": "x"}}}}},
  {"name": "high", "index_template": {"index_patterns": ["x", "people_v*"], "priority": 5,
     "composed_of": ["base"],
     "template": {"settings": {"index": {"number_of_shards": "2", "sort": {"field": "a"}}},
                  "mappings": {"dynamic": "strict", "properties": {"a": {"type": "long"}}},
                  "aliases": {"all": {}}}}},
  {"name": "stream", "index_template": {"index_patterns": ["tis_lease_*"], "data_stream": {}}},
  {"name": "elsewhere", "index_template": {"index_patterns": ["logs*"]}}]})";
constexpr char kLegacy[] = R"({
  "one": {"order": 0, "index_patterns": ["*"], "settings": {"codec": "y"}, "mappings": {},
          "aliases": {}},
  "two": {"order": 1, "index_patterns": ["doctors*"], "settings": {},
          "mappings": {"_doc": {"date_detection": false}}, "aliases": {}}})";

TEST(ParseTemplates, TheHighestComposableOneOrAllLegacyOnesApply) {
  const auto found =
      ParseTemplates(kComposable, kLegacy, {"people_v3", "doctors_v3", "tis_lease_2"});
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 4u);
  const TemplateFacts& high = (*found)[0];
  EXPECT_EQ(high.name, "high");
  EXPECT_FALSE(high.legacy);
  EXPECT_THAT(high.indexes, ElementsAre("people_v3"));
  EXPECT_THAT(high.settings, ElementsAre("index.number_of_shards", "index.sort.field"));
  EXPECT_THAT(high.mappings, ElementsAre("dynamic", "properties.a"));
  EXPECT_THAT(high.aliases, ElementsAre("all"));
  EXPECT_THAT(high.components, ElementsAre("base"));
  const TemplateFacts& one = (*found)[1];
  EXPECT_EQ(one.name, "one");
  EXPECT_TRUE(one.legacy);
  EXPECT_THAT(one.indexes, ElementsAre("doctors_v3"));
  EXPECT_THAT(one.settings, ElementsAre("index.codec"));
  EXPECT_EQ((*found)[2].name, "stream");
  EXPECT_TRUE((*found)[2].data_stream);
  EXPECT_THAT((*found)[3].mappings, ElementsAre("date_detection"));
}

TEST(ParseTemplates, NonsenseIsDataLoss) {
  EXPECT_EQ(ParseTemplates("{}", "{}", {}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ParseTemplates(kComposable, "[]", {}).status().code(), absl::StatusCode::kDataLoss);
}

TEST(ParseBlocks, OnlyThoseThatAreSet) {
  std::vector<BlockFacts> blocks;
  ASSERT_TRUE(ParseIndexBlocks(R"({
    "people_v3": {"settings": {"index.blocks.write": "true", "index.blocks.read_only": "false"}},
    "people_v2": {"settings": {}}})",
                               blocks)
                  .ok());
  ASSERT_TRUE(ParseClusterBlocks(R"({"persistent": {"cluster.blocks.read_only": "true"},
                                     "transient": {"cluster.blocks.create_index": "true",
                                                   "cluster.name": "true"}})",
                                 blocks)
                  .ok());
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[0].index + " " + blocks[0].block, "people_v3 write");
  EXPECT_EQ(blocks[1].index + " " + blocks[1].block, " read_only");
  EXPECT_EQ(blocks[2].index + " " + blocks[2].block, " create_index");
}

TEST(ParseWatermark, PartsUsedAndBytesFree) {
  EXPECT_NEAR(ParseWatermark("85%").free_part, 0.15, 1e-9);
  EXPECT_NEAR(ParseWatermark("0.9").free_part, 0.1, 1e-9);
  EXPECT_EQ(ParseWatermark("500mb").free_bytes, uint64_t{500} << 20);
  EXPECT_EQ(ParseWatermark("2b").free_bytes, 2u);
  EXPECT_EQ(ParseWatermark("").free_bytes, 0u);
  EXPECT_EQ(ParseWatermark("much").free_bytes, 0u);
}

constexpr char kNodes[] = R"({"nodes": {
  "a": {"name": "one", "roles": ["data", "ingest"],
        "fs": {"total": {"total_in_bytes": 1000, "available_in_bytes": 400}}},
  "b": {"name": "manager", "roles": ["cluster_manager"],
        "fs": {"total": {"total_in_bytes": 1000, "available_in_bytes": 400}}}}})";

TEST(ParseDisks, WhatIsLeftUntilTheWatermarksOfDataNodes) {
  const auto watermarks = ParseWatermarks(R"({
    "persistent": {"cluster.routing.allocation.disk.watermark.low": "70%"}, "transient": {},
    "defaults": {"cluster.routing.allocation.disk.watermark.low": "85%",
                 "cluster.routing.allocation.disk.watermark.flood_stage": "95%",
                 "cluster.routing.allocation.disk.watermark.flood_stage.max_headroom": "20b",
                 "cluster.routing.allocation.disk.threshold_enabled": "true"}})");
  ASSERT_TRUE(watermarks.ok());
  const auto disks = ParseDisks(kNodes, *watermarks);
  ASSERT_TRUE(disks.ok()) << disks.status();
  ASSERT_EQ(disks->size(), 1u);
  EXPECT_EQ((*disks)[0].node, "one");
  EXPECT_NEAR(static_cast<double>((*disks)[0].until_low), 100, 1);
  EXPECT_EQ((*disks)[0].until_flood, 380u);  // the headroom is less than 5 %
  const auto off = ParseWatermarks(
      R"({"transient": {"cluster.routing.allocation.disk.threshold_enabled": "false"}})");
  ASSERT_TRUE(off.ok());
  EXPECT_EQ((*ParseDisks(kNodes, *off))[0].until_flood, 400u);
}

}  // namespace
}  // namespace indexswap
