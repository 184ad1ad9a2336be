// A document that the server fails with, among others that it takes, over the memory store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "indexswap/testing/forwarding_store.h"
#include "warm_world.h"

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

class WarmPoisonTest : public WarmWorld {
 protected:
  WarmPoisonTest()
      : WarmWorld(std::make_shared<FailingStore>(indexswap::testing::MakeMemoryStore()),
                  milliseconds(0)) {}
};

TEST_F(WarmPoisonTest, ADocumentThatTheServerFailsWithIsADeadLetterAndHoldsUpNobody) {
  const uint64_t generation = Build();
  Send(1, "poison");
  // Three families have the doctor; each needs others beside it.
  int others = 1;
  bool is_settled = false;
  while ((!is_settled || *log_->CountDeadLetters() < 3) && others < 1000) {
    Send(++others, "good");
    is_settled = Settled(generation, milliseconds(200)).ok();
  }
  const auto letters = log_->ListDeadLetters(0, 10);
  ASSERT_EQ(letters->size(), 3u);
  EXPECT_EQ(letters->front().document_id, "7000001:1");
  EXPECT_EQ(letters->front().generation, generation);
  EXPECT_THAT(letters->front().reason, HasSubstr("and took others: null pointer"));
  EXPECT_THAT(log_->GetDeadLetter(letters->front().id)->body, HasSubstr("poison"));
  const absl::Status settled = Settled(generation, seconds(30));
  ASSERT_TRUE(settled.ok()) << settled;
  EXPECT_EQ(warm_->states().front().answered, log_->head());
  EXPECT_THAT(Shown(generation, "7000001:" + std::to_string(others)), HasSubstr("good"));
  EXPECT_EQ(Shown(generation, "7000001:1"), "");
  const auto counted = warm_->Hold(generation, seconds(30));
  warm_->Release();
  EXPECT_EQ(counted->at("masterdoctorindex"), static_cast<uint64_t>(others - 1));
  Send(1, "mended");
  EXPECT_TRUE(Settled(generation, seconds(30)).ok());
  EXPECT_THAT(Shown(generation, "7000001:1"), HasSubstr("mended"));
}

}  // namespace
}  // namespace syncd
