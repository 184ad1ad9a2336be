#include "indexswap/opensearch/alias_request.h"

#include <gtest/gtest.h>

namespace indexswap {
namespace {

constexpr char kLeader[] =
    R"({"add":{"index":"tis_lease_7","alias":"tis_leader","is_write_index":true}})";

TEST(AliasRequestTest, TheFenceComesFirst) {
  const AliasRequest request({"tis", 7});
  EXPECT_TRUE(request.status().ok());
  EXPECT_EQ(request.Body(), std::string("{\"actions\":[") + kLeader + "]}");
}

TEST(AliasRequestTest, OneAliasAnAction) {
  AliasRequest request({"tis", 7});
  request.Remove("people_v2", "people", true);
  request.Add("people_v3", "people", R"({ "term": {"live": true} })");
  request.Remove("people_v2", "people_v2_W6", false);
  request.RemoveIndex("tis_lease_6");
  EXPECT_EQ(request.Body(),
            std::string("{\"actions\":[") + kLeader +
                R"(,{"remove":{"index":"people_v2","alias":"people","must_exist":true}})"
                R"(,{"add":{"index":"people_v3","alias":"people","filter":{"term":{"live":true}}}})"
                R"(,{"remove":{"index":"people_v2","alias":"people_v2_W6"}})"
                R"(,{"remove_index":{"index":"tis_lease_6"}}]})");
  EXPECT_EQ(request.indexes(), (std::vector<std::string>{"tis_lease_7", "people_v2", "people_v3",
                                                         "people_v2", "tis_lease_6"}));
}

TEST(AliasRequestTest, OptionsAreMembersOfTheAction) {
  AliasRequest request({"tis", 7});
  request.Add("old", "people", R"({"match_all":{}})", R"({"is_write_index":true})");
  request.Add("old", "all", "", "{}");
  EXPECT_EQ(request.Body(),
            std::string("{\"actions\":[") + kLeader +
                R"(,{"add":{"index":"old","alias":"people","filter":{"match_all":{}},)"
                R"("is_write_index":true}},{"add":{"index":"old","alias":"all"}}]})");
  request.Add("old", "bad", "", "[1]");
  EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(AliasRequestTest, NamesThatMeanOthersAreRefused) {
  for (const char* name : {"", "*", "people*", "a,b", "-people", "_all", "<people-{now/d}>", "a b",
                           "a?b", "a/b", "a\"b", "..", "a\nb"}) {
    AliasRequest request({"tis", 7});
    request.RemoveIndex(name);
    EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument) << name;
    AliasRequest alias({"tis", 7});
    alias.Remove("people_v2", name, true);
    EXPECT_EQ(alias.status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
}

TEST(AliasRequestTest, FilterThatIsNoJsonIsRefused) {
  AliasRequest request({"tis", 7});
  request.Add("people_v3", "people", R"({"term":)");
  EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(request.status().message().find("people"), std::string::npos);
}

}  // namespace
}  // namespace indexswap
