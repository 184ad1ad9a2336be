// Documents: external versions, the classes of results, what the mapping refuses, odd texts.
#include <gtest/gtest.h>
#include <indexswap/names.h>

#include <atomic>
#include <set>
#include <thread>

#include "indexswap/json/canonical.h"
#include "indexswap/testing/store_contract.h"

namespace indexswap::testing {
namespace {

using Outcome = BulkResult::Outcome;

TEST_P(StoreContract, OlderAndEqualVersionsAreNotNewer) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  EXPECT_EQ(WriteOne(fence, Put(index, "a", 5, R"({"code":"5"})")).outcome, Outcome::kDone);
  EXPECT_EQ(WriteOne(fence, Put(index, "a", 4, R"({"code":"4"})")).outcome, Outcome::kNotNewer);
  EXPECT_EQ(WriteOne(fence, Put(index, "a", 5, R"({"code":"5b"})")).outcome, Outcome::kNotNewer);
  EXPECT_EQ(DocumentOf(index, "a"), R"({"code":"5"})");
  EXPECT_EQ(WriteOne(fence, Put(index, "a", 6, R"({"code":"6"})")).outcome, Outcome::kDone);
  EXPECT_EQ(DocumentOf(index, "a"), R"({"code":"6"})");
  EXPECT_EQ(VersionOf(index, "a"), 6u);
}

TEST_P(StoreContract, VersionsOfAnEpochAndAPositionAreKept) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  const uint64_t version = (uint64_t{4'000'000} << 40) | 0xffffffffff;
  EXPECT_EQ(WriteOne(fence, Put(index, "a", version, "{}")).outcome, Outcome::kDone);
  EXPECT_EQ(VersionOf(index, "a"), version);
  EXPECT_EQ(WriteOne(fence, Put(index, "a", version - 1, "{}")).outcome, Outcome::kNotNewer);
}

TEST_P(StoreContract, DeletedDocumentIsNotResurrectedByAnOlderWrite) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  WriteOne(fence, Put(index, "a", 5, "{}"));
  EXPECT_EQ(WriteOne(fence, Delete(index, "a", 4)).outcome, Outcome::kNotNewer);
  EXPECT_EQ(WriteOne(fence, Delete(index, "a", 7)).outcome, Outcome::kDone);
  EXPECT_EQ(DocumentOf(index, "a"), "");
  EXPECT_EQ(WriteOne(fence, Put(index, "a", 6, "{}")).outcome, Outcome::kNotNewer);
  EXPECT_EQ(WriteOne(fence, Put(index, "a", 7, "{}")).outcome, Outcome::kNotNewer);
  EXPECT_EQ(DocumentOf(index, "a"), "");
  ASSERT_TRUE(store_->Refresh(index).ok());
  EXPECT_EQ(CountOf(index), 0);
  EXPECT_EQ(WriteOne(fence, Put(index, "a", 8, R"({"code":"8"})")).outcome, Outcome::kDone);
  EXPECT_EQ(DocumentOf(index, "a"), R"({"code":"8"})");
}

TEST_P(StoreContract, DeletionOfADocumentThatNeverWasIsRemembered) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  EXPECT_EQ(WriteOne(fence, Delete(index, "a", 7)).outcome, Outcome::kDone);
  EXPECT_EQ(WriteOne(fence, Put(index, "a", 6, "{}")).outcome, Outcome::kNotNewer);
  EXPECT_EQ(WriteOne(fence, Delete(index, "a", 6)).outcome, Outcome::kNotNewer);
  ASSERT_TRUE(store_->Refresh(index).ok());
  EXPECT_EQ(CountOf(index), 0);
}

