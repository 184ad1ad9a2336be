#include "syncd/daemon/maintenance.h"

#include <absl/time/clock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "../support/state_world.h"
#include "syncd/readmodel/event_file.h"

namespace syncd {
namespace {

constexpr std::chrono::hours kDay{24};

class MaintenanceTest : public StateWorld {
 protected:
  MaintenanceTest() { Open(plan_.ToReleaseSpec()); }

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

TEST_F(MaintenanceTest, AnEventThatViewsFailOnIsKeptUntilASyncHasBroughtIt) {
  DeadLetter letter;
  letter.channel = "tcs-updates";
  letter.kind = DeadLetter::Kind::kRefused;
  letter.document_id = "event 7";
  ASSERT_TRUE(log_->AddDeadLetter(letter).ok());
  const int64_t id = log_->ListDeadLetters(0, 1)->front().id;
  const absl::Status again = RetryEventDeadLetter(*log_, *warm_, id);
  EXPECT_EQ(again.code(), absl::StatusCode::kFailedPrecondition) << again;
  EXPECT_EQ(*log_->CountDeadLetters(), 1);
}

// A build that a gate stopped, for instance because too many records were rejected.
class LateLetterTest : public MaintenanceTest {
 protected:
  LateLetterTest() {
    RunInfo run;
    run.build_id = "b1";
    file_ = *GenerationFile::Create(folder_.File("v1.db"), plan_, run, Durability::kOff);
    EXPECT_TRUE(file_->BeginBatch().ok());
    DeadLetter letter;
    letter.channel = "tcs";
    letter.body = R"({"tcsPersonId":1,"gmcReferenceNumber":"7000001"})";
    EXPECT_TRUE(file_->dead_letters().Add(letter).ok());
    EXPECT_TRUE(file_->Commit().ok());
    SetStage(RunStage::kRefused);
  }

  void SetStage(RunStage stage) {
    auto run = file_->ReadRun();
    run->stage = stage;
    EXPECT_TRUE(file_->WriteRun(*run).ok());
  }
  absl::Status Retry(EventLog* log) { return RetryBuildDeadLetter(folder_.path(), {1, 1}, log); }

  // What the events of the log change in a build: its documents, by the version that they get.
  std::map<std::string, uint64_t> Apply(const std::string& path) {
    std::map<std::string, uint64_t> sent;
    auto events = EventLogReader::Open(folder_.path()).value()->Read(0, log_->head(), 100, 1 << 20);
    auto file = EventFile::Open(path);
    EXPECT_TRUE(events.ok() && file.ok());
    EXPECT_TRUE((*file)->Apply(*events, log_->head()).ok());
    EXPECT_TRUE((*file)
                    ->Drain([&](const std::vector<DocumentChange>& changes, uint64_t position) {
                      for (const DocumentChange& change : changes) sent[change.id] = position;
                      return std::vector<size_t>();
                    })
                    .ok());
    return sent;
  }

  std::unique_ptr<GenerationFile> file_;
};

TEST_F(LateLetterTest, ALetterOfABuildIsJournalledOnceItIsLoaded) {
  const absl::Status retried = Retry(log_.get());
  ASSERT_TRUE(retried.ok()) << retried;
  EXPECT_EQ(*file_->dead_letters().Count(), 0);
  EXPECT_EQ(*file_->CountEntities("trainee"), 0u) << "not beside the journal";
  const std::map<std::string, uint64_t> sent{{"7000001:1", 1}};
  EXPECT_EQ(Apply(folder_.File("v1.db")), sent);
  EXPECT_EQ(*file_->CountEntities("trainee"), 1u);
}

TEST_F(LateLetterTest, ItChangesNothingThatIsThereAndNoOtherBuild) {
  ASSERT_TRUE(file_->BeginBatch().ok());
  ASSERT_TRUE(file_->Ingest("tcs", R"({"tcsPersonId":1,"gmcReferenceNumber":"7000009"})").ok());
  ASSERT_TRUE(file_->Commit().ok());
  ASSERT_TRUE(Retry(log_.get()).ok());
  const auto sent = Apply(folder_.File("v1.db"));
  EXPECT_TRUE(sent.contains("7000009:1")) << "written again as it is";
  EXPECT_FALSE(sent.contains("7000001:1"));
  RunInfo run;
  run.stage = RunStage::kSealed;
  run.build_id = "b2";
  ASSERT_TRUE(GenerationFile::Create(folder_.File("v2.db"), plan_, run, Durability::kOff).ok());
  EXPECT_TRUE(Apply(folder_.File("v2.db")).empty());
}

TEST_F(LateLetterTest, NothingIsTakenInOnceTheBuildIsPromotedOrNobodyReadsTheJournal) {
  EXPECT_EQ(Retry(nullptr).code(), absl::StatusCode::kFailedPrecondition);
  SetStage(RunStage::kPromoted);
  EXPECT_EQ(Retry(log_.get()).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(*file_->dead_letters().Count(), 1);
}

}  // namespace
}  // namespace syncd
