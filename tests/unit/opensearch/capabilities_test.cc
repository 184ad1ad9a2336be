#include "indexswap/opensearch/capabilities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace indexswap {
namespace {

std::string Answer(const std::string& version, const std::string& distribution = "") {
  return R"({"version":{)" +
         (distribution.empty() ? "" : R"("distribution":")" + distribution + R"(",)") +
         R"("number":")" + version + R"("}})";
}

TEST(ServerInfoTest, NameAndVersion) {
  auto opensearch = ParseServerInfo(Answer("2.19.1", "opensearch"));
  ASSERT_TRUE(opensearch.ok()) << opensearch.status();
  EXPECT_EQ(Describe(*opensearch), "OpenSearch 2.19.1");
  auto elasticsearch = ParseServerInfo(Answer("7.10.2"));
  ASSERT_TRUE(elasticsearch.ok()) << elasticsearch.status();
  EXPECT_EQ(Describe(*elasticsearch), "Elasticsearch 7.10.2");
}

TEST(ServerInfoTest, OfANodeWhereTheClusterDoesNotSay) {
  auto node = ParseNodeInfo(R"({"nodes":{"x1":{"version":"8.18.0"}}})");
  ASSERT_TRUE(node.ok()) << node.status();
  EXPECT_EQ(Describe(*node), "Elasticsearch 8.18.0");
  EXPECT_TRUE(node->capabilities.must_exist);
  for (const char* body : {"", "[]", "{}", R"({"nodes":{}})", R"({"nodes":{"x":1}})",
                           R"({"nodes":{"x":{}}})", R"({"nodes":{"x":{"version":"6.8.1"}}})"}) {
    EXPECT_EQ(ParseNodeInfo(body).status().code(), absl::StatusCode::kFailedPrecondition) << body;
  }
}

TEST(ServerInfoTest, MustExistByVersion) {
  struct Case {
    const char* version;
    const char* distribution;
    bool must_exist;
  };
  for (const Case& each : {Case{"1.3.13", "opensearch", false}, Case{"2.11.1", "opensearch", false},
                           Case{"2.12.0", "opensearch", true}, Case{"2.19.1", "opensearch", true},
                           Case{"3.8.0", "opensearch", true}, Case{"7.10.2", "opensearch", false},
                           Case{"7.10.2", "", false}, Case{"7.11.0", "", true},
                           Case{"7.17.28", "", true}, Case{"8.18.0", "", true}}) {
    auto server = ParseServerInfo(Answer(each.version, each.distribution));
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_EQ(server->capabilities.must_exist, each.must_exist) << each.version;
  }
}

TEST(ServerInfoTest, TooOldOrSomethingElseIsRefused) {
  for (const std::string& body :
       {Answer("7.9.3"), Answer("6.8.0"), Answer("nonsense"), Answer("7"), std::string("<html>"),
        std::string("{}"), std::string(R"({"version":"1"})")}) {
    EXPECT_EQ(ParseServerInfo(body).status().code(), absl::StatusCode::kFailedPrecondition) << body;
  }
}

}  // namespace
}  // namespace indexswap
