// Search: what a reader's request finds, and what it can't be answered.
#include <gtest/gtest.h>

#include "indexswap/testing/store_contract.h"

namespace indexswap::testing {
namespace {

using absl::StatusCode;

constexpr char kLive[] = R"({"term":{"live":true}})";

// Twelve documents, of which every third is live, and every second has the code `even`.
std::string FillMaster(IndexStore& store, const Fence& fence, const std::string& index) {
  std::vector<BulkItem> items;
  for (int i = 0; i < 12; ++i) {
    items.push_back(Put(index, "id" + std::to_string(i), 1,
                        R"({"day":"2024-02-29","count":)" + std::to_string(i) + R"(,"live":)" +
                            (i % 3 == 0 ? "true" : "false") + R"(,"code":")" +
                            (i % 2 == 0 ? "even" : "odd") + R"("})"));
  }
  EXPECT_TRUE(store.Bulk(fence, items).ok());
  EXPECT_TRUE(store.Refresh(index).ok());
  return index;
}

TEST_P(StoreContract, SearchCountsAllHitsOfAnIndexAndThroughAnAlias) {
  Fence fence = Lead(1);
  const std::string index = FillMaster(*store_, fence, CreateMaster(fence, 1));
  ASSERT_TRUE(store_->UpdateAliases(fence, {Add(Unique("live"), index, kLive)}).ok());
  const auto hits = [this](const std::string& target, const std::string& filter,
                           const std::string& body) {
    const auto found = store_->Search(target, filter, body);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? static_cast<int64_t>(found->hits) : -1;
  };
  const std::string even = R"({"query":{"term":{"code":"even"}},"size":1,"from":1})";
  EXPECT_EQ(hits(index, "", "{}"), 12);
  EXPECT_EQ(hits(index, "", R"({"size":3,"track_total_hits":2,"_source":["code"]})"), 12);
  EXPECT_EQ(hits(index, "", even), 6);
  EXPECT_EQ(hits(Unique("live"), "", "{}"), 4);
  EXPECT_EQ(hits(Unique("live"), "", even), 2);
  // The filter of an alias that is not there yet.
  EXPECT_EQ(hits(index, kLive, "{}"), 4);
  EXPECT_EQ(hits(index, kLive, even), 2);
  EXPECT_EQ(hits(Unique("live"), R"({"range":{"count":{"gte":6}}})", "{}"), 2);
}

TEST_P(StoreContract, SearchSeesWhatARefreshHasShown) {
  Fence fence = Lead(1);
  const std::string index = CreateMaster(fence, 1);
  const auto empty = store_->Search(index, "", R"({"query":{"match_all":{}}})");
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_EQ(empty->hits, 0u);
  WriteOne(fence, Put(index, "a", 1, "{}"));
  ASSERT_TRUE(store_->Refresh(index).ok());
  const auto one = store_->Search(index, "", "{}");
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->hits, 1u);
  EXPECT_GE(one->took.count(), 0);
}

TEST_P(StoreContract, SearchThatCanNotBeAnsweredSaysWhy) {
  Fence fence = Lead(1);
  const std::string index = FillMaster(*store_, fence, CreateMaster(fence, 1));
  const auto error = [&](const std::string& body) {
    const auto found = store_->Search(index, "", body);
    return found.ok() ? StatusCode::kOk : found.status().code();
  };
  // An order by a text has no answer in a cluster, and orders are not known elsewhere.
  const auto by_text = store_->Search(index, "", R"({"sort":[{"name":"asc"}]})");
  EXPECT_TRUE(by_text.status().code() == StatusCode::kInvalidArgument ||
              by_text.status().code() == StatusCode::kUnimplemented)
      << by_text.status();
  EXPECT_NE(std::string(by_text.status().message())
                .find(absl::IsUnimplemented(by_text.status()) ? "`sort`" : "name"),
            std::string::npos)
      << by_text.status();
  EXPECT_EQ(error(R"({"query":{"range":{"day":{"gte":"no day"}}}})"), StatusCode::kInvalidArgument);
  EXPECT_EQ(error("[]"), StatusCode::kInvalidArgument);
  EXPECT_EQ(error("{"), StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->Search(Unique("nowhere"), "", "{}").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace indexswap::testing
