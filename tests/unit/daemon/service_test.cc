// The cycle of a service: standby, active, standby again, over one memory store.
#include "syncd/daemon/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../support/test_folder.h"
#include "../support/tis_plan.h"
#include "indexswap/testing/fake_clock.h"
#include "indexswap/testing/faulty_store.h"
#include "indexswap/testing/memory_store.h"

namespace syncd {
namespace {

using indexswap::testing::FakeClock;
using indexswap::testing::FaultyStore;
using indexswap::testing::MakeMemoryStore;
using indexswap::testing::MemoryCluster;
using indexswap::testing::Method;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

class ServiceTest : public ::testing::Test {
 protected:
  // One thing after another: each is asked again and again until it says that it is done.
  using Step = std::function<bool()>;

  ServiceTest() {
    std::ofstream(folder_.File("lock")).put('\n');  // whoever serves holds it: it is watched
    config_.state = folder_.path();
    config_.amqp.url = "amqp://127.0.0.1:1/";  // nobody listens there
    ServiceTools tools{plan_,
                       refused_,
                       [this](const std::string& address) { return Open(address); },
                       [this](indexswap::Observer::Severity, const std::string& text) {
                         const std::lock_guard lock(notes_mutex_);
                         notes_ += text + "\n";
                       },
                       [](std::string_view) {},
                       &clock_};
    service_ = std::make_unique<Service>(std::move(tools), config_, std::nullopt);
  }

  absl::StatusOr<std::unique_ptr<Tenure>> Open(const std::string& address) {
    if (!open_fails_.ok()) return std::exchange(open_fails_, absl::OkStatus());
    auto tenure = std::make_unique<Tenure>();
    tenure->journal = *Journal::Open(folder_.path());
    tenure->log = *EventLog::Open(folder_.path(), plan_);
    tenure->wanted = *WantedRuns::Open(folder_.path());
    auto store = std::make_shared<FaultyStore>(MakeMemoryStore(cluster_));
    store->FailAlways(Method::kRead, read_fails_);
    store_ = store.get();
    indexswap::EngineOptions options;
    options.owner = {"here", 1, address, tenure->journal->state_id(), ""};
    options.owner_lock_held = true;
    options.lease.beat = milliseconds(1);
    options.clock = &clock_;
    tenure->engine = *indexswap::Engine::Open(store, plan_.ToReleaseSpec(), options, &observer_);
    return tenure;
  }

  // Runs the service through the steps, on this thread.
  absl::Status Run(std::vector<Step> steps) {
    size_t next = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    const absl::Status status = service_->Run("here:8088", [&] {
      while (next < steps.size() && steps[next]()) ++next;
      const bool late = std::chrono::steady_clock::now() > end;
      EXPECT_FALSE(late) << "step " << next << "\n" << Notes();
      return late || next == steps.size();
    });
    EXPECT_TRUE(!status.ok() || next == steps.size());
    return status;
  }

  // Another host's lease, without a daemon behind it.
  std::optional<indexswap::Lease> Lease() {
    const auto state = MakeMemoryStore(cluster_)->Read({kRelease, {}, {}});
    if (state->leases.empty()) return std::nullopt;
    return state->leases.back();
  }
  void TakeElsewhere() {
    const auto lease = Lease();
    const indexswap::Fence fence{kRelease, lease ? lease->epoch + 1 : 1};
    indexswap::LeaseRecord record;
    record.owner = {"elsewhere", 2, "10.0.0.5:8088", "another-folder", "another"};
    ASSERT_TRUE(MakeMemoryStore(cluster_)->CreateLease(fence, record).ok());
    ASSERT_TRUE(MakeMemoryStore(cluster_)->TakeOver(fence, {}).ok());
  }
  void ChangeElsewhere(bool free) {
    indexswap::Lease lease = *Lease();
    lease.record->free = free;
    ++lease.record->beat;
    ASSERT_TRUE(MakeMemoryStore(cluster_)->WriteLease({kRelease, lease.epoch}, *lease.record).ok());
  }
  bool HeldHere() { return Lease() && Lease()->record && Lease()->record->owner.host == "here"; }

  bool Ready() { return !service_->NotReady().has_value(); }
  bool IsStandby() {
    const auto why = service_->NotReady();
    return why && why->starts_with("standby: elsewhere");
  }