TEST_P(StoreContract, ItemsOfOneIdTakeEffectInTheirOrder) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  std::vector<BulkResult> results =
      Write(fence, {Put(index, "a", 1, R"({"code":"1"})"), Put(index, "a", 3, R"({"code":"3"})"),
                    Put(index, "a", 2, R"({"code":"2"})"), Delete(index, "b", 2),
                    Put(index, "b", 3, R"({"code":"b"})")});
  ASSERT_EQ(results.size(), 5u);
  EXPECT_EQ(results[0].outcome, Outcome::kDone);
  EXPECT_EQ(results[1].outcome, Outcome::kDone);
  EXPECT_EQ(results[2].outcome, Outcome::kNotNewer);
  EXPECT_EQ(results[3].outcome, Outcome::kDone);
  EXPECT_EQ(results[4].outcome, Outcome::kDone);
  EXPECT_EQ(DocumentOf(index, "a"), R"({"code":"3"})");
  EXPECT_EQ(DocumentOf(index, "b"), R"({"code":"b"})");
}

TEST_P(StoreContract, OneRequestWritesSeveralIndexes) {
  Fence fence = Lead(1);
  std::string first = CreateMaster(fence, 1);
  std::string second = CreateMaster(fence, 2);
  Write(fence, {Put(first, "a", 1, R"({"code":"1"})"), Put(second, "a", 1, R"({"code":"2"})")});
  EXPECT_EQ(DocumentOf(first, "a"), R"({"code":"1"})");
  EXPECT_EQ(DocumentOf(second, "a"), R"({"code":"2"})");
}

TEST_P(StoreContract, EmptyRequestIsNone) {
  Fence fence = Lead(1);
  EXPECT_TRUE(Write(fence, {}).empty());
}

TEST_P(StoreContract, RefusedDocumentsStandBesideGoodOnes) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  std::vector<BulkResult> results =
      Write(fence, {Put(index, "good1", 1, R"({"day":"2024-02-29"})"),
                    Put(index, "date", 1, R"({"day":"wrong"})"),
                    Put(index, "object", 1, R"({"name":{"first":"a"}})"), Delete(index, "gone", 1),
                    Put(index, "unknown", 1, R"({"nmae":"x"})"),
                    Put(index, "good2", 1, R"({"name":"x"})")});
  ASSERT_EQ(results.size(), 6u);
  EXPECT_EQ(results[0].outcome, Outcome::kDone) << results[0].reason;
  EXPECT_EQ(results[1].outcome, Outcome::kRefused);
  EXPECT_NE(results[1].reason.find("day"), std::string::npos) << results[1].reason;
  EXPECT_EQ(results[2].outcome, Outcome::kRefused);
  EXPECT_NE(results[2].reason.find("name"), std::string::npos) << results[2].reason;
  EXPECT_EQ(results[3].outcome, Outcome::kDone);
  EXPECT_EQ(results[4].outcome, Outcome::kRefused);
  EXPECT_NE(results[4].reason.find("nmae"), std::string::npos) << results[4].reason;
  EXPECT_EQ(results[5].outcome, Outcome::kDone);
  ASSERT_TRUE(store_->Refresh(index).ok());
  EXPECT_EQ(CountOf(index), 2);
}

// Values that a cluster refuses, and why.
TEST_P(StoreContract, MappingRefusesWhatAClusterRefuses) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  for (const char* document : {R"({"day":""})",
                               R"({"day":"2023-13-01"})",
                               R"({"day":"2023-1-1"})",
                               R"({"day":"2023-01-32"})",
                               R"({"day":"2023-01-01T00:00:00"})",
                               R"({"day":20230101})",
                               R"({"day":true})",
                               R"({"day":{"y":2023}})",
                               R"({"at":"2023-01-01"})",
                               R"({"at":"2023-01-01T00:00:00"})",
                               R"({"at":"2023-01-01T24:00:00.000"})",
                               R"({"at":"2023-01-01T00:00:00.000Z"})",
                               R"({"count":"abc"})",
                               R"({"count":true})",
                               R"({"count":9223372036854775808})",
                               R"({"count":{"n":1}})",
                               R"({"share":"x"})",
                               R"({"share":1e400})",
                               R"({"live":"yes"})",
                               R"({"live":1})",
                               R"({"live":"TRUE"})",
                               R"({"name":{"a":1}})",
                               R"({"code":{"a":1}})",
                               R"({"code":[{"a":1}]})",
                               R"({"notes":"text"})",
                               R"({"notes":[1]})",
                               R"({"notes":{"id":{}}})",
                               R"({"notes":[{"id":"a"},{"when":"x"}]})",
                               R"({"notes":{"other":1}})",
                               R"([1])",
                               R"("text")"}) {
    BulkResult result = WriteOne(fence, Put(index, "a", 1, document));
    EXPECT_EQ(result.outcome, Outcome::kRefused) << document;
    EXPECT_FALSE(result.reason.empty()) << document;
  }
  ASSERT_TRUE(store_->Refresh(index).ok());
  EXPECT_EQ(CountOf(index), 0);
}

