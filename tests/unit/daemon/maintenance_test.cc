#include "syncd/daemon/maintenance.h"

#include <absl/time/clock.h>
#include <gtest/gtest.h>
#include <indexswap/engine.h>

#include <filesystem>

#include "indexswap/testing/memory_store.h"
#include "syncd/plan/plan_reader.h"
#include "syncd/readmodel/journal.h"

namespace syncd {
namespace {

constexpr std::chrono::hours kDay{24};

class MaintenanceTest : public ::testing::Test {
 protected:
  MaintenanceTest() : plan_(*ReadPlan(*ShippedPlanDir("tis"))) {
    folder_ = ::testing::TempDir() + "maintenance-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    EXPECT_TRUE(Journal::Open(folder_).ok());
    log_ = *EventLog::Open(folder_, plan_);
    engine_ = *indexswap::Engine::Open(indexswap::testing::MakeMemoryStore(), plan_.ToReleaseSpec(),
                                       {}, nullptr);
    WarmCallbacks callbacks;
    callbacks.answered = [] {};
    warm_ = std::make_unique<WarmSet>(folder_, *engine_, *log_, callbacks);
  }
  ~MaintenanceTest() override { std::filesystem::remove_all(folder_); }

  // A change of one trainee that came so many days ago.
  uint64_t Came(int days_ago) {
    IncomingEvent event{"tcs-updates", R"({"tcsPersonId":1,"gmcReferenceNumber":"7000001"})", {}};
    event.stamp.arrival = static_cast<uint64_t>(1000 - days_ago);
    event.stamp.arrival_ms =
        absl::ToUnixMillis(absl::Now()) -
        std::chrono::duration_cast<std::chrono::milliseconds>(days_ago * kDay).count();
    EXPECT_TRUE(log_->Append({event}).ok());
    return log_->counts()["tcs-updates"].stale;
  }

  const Plan plan_;
  std::string folder_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<indexswap::Engine> engine_;
  std::unique_ptr<WarmSet> warm_;
};

TEST_F(MaintenanceTest, OrdersAreKeptForAsLongAsALetterMayBeRetriedUnderAnOlderOne) {
  Came(20);
  ASSERT_TRUE(TrimJournal(*log_, *warm_, std::chrono::hours(1), 30 * kDay).ok());
  EXPECT_EQ(Came(25), 1u) << "it is older";
}

TEST_F(MaintenanceTest, OrdersAreForgottenWhenNothingOlderCanCome) {
  Came(20);
  ASSERT_TRUE(TrimJournal(*log_, *warm_, std::chrono::hours(1), kDay).ok());
  EXPECT_EQ(Came(25), 0u);
  Came(14);
  ASSERT_TRUE(TrimJournal(*log_, *warm_, std::chrono::hours(1), kDay).ok());
  EXPECT_EQ(Came(25), 1u) << "SQS keeps a message for 14 days";
}

}  // namespace
}  // namespace syncd
