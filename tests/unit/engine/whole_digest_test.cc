// The gate `digest` over every document: what a store has dropped, changed or added behind the
// writer's back, whatever live changes have written meanwhile.
#include <algorithm>
#include <map>
#include <utility>

#include "indexswap/engine/digest_gate.h"
#include "world.h"

namespace indexswap {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A store that holds something else than it was given.
class Liar : public testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  absl::Status Scan(const std::string& index, size_t page_documents,
                    const ScanVisitor& visit) override {
    ++scans;
    if (cut_off-- > 0) return absl::UnavailableError("the scan was cut off");
    std::vector<StoredDocument> more = index == "docs_v1" ? extra : std::vector<StoredDocument>();
    absl::Status scanned = ForwardingStore::Scan(
        index, page_documents, [&](std::vector<StoredDocument> page) -> absl::Status {
          if (index == "docs_v1") {
            std::erase_if(page, [&](const auto& one) { return dropped.contains(one.id); });
            for (StoredDocument& one : page) {
              if (changed.contains(one.id)) one.document = changed[one.id];
            }
          }
          return visit(std::move(page));
        });
    return scanned.ok() && !more.empty() ? visit(std::move(more)) : scanned;
  }

  std::map<std::string, int> dropped;
  std::map<std::string, std::string> changed;
  std::vector<StoredDocument> extra;
  int scans = 0;
  int cut_off = 0;
};

class WholeDigestTest : public World {
 protected:
  void SetUp() override {
    EngineOptions options = OptionsFor("a", clock_);
    options.gates.digest_all = true;
    auto store = std::make_shared<Liar>(testing::MakeMemoryStore(cluster_));
    store_ = store.get();
    auto engine = Engine::Open(store, SmallRelease(), options, &observer_);
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
    auto build = engine_->Begin();
    ASSERT_TRUE(build.ok()) << build.status();
    build_ = *std::move(build);
    Load(kDocuments);
  }

  void Load(int docs) {
    for (int i = 0; i < docs; ++i) {
      Put(absl::StrFormat("d%d", i), absl::StrFormat(R"({"n":%d, "open":true})", i));
    }
  }

  void Put(const std::string& id, const std::string& document) {
    put_[id] = document;
    const absl::Status put = build_->Put("docs", id, 5, document);
    ASSERT_TRUE(put.ok()) << put;
  }

  void Write(const std::string& id, uint64_t version, std::optional<std::string> document) {
    const auto applied = engine_->Apply(1, {{"docs", id, version, std::move(document)}});
    ASSERT_TRUE(applied.ok()) << applied.status();
    ASSERT_EQ(applied->at(0).outcome, BulkResult::Outcome::kDone) << applied->at(0).reason;
  }

  // What the gate says; with the documents given again, or not.
  GateResult Digest(bool again = true) {
    SealInput input;
    if (again) {
      input.again = [this](const std::string& family, const DocumentVisitor& visit) {
        for (const auto& [id, document] : put_) {
          if (family != "docs") continue;
          if (absl::Status s = visit(id, document); !s.ok()) return s;
        }
        ++given_again_;
        return absl::OkStatus();
      };
    }
    const auto sealed = build_->Seal(input);
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? *Gate(sealed->gates, "digest") : GateResult();
  }

  static constexpr int kDocuments = 3000;
  Recorder observer_;
  Liar* store_ = nullptr;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Build> build_;
  std::map<std::string, std::string> put_;
  int given_again_ = 0;
};

TEST_F(WholeDigestTest, EveryDocumentIsComparedByOneScan) {
  const GateResult digest = Digest();
  EXPECT_TRUE(digest.passed);
  EXPECT_EQ(digest.detail, "docs_v1: all 3000 documents equal; notes_v1: all 0 documents equal");
  EXPECT_EQ(store_->scans, 2);
  EXPECT_EQ(given_again_, 0);
}

TEST_F(WholeDigestTest, ALostAChangedAndAnAddedDocumentAreNamed) {
  store_->dropped["d17"];
  store_->changed["d1234"] = R"({"n":1235,"open":true})";
  store_->extra = {{"ghost", 1, R"({"n":1})"}};
  const GateResult digest = Digest();
  EXPECT_FALSE(digest.passed);
  EXPECT_THAT(digest.detail,
              AllOf(HasSubstr("docs_v1: of 3000 documents in 256 buckets those of 3 differ ("),
                    HasSubstr("missing d17; extra ghost; different d1234")));
}

TEST_F(WholeDigestTest, JsonThatIsWrittenOtherwiseIsEqual) {
  store_->changed["d7"] = "{ \"open\" : true,\n\"n\":7}";
  EXPECT_TRUE(Digest().passed);
}

TEST_F(WholeDigestTest, SwappedContentsAreFoundThoughCountsAndTextsAreTheSame) {
  store_->changed["d1"] = R"({"n":2, "open":true})";
  store_->changed["d2"] = R"({"n":1, "open":true})";
  EXPECT_THAT(Digest().detail, AnyOf(HasSubstr("different d1, d2"), HasSubstr("different d2, d1")));
}

TEST_F(WholeDigestTest, WithoutTheDocumentsTheBucketsAreNamed) {
  store_->dropped["d17"];
  const GateResult digest = Digest(/*again=*/false);
  EXPECT_FALSE(digest.passed);
  EXPECT_THAT(digest.detail, AllOf(HasSubstr("those of 1 differ ("),
                                   HasSubstr("which documents do can't be told here")));
}

