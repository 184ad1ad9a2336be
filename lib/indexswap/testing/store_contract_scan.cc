// Scan: every document once, page by page, of one moment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/names.h>

#include <map>
#include <set>

#include "indexswap/json/canonical.h"
#include "indexswap/testing/store_contract.h"

namespace indexswap::testing {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;

// All that a scan has handed over.
struct Scanned {
  std::map<std::string, StoredDocument> documents;
  std::vector<size_t> pages;
  size_t twice = 0;

  ScanVisitor Visitor() {
    return [this](std::vector<StoredDocument> page) {
      pages.push_back(page.size());
      for (StoredDocument& document : page) {
        const std::string id = document.id;
        twice += !documents.emplace(id, std::move(document)).second;
      }
      return absl::OkStatus();
    };
  }
};

std::vector<BulkItem> Numbered(const std::string& index, int count, uint64_t version) {
  std::vector<BulkItem> items;
  for (int i = 0; i < count; ++i) {
    items.push_back(Put(index, "id" + std::to_string(i), version + static_cast<uint64_t>(i),
                        R"({"count":)" + std::to_string(i) + "}"));
  }
  return items;
}

TEST_P(StoreContract, ScanHandsOverEachDocumentOnceInPages) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  std::string other = CreateMaster(fence, 2);
  const uint64_t version = uint64_t{3} << 40;
  Write(fence, Numbered(index, 25, version));
  Write(fence, {Put(other, "elsewhere", 1, "{}"), Put(index, "gone", 1, "{}"),
                Put(index, "Ó 😀\"\\", 9, R"({"name":"Ó \"😀\" \\ \u0000"})")});
  Write(fence, {Delete(index, "gone", 2)});
  ASSERT_TRUE(store_->Refresh(index).ok());

  Scanned scanned;
  absl::Status status = store_->Scan(index, 10, scanned.Visitor());
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(scanned.documents.size(), 26u);
  EXPECT_EQ(scanned.twice, 0u);
  for (size_t page : scanned.pages) EXPECT_LE(page, 10u);
  EXPECT_GE(scanned.pages.size(), 3u);
  const StoredDocument& one = scanned.documents["id7"];
  EXPECT_EQ(one.version, version + 7);
  EXPECT_EQ(CanonicalJson(one.document).value(), R"({"count":7})");
  const StoredDocument& odd = scanned.documents["Ó 😀\"\\"];
  EXPECT_EQ(odd.version, 9u);
  EXPECT_EQ(CanonicalJson(odd.document).value(),
            CanonicalJson(R"({"name":"Ó \"😀\" \\ \u0000"})").value());
}

TEST_P(StoreContract, ScanOfAFullLastPageHasNoEmptyOne) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  Write(fence, Numbered(index, 20, 1));
  ASSERT_TRUE(store_->Refresh(index).ok());
  Scanned scanned;
  ASSERT_TRUE(store_->Scan(index, 10, scanned.Visitor()).ok());
  EXPECT_THAT(scanned.pages, ElementsAre(10, 10));
}

TEST_P(StoreContract, ScanOfAnEmptyIndexHasNoPage) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  ASSERT_TRUE(store_->Refresh(index).ok());
  Scanned scanned;
  absl::Status status = store_->Scan(index, 10, scanned.Visitor());
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(scanned.pages.empty());
}

TEST_P(StoreContract, ScanIsOfOneMoment) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  Write(fence, Numbered(index, 30, 1));
  ASSERT_TRUE(store_->Refresh(index).ok());
  Scanned scanned;
  const ScanVisitor collect = scanned.Visitor();
  absl::Status status = store_->Scan(index, 10, [&](std::vector<StoredDocument> page) {
    std::vector<BulkItem> items = Numbered(index, 30, 1000);
    for (BulkItem& item : items) item.document = R"({"count":-1})";
    items[3] = Delete(index, "id3", 1003);
    items.push_back(Put(index, "late", 1, "{}"));
    Write(fence, items);
    EXPECT_TRUE(store_->Refresh(index).ok());
    return collect(std::move(page));
  });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(scanned.documents.size(), 30u);
  EXPECT_EQ(scanned.twice, 0u);
  for (const auto& [id, document] : scanned.documents) {
    EXPECT_EQ(CanonicalJson(document.document).value(), R"({"count":)" + id.substr(2) + "}");
  }
}

TEST_P(StoreContract, ScanEndsWithItsVisitorsError) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  Write(fence, Numbered(index, 30, 1));
  ASSERT_TRUE(store_->Refresh(index).ok());
  int pages = 0;
  absl::Status status = store_->Scan(index, 10, [&](const std::vector<StoredDocument>&) {
    return ++pages == 2 ? absl::CancelledError("enough") : absl::OkStatus();
  });
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  EXPECT_EQ(pages, 2);
  // ... and can be begun anew.
  Scanned scanned;
  ASSERT_TRUE(store_->Scan(index, 100, scanned.Visitor()).ok());
  EXPECT_THAT(scanned.pages, ElementsAre(30));
}

TEST_P(StoreContract, ScanOfAMissingIndexIsNotFound) {
  Lead(1);
  Scanned scanned;
  EXPECT_EQ(store_->Scan(IndexName(master_, 9), 10, scanned.Visitor()).code(),
            StatusCode::kNotFound);
  EXPECT_FALSE(store_->Scan("*", 10, scanned.Visitor()).ok());
  EXPECT_TRUE(scanned.pages.empty());
}

TEST_P(StoreContract, ScanReadsAnIndexOfAnotherProgram) {
  if (!GetParam().create_foreign_index || !GetParam().fill_foreign_index) {
    GTEST_SKIP() << GetParam().name << " has no way to make a foreign index";
  }
  const std::string foreign = Unique("plain");
  ASSERT_TRUE(GetParam().create_foreign_index(foreign).ok());
  std::vector<std::string> documents;
  std::set<std::string> expected;
  for (int i = 0; i < 12; ++i) {
    documents.push_back(R"({"name":"n)" + std::to_string(i) + R"("})");
    expected.insert(documents.back());
  }
  absl::Status filled = GetParam().fill_foreign_index(foreign, documents);
  ASSERT_TRUE(filled.ok()) << filled;
  Scanned scanned;
  absl::Status status = store_->Scan(foreign, 5, scanned.Visitor());
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(scanned.documents.size(), 12u);
  std::set<std::string> found;
  for (const auto& [id, document] : scanned.documents) {
    EXPECT_FALSE(id.empty());
    found.insert(CanonicalJson(document.document).value());
  }
  EXPECT_EQ(found, expected);
}

TEST_P(StoreContract, ScanAndFetchGiveFractionsAsTheyWereWritten) {
  Fence fence = Lead(1);
  const std::string index = CreateMaster(fence, 1);
  const std::string document =
      R"({"extra":{"n":[0.1,2.5e-3,26503.127659574468,1.7976931348623157e308,12]},)"
      R"("name":"\"1.5, -2","share":8123.4567890123456})";
  ASSERT_EQ(WriteOne(fence, Put(index, "a", 1, document)).outcome, BulkResult::Outcome::kDone);
  ASSERT_TRUE(store_->Refresh(index).ok());
  Scanned scanned;
  ASSERT_TRUE(store_->Scan(index, 10, scanned.Visitor()).ok());
  EXPECT_EQ(CanonicalJson(scanned.documents["a"].document).value_or("no JSON"),
            CanonicalJson(document).value_or(""));
  EXPECT_EQ(DocumentOf(index, "a"), CanonicalJson(document).value_or(""));
}

}  // namespace
}  // namespace indexswap::testing