  static constexpr char kRelease[] = "tis";
  const Plan plan_ = TisPlan();
  const TestFolder folder_;
  Config config_;
  RefusedDocuments refused_;
  indexswap::Observer observer_;
  FakeClock clock_;
  std::shared_ptr<MemoryCluster> cluster_ = std::make_shared<MemoryCluster>();
  FaultyStore* store_ = nullptr;  // of the tenure
  absl::Status open_fails_;       // once
  absl::Status read_fails_;
  // What has been noted so far; intakes note from threads of their own.
  std::string Notes() {
    const std::lock_guard lock(notes_mutex_);
    return notes_;
  }

  std::mutex notes_mutex_;
  std::string notes_;
  std::unique_ptr<Service> service_;
};

TEST_F(ServiceTest, AloneItIsActiveAtOnceAndGivesTheLeaseBack) {
  ASSERT_TRUE(Run({[&] { return Ready(); }}).ok());
  EXPECT_THAT(service_->Metrics(), HasSubstr("syncd_active 1"));
  EXPECT_THAT(service_->Status().json, HasSubstr(R"("role":"active")"));
  EXPECT_EQ(Lease()->record->owner.address, "here:8088");
  service_->Stop();
  EXPECT_TRUE(Lease()->record->free);
}

TEST_F(ServiceTest, AStandbyAnswersAndChangesNothing) {
  TakeElsewhere();
  clock_.set_on_sleep([this] { ChangeElsewhere(false); });
  const auto later = clock_.passed() + std::chrono::minutes(2);
  ASSERT_TRUE(Run({[&] { return IsStandby(); }, [&] { return clock_.passed() > later; }}).ok());
  EXPECT_EQ(store_->writes(), 0);
  EXPECT_THAT(*service_->NotReady(), HasSubstr("elsewhere (pid 2, at 10.0.0.5:8088) holds"));
  EXPECT_THAT(service_->Metrics(), HasSubstr("syncd_active 0"));
  const ApiAnswer status = service_->Status();
  EXPECT_EQ(status.status, 200);
  EXPECT_THAT(status.json, HasSubstr(R"("role":"standby")"));
  EXPECT_THAT(status.json, HasSubstr(R"("address":"10.0.0.5:8088")"));
  EXPECT_EQ(service_->Plan().status, 200);
  EXPECT_EQ(service_->DeadLetters().status, 200);
  for (const ApiAnswer& refused :
       {service_->StartSync({}), service_->CancelSync(), service_->Rollback({}),
        service_->Prune(false), service_->RetryDeadLetter("events-1"),
        service_->DropDeadLetter("events-1"), service_->TakeMessages("tcs-updates", {"{}"})}) {
    EXPECT_EQ(refused.status, 409) << refused.json;
    EXPECT_THAT(refused.json, HasSubstr(R"("code":"standby")"));
    EXPECT_THAT(refused.json, HasSubstr("10.0.0.5:8088"));
  }
  EXPECT_EQ(store_->writes(), 0);
}

TEST_F(ServiceTest, TakesOverFromOneThatIsDead) {
  TakeElsewhere();
  ASSERT_TRUE(Run({[&] { return IsStandby(); }, [&] { return Ready(); }}).ok());
  EXPECT_TRUE(HeldHere());
  EXPECT_GE(clock_.passed(), config_.lease.timeout);
  EXPECT_LT(clock_.passed(), 3 * config_.lease.timeout);
}

TEST_F(ServiceTest, TakesWhatIsGivenBackWithinALook) {
  TakeElsewhere();
  clock_.set_on_sleep([this] { ChangeElsewhere(false); });
  milliseconds given_back{0};
  const auto give_back = [&] {
    clock_.set_on_sleep({});
    ChangeElsewhere(true);
    given_back = clock_.passed();
    return true;
  };
  ASSERT_TRUE(Run({[&] { return IsStandby(); }, give_back, [&] { return Ready(); }}).ok());
  EXPECT_LE(clock_.passed() - given_back, config_.lease.timeout / 10);
}

TEST_F(ServiceTest, OneThatIsOvertakenBecomesTheStandbyAndCanTakeItAgain) {
  const auto overtake = [&] {
    // It gets no further than the wish: a build would be the other's to begin anew.
    store_->FailAlways(Method::kCreateIndex, absl::UnavailableError("no index can be created"));
    EXPECT_EQ(service_->StartSync({}).status, 202);
    clock_.set_on_sleep([this] { ChangeElsewhere(false); });
    TakeElsewhere();
    return true;
  };
  const auto give_back = [&] {
    EXPECT_THAT(service_->Metrics(), HasSubstr("syncd_active 0"));
    EXPECT_EQ(service_->StartSync({}).status, 409);
    clock_.set_on_sleep({});
    ChangeElsewhere(true);
    return true;
  };
  const absl::Status ran = Run({[&] { return Ready(); }, overtake, [&] { return IsStandby(); },
                                give_back, [&] { return Ready(); }});
  ASSERT_TRUE(ran.ok()) << ran << "\n" << Notes();
  EXPECT_EQ(Lease()->epoch, 3u);
  EXPECT_TRUE(HeldHere());
  // The sync that it had begun was the other's to do; it must not begin by itself days later.
  EXPECT_EQ(*(*WantedRuns::Open(folder_.path()))->Get(), std::nullopt);
}

TEST_F(ServiceTest, AWishOfBeforeTheOthersTimeIsForgotten) {
  ASSERT_TRUE(Journal::Open(folder_.path()).ok());
  ASSERT_TRUE((*WantedRuns::Open(folder_.path()))->Keep({7, 7, {}}).ok());
  TakeElsewhere();
  ChangeElsewhere(true);
  ASSERT_TRUE(Run({[&] { return Ready(); }}).ok());
  EXPECT_EQ(*(*WantedRuns::Open(folder_.path()))->Get(), std::nullopt);
}

TEST_F(ServiceTest, AStoreThatIsAwayAtTheStartIsWaitedFor) {
  read_fails_ = absl::UnavailableError("GET http://search:9200: refused");
  const auto tells = [&] {
    const auto why = service_->NotReady();
    return why && why->find("http://search:9200") != std::string::npos;
  };
  const auto comes_back = [&] {
    EXPECT_EQ(service_->StartSync({}).status, 503);
    EXPECT_EQ(service_->Status().status, 503);
    EXPECT_THAT(Notes(), HasSubstr("http://search:9200"));
    store_->FailAlways(Method::kRead, absl::OkStatus());
    return true;
  };
  ASSERT_TRUE(Run({tells, comes_back, [&] { return Ready(); }}).ok());
}

TEST_F(ServiceTest, AStoreThatCannotBeOpenedAtTheStartIsTriedAgain) {
  open_fails_ = absl::UnavailableError("GET http://search:9200: refused");
  ASSERT_TRUE(Run({[&] { return Ready(); }}).ok());
  EXPECT_THAT(Notes(), HasSubstr("http://search:9200"));
}

TEST_F(ServiceTest, AStateFolderThatCannotBeOpenedEndsItAtTheStart) {
  open_fails_ = absl::FailedPreconditionError("written by a newer syncd");
  EXPECT_EQ(Run({[] { return false; }}).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ServiceTest, AStoreThatRefusesEndsItAtTheStart) {
  read_fails_ = absl::PermissionDeniedError("wrong password");
  EXPECT_EQ(Run({[] { return false; }}).code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(ServiceTest, AStoreThatRefusesLaterIsWaitedFor) {
  TakeElsewhere();
  clock_.set_on_sleep([this] { ChangeElsewhere(false); });
  const auto refuse = [&] {
    store_->FailAlways(Method::kRead, absl::PermissionDeniedError("password changed"));
    return true;
  };
  const auto told = [&] {
    return service_->NotReady()->find("password changed") != std::string::npos;
  };
  const auto comes_back = [&] {
    store_->FailAlways(Method::kRead, absl::OkStatus());
    return true;
  };
  ASSERT_TRUE(
      Run({[&] { return IsStandby(); }, refuse, told, comes_back, [&] { return IsStandby(); }})
          .ok());
}

TEST_F(ServiceTest, AFolderThatIsGoneIsToldAtOnceAndUntilTheEnd) {
  const auto lose = [&] {
    std::filesystem::remove_all(folder_.path());
    const auto why = service_->NotReady();
    EXPECT_THAT(why.value_or("ready"), HasSubstr(folder_.path() + " is gone"));
    return true;
  };
  const absl::Status ran = Run({[&] { return Ready(); }, lose, [] { return false; }});
  EXPECT_EQ(ran.code(), absl::StatusCode::kDataLoss) << ran;
  EXPECT_THAT(service_->NotReady().value_or("ready"), HasSubstr(folder_.path() + " is gone"));
}

TEST_F(ServiceTest, AWrongConfigurationEndsItBeforeAnythingElse) {
  config_.queues["nobody"] = "amqp:nothing";
  ServiceTools tools{plan_,
                     refused_,
                     [this](const std::string& address) { return Open(address); },
                     [](indexswap::Observer::Severity, const std::string&) {},
                     [](std::string_view) {},
                     &clock_};
  Service service(std::move(tools), config_, std::nullopt);
  const absl::Status wrong = service.Run("here:8088", [] { return true; });
  EXPECT_EQ(wrong.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Lease(), std::nullopt);
}

}  // namespace
}  // namespace syncd