TEST_P(StoreContract, MappingTakesWhatAClusterTakes) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  uint64_t version = 0;
  for (const char* document : {R"({})",
                               R"({"day":null})",
                               R"({"day":[]})",
                               R"({"day":["2023-01-01",null]})",
                               R"({"day":"2024-02-29"})",
                               R"({"day":"0001-01-01"})",
                               R"({"at":"2023-01-01T23:59:59.999"})",
                               R"({"count":"12"})",
                               R"({"count":1.5})",
                               R"({"count":"1.5"})",
                               R"({"count":""})",
                               R"({"count":-9223372036854775808})",
                               R"({"count":9223372036854775807})",
                               R"({"count":[1,[2,3]]})",
                               R"({"share":"1e3"})",
                               R"({"share":7})",
                               R"({"live":"true"})",
                               R"({"live":"false"})",
                               R"({"live":""})",
                               R"({"live":[true,"false"]})",
                               R"({"name":12})",
                               R"({"name":true})",
                               R"({"name":["a","b"]})",
                               R"({"code":1.5})",
                               R"({"notes":{"id":"a"}})",
                               R"({"notes":[]})",
                               R"({"notes":null})",
                               R"({"notes":[{"id":"a"},null]})",
                               R"({"extra":{"anything":{"goes":[1,{"x":"y"}]}}})"}) {
    BulkResult result = WriteOne(fence, Put(index, "a", ++version, document));
    EXPECT_EQ(result.outcome, Outcome::kDone) << document << ": " << result.reason;
  }
  std::string long_name(5000, 'x');
  EXPECT_EQ(WriteOne(fence, Put(index, "b", 1, R"({"name":")" + long_name + R"("})")).outcome,
            Outcome::kDone);
}

TEST_P(StoreContract, OddIdsAndTextsComeBackAsTheyWere) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  const std::vector<std::string> ids = {"7000001:42",  "Ó Súilleabháin", "Llŷr O’Neill",
                                        "😀",           "a b/c?d#e%20&f", "\"quoted\\",
                                        "' OR 1=1 --", "_leading",       std::string(512, 'x')};
  for (const std::string& id : ids) {
    BulkResult result = WriteOne(fence, Put(index, id, 1, R"({"code":"x"})"));
    EXPECT_EQ(result.outcome, Outcome::kDone) << id << ": " << result.reason;
    EXPECT_EQ(DocumentOf(index, id), R"({"code":"x"})") << id;
  }
  absl::StatusOr<std::vector<StoredDocument>> all = store_->Fetch(index, ids);
  ASSERT_TRUE(all.ok()) << all.status();
  std::set<std::string> found;
  for (const StoredDocument& document : *all) {
    found.insert(document.id);
  }
  EXPECT_EQ(found, std::set<std::string>(ids.begin(), ids.end()));

  const std::string odd =
      R"json({"code":"tab\t nul\u0000 bell\u0007 \u2028 quote\" back\\ 😀 Ó","name":"line\nline"})json";
  ASSERT_EQ(WriteOne(fence, Put(index, "odd", 1, odd)).outcome, Outcome::kDone);
  absl::StatusOr<std::string> canonical = CanonicalJson(odd);
  ASSERT_TRUE(canonical.ok());
  EXPECT_EQ(DocumentOf(index, "odd"), *canonical);
  ASSERT_EQ(WriteOne(fence, Delete(index, "😀", 2)).outcome, Outcome::kDone);
  EXPECT_EQ(DocumentOf(index, "😀"), "");
}