TEST_F(WholeDigestTest, OnlyTheFirstIdsAreNamedAndAllAreCounted) {
  for (int i = 0; i < 500; ++i) store_->dropped[absl::StrFormat("d%d", i)];
  const std::string detail = Digest().detail;
  EXPECT_THAT(detail, AllOf(HasSubstr(" and 480 more"), HasSubstr(", …)")));
  EXPECT_LT(detail.size(), 400u);
}

TEST_F(WholeDigestTest, ARefusedDocumentIsNeitherMissingNorMissed) {
  std::string bad = "bad";  // in the bucket that is going to be compared
  while (BucketOf(IdentityOf("docs", bad)) != BucketOf(IdentityOf("docs", "d17"))) bad += "d";
  Put(bad, R"({"n":"many"})");
  store_->dropped["d17"];
  const GateResult digest = Digest();
  EXPECT_EQ(build_->refused(), 1u);
  EXPECT_THAT(digest.detail, AllOf(HasSubstr("missing d17"), Not(HasSubstr("bad"))));
  store_->dropped.clear();
  EXPECT_TRUE(Digest().passed);
}

TEST_F(WholeDigestTest, LiveChangesSinceAreNoDifference) {
  Write("d3", 6, R"({"n":33,"open":false})");
  Write("d4", 6, std::nullopt);
  Write("brand-new", 6, R"({"n":1})");
  const GateResult digest = Digest();
  EXPECT_TRUE(digest.passed) << digest.detail;
  EXPECT_THAT(digest.detail, HasSubstr("but those written anew since"));
}

TEST_F(WholeDigestTest, LiveChangesSinceHideNoOtherDocument) {
  // As many changes as there are buckets, and more: each has one, and a loss beside it.
  for (int i = 0; i < 2000; ++i) {
    Write(absl::StrFormat("d%d", i), 6, absl::StrFormat(R"({"n":%d})", -i));
  }
  store_->dropped["d2500"];
  // By hand, at a higher version, as an event would have it.
  store_->changed["d2600"] = "{}";
  const GateResult digest = Digest();
  EXPECT_FALSE(digest.passed);
  EXPECT_THAT(digest.detail,
              AllOf(HasSubstr("missing d2500; different d2600"), Not(HasSubstr("extra"))));
}

TEST_F(WholeDigestTest, WithoutTheDocumentsOnlyBucketsWithoutLiveChangesAreJudged) {
  Write("d3", 6, R"({"n":33,"open":false})");
  EXPECT_TRUE(Digest(/*again=*/false).passed);
  for (int i = 0; i < kDocuments; ++i) {
    const std::string id = absl::StrFormat("d%d", i);
    if (BucketOf(IdentityOf("docs", id)) != BucketOf(IdentityOf("docs", "d3"))) {
      store_->dropped[id];
      break;
    }
  }
  EXPECT_FALSE(Digest(/*again=*/false).passed);
}

TEST_F(WholeDigestTest, AScanThatIsCutOffIsBegunAnew) {
  store_->cut_off = 2;
  EXPECT_TRUE(Digest().passed);
  store_->cut_off = 100;
  EXPECT_EQ(build_->Seal({}).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(WholeDigestTest, ItEndsWhenTheCallerDoesNotWait) {
  build_->set_on_wait([] { return absl::CancelledError("stopped"); });
  EXPECT_EQ(build_->Seal({}).status().code(), absl::StatusCode::kCancelled);
}

// Requests run beside each other, so of two writes of one version either may be the first, which
// stays. The versions say which of them does, whatever the order.
TEST_F(WholeDigestTest, AnIdThatWasPutTwiceIsNotCalledEqual) {
  ASSERT_TRUE(build_->Put("docs", "d3", 4, R"({"n":99,"open":false})").ok());
  const GateResult digest = Digest();
  EXPECT_FALSE(digest.passed) << digest.detail;
  EXPECT_THAT(digest.detail, HasSubstr("was an id put twice?"));
}

TEST_F(WholeDigestTest, AnIdThatWasPutTwiceIsNamedWhereTheOtherDocumentStays) {
  ASSERT_TRUE(build_->Put("docs", "d3", 6, R"({"n":99,"open":false})").ok());
  const GateResult digest = Digest();
  EXPECT_FALSE(digest.passed) << digest.detail;
  EXPECT_THAT(digest.detail, HasSubstr("different d3"));
}

TEST(DigestSampleTest, OfTwoOffersOfOneDocumentTheLaterStays) {
  DigestSample sample(1);
  for (const char* id : {"a", "b", "c"}) sample.Offer("docs", id, 1, "{}");
  const std::string kept = sample.Entries().at("docs").at(0).id;
  sample.Offer("docs", kept, 2, R"({"n":2})");
  const auto entries = sample.Entries().at("docs");
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].id, kept);
  EXPECT_EQ(entries[0].version, 2u);
  EXPECT_EQ(entries[0].document, R"({"n":2})");
  sample.Remove("docs", kept);
  EXPECT_TRUE(sample.Entries().empty());
}

TEST(DocumentSetTest, IsAsNewOnceItIsCleared) {
  DocumentSet set;
  for (int i = 0; !set.overflown(); ++i) set.Insert("docs", std::to_string(i));
  EXPECT_TRUE(set.Contains("docs", "0"));
  set.Clear();
  EXPECT_FALSE(set.overflown()) << "or the next build is compared in part only";
  EXPECT_FALSE(set.Contains("docs", "0"));
  EXPECT_FALSE(set.Touches("docs"));
}

}  // namespace
}  // namespace indexswap
