// A scan against a scripted server: what cuts it off is never told as its end.
#include "scripted_store.h"

namespace indexswap {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ScanTest : public OpenSearchStoreTest {
 protected:
  // A page with one document, or none, of an index of two.
  void Page(const std::string& id, int successful = 2) {
    const std::string hit =
        id.empty() ? "" : absl::StrFormat(R"({"_id":"%s","_version":7,"_source":{}})", id);
    Answer(200, absl::StrFormat(R"({"_scroll_id":"s%s","_shards":{"total":2,"successful":%d},)"
                                R"("hits":{"total":{"value":2},"hits":[%s]}})",
                                id, successful, hit));
  }

  absl::Status Scan() {
    seen_.clear();
    return store_->Scan("people_v3", 1, [this](const std::vector<StoredDocument>& page) {
      for (const StoredDocument& document : page) seen_.push_back(document.id);
      return absl::OkStatus();
    });
  }

  std::vector<std::string> seen_;
};

TEST_F(ScanTest, GoesOnWithTheLastScrollIdAndClosesIt) {
  Page("a");
  Page("b");
  Answer(200, "{}");
  ASSERT_TRUE(Scan().ok());
  EXPECT_THAT(seen_, ElementsAre("a", "b"));
  ASSERT_EQ(sent().size(), 3u);
  EXPECT_THAT(sent()[1].body, HasSubstr(R"("scroll_id":"sa")"));
  EXPECT_TRUE(sent()[1].at_most_once) << "a page that is asked for twice is passed over once";
  EXPECT_EQ(sent()[2].line, "DELETE /_search/scroll");
  EXPECT_THAT(sent()[2].body, HasSubstr(R"("sb")"));
}

TEST_F(ScanTest, ThatIsCutOffIsToBeBegunAnew) {
  Page("a", 1);
  EXPECT_EQ(Scan().code(), StatusCode::kUnavailable) << "a shard is missing";
  EXPECT_THAT(seen_, ElementsAre());
  transport_->script.clear();

  Page("a");
  Page("b", 1);
  EXPECT_EQ(Scan().code(), StatusCode::kUnavailable) << "it went on the way";
  EXPECT_THAT(seen_, ElementsAre("a"));
  transport_->script.clear();

  Page("a");
  Page("");
  const absl::Status half = Scan();
  EXPECT_EQ(half.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(half.message()), HasSubstr("1 of 2 documents came"));
  transport_->script.clear();

  Page("a");
  Answer(404, Error("search_context_missing_exception", "no search context", ""));
  EXPECT_EQ(Scan().code(), StatusCode::kUnavailable) << "the server has given it up";
  transport_->script.clear();

  Page("a");
  Fail(absl::UnknownError("reset"));
  EXPECT_EQ(Scan().code(), StatusCode::kUnavailable) << "an answer was lost";
}

}  // namespace
}  // namespace indexswap