TEST_P(StoreContract, IdsThatAreTooLongAreRefused) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  std::vector<BulkResult> results =
      Write(fence, {Put(index, std::string(513, 'x'), 1, "{}"), Put(index, "good", 1, "{}")});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].outcome, Outcome::kRefused);
  EXPECT_EQ(results[1].outcome, Outcome::kDone);
}

TEST_P(StoreContract, DeepAndIndentedDocumentsComeBackAsValues) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  std::string deep = "1";
  for (int depth = 0; depth < 12; ++depth) {
    deep = R"({"a": [)" + deep + "]}";
  }
  const std::string document = "{\n  \"extra\" : {\"deep\": " + deep + "},\n  \"count\": 1e0\n}\n";
  ASSERT_EQ(WriteOne(fence, Put(index, "deep", 1, document)).outcome, Outcome::kDone);
  absl::StatusOr<std::string> canonical = CanonicalJson(document);
  ASSERT_TRUE(canonical.ok()) << canonical.status();
  EXPECT_EQ(DocumentOf(index, "deep"), *canonical);
}

TEST_P(StoreContract, FetchPassesOverWhatIsNotThere) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  WriteOne(fence, Put(index, "a", 3, "{}"));
  absl::StatusOr<std::vector<StoredDocument>> documents = store_->Fetch(index, {"b", "a", "c"});
  ASSERT_TRUE(documents.ok()) << documents.status();
  ASSERT_EQ(documents->size(), 1u);
  EXPECT_EQ(documents->front().id, "a");
  EXPECT_EQ(documents->front().version, 3u);
  absl::StatusOr<std::vector<StoredDocument>> none = store_->Fetch(index, {});
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_TRUE(none->empty());
  EXPECT_EQ(store_->Fetch(IndexName(master_, 9), {"a"}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(StoreContract, FourThreadsWriteAtOnce) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  constexpr int kThreads = 4;
  constexpr int kRequests = 10;
  constexpr int kItems = 50;
  std::atomic<int> done{0};
  std::vector<std::thread> writers;
  for (int t = 0; t < kThreads; ++t) {
    writers.emplace_back([&, t] {
      for (int r = 0; r < kRequests; ++r) {
        std::vector<BulkItem> items;
        for (int i = 0; i < kItems; ++i) {
          // Half of the ids belong to one thread, half to all of them.
          std::string id = i % 2 == 0 ? "shared" + std::to_string(r * kItems + i)
                                      : std::to_string(t) + "-" + std::to_string(r * kItems + i);
          items.push_back(Put(index, id, static_cast<uint64_t>(t + 1), R"({"count":1})"));
        }
        absl::StatusOr<std::vector<BulkResult>> results = store_->Bulk(fence, items);
        ASSERT_TRUE(results.ok()) << results.status();
        for (const BulkResult& result : *results) {
          ASSERT_TRUE(result.outcome == Outcome::kDone || result.outcome == Outcome::kNotNewer)
              << result.reason;
          done += result.outcome == Outcome::kDone;
        }
      }
    });
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  ASSERT_TRUE(store_->Refresh(index).ok());
  EXPECT_EQ(CountOf(index), kRequests * kItems / 2 * (kThreads + 1));
  EXPECT_GE(done, kRequests * kItems / 2 * (kThreads + 1));
  // Of those who wrote one id, the highest version stays.
  EXPECT_EQ(VersionOf(index, "shared0"), uint64_t{kThreads});
}

}  // namespace
}  // namespace indexswap::testing
