// A document that the server fails with, among others that it takes, over the memory store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/engine.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "indexswap/testing/forwarding_store.h"
#include "indexswap/testing/memory_store.h"
#include "syncd/plan/plan_reader.h"
#include "syncd/readmodel/generation_file.h"
#include "syncd/readmodel/journal.h"
#include "syncd/sync/warm_set.h"

namespace syncd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

// Fails with every document that has the word in it.
class FailingStore : public indexswap::testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  absl::StatusOr<std::vector<indexswap::BulkResult>> Bulk(
      const indexswap::Fence& fence, const std::vector<indexswap::BulkItem>& items) override {
    std::vector<indexswap::BulkResult> results;
    for (const indexswap::BulkItem& item : items) {
      if (item.document.find("poison") != std::string::npos) {
        results.push_back({indexswap::BulkResult::Outcome::kFailed, "null pointer"});
        continue;
      }
      auto one = ForwardingStore::Bulk(fence, {item});
      if (!one.ok()) return one;
      results.push_back(one->front());
    }
    return results;
  }
};

class WarmPoisonTest : public ::testing::Test {
 protected:
  WarmPoisonTest() : plan_(*ReadPlan(*ShippedPlanDir("tis"))) {
    folder_ = ::testing::TempDir() + "warm-poison";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    EXPECT_TRUE(Journal::Open(folder_).ok());
    log_ = *EventLog::Open(folder_, plan_);
    store_ = std::make_shared<FailingStore>(indexswap::testing::MakeMemoryStore());
    engine_ = *indexswap::Engine::Open(store_, plan_.ToReleaseSpec(), {}, nullptr);
    warm_ = std::make_unique<WarmSet>(folder_, *engine_, *log_, WarmCallbacks(), milliseconds(0));
  }
  ~WarmPoisonTest() override {
    warm_.reset();
    std::filesystem::remove_all(folder_);
  }

  // A sealed generation without a document, which gets events from here on.
  uint64_t Build() {
    auto build = engine_->Begin();
    EXPECT_TRUE(build.ok()) << build.status();
    RunInfo run;
    run.stage = RunStage::kSealed;
    const uint64_t generation = (*build)->generation();
    const auto path = std::filesystem::path(folder_) / GenerationFileName(generation);
    EXPECT_TRUE(GenerationFile::Create(path.string(), plan_, run, Durability::kOff).ok());
    EXPECT_TRUE((*build)->Seal({}).ok());
    warm_->Add(generation, true);
    return generation;
  }

  void Send(int person, const std::string& programme) {
    const std::string trainee = "{\"tcsPersonId\":" + std::to_string(person) +
                                ",\"gmcReferenceNumber\":\"7000001\",\"programmeName\":\"" +
                                programme + "\"}";
    ASSERT_TRUE(log_->Append({{"tcs-updates", trainee, {}}}).ok());
    warm_->Wake();
  }

  absl::Status Settle(uint64_t generation, milliseconds within) {
    const auto held = warm_->Hold(generation, within);
    warm_->Release();
    return held.status();
  }

  std::string Shown(uint64_t generation, const std::string& id) {
    const auto found = store_->Fetch("masterdoctorindex_v" + std::to_string(generation), {id});
    return found.ok() && !found->empty() ? found->front().document : "";
  }

  const Plan plan_;
  std::string folder_;
  std::unique_ptr<EventLog> log_;
  std::shared_ptr<FailingStore> store_;
  std::unique_ptr<indexswap::Engine> engine_;
  std::unique_ptr<WarmSet> warm_;
};

TEST_F(WarmPoisonTest, ADocumentThatTheServerFailsWithIsADeadLetterAndHoldsUpNobody) {
  const uint64_t generation = Build();
  Send(1, "poison");
  // Three families have the doctor; each needs others beside it.
  int others = 1;
  while (*log_->CountDeadLetters() < 3 && others < 1000) {
    Send(++others, "good");
    Settle(generation, milliseconds(100)).IgnoreError();
  }
  const auto letters = log_->ListDeadLetters(0, 10);
  ASSERT_EQ(letters->size(), 3u);
  EXPECT_EQ(letters->front().document_id, "7000001:1");
  EXPECT_EQ(letters->front().generation, generation);
  EXPECT_THAT(letters->front().reason, HasSubstr("and took others: null pointer"));
  EXPECT_THAT(log_->GetDeadLetter(letters->front().id)->body, HasSubstr("poison"));
  const absl::Status settled = Settle(generation, seconds(30));
  ASSERT_TRUE(settled.ok()) << settled;
  EXPECT_EQ(warm_->states().front().answered, log_->head());
  EXPECT_THAT(Shown(generation, "7000001:" + std::to_string(others)), HasSubstr("good"));
  EXPECT_EQ(Shown(generation, "7000001:1"), "");
  const auto counted = warm_->Hold(generation, seconds(30));
  warm_->Release();
  EXPECT_EQ(counted->at("masterdoctorindex"), static_cast<uint64_t>(others - 1));
  Send(1, "mended");
  EXPECT_TRUE(Settle(generation, seconds(30)).ok());
  EXPECT_THAT(Shown(generation, "7000001:1"), HasSubstr("mended"));
}

}  // namespace
}  // namespace syncd
