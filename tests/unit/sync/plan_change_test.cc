// The plan changes between two syncs: the older generation goes on by its own, as far as that goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/engine.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

#include "indexswap/testing/memory_store.h"
#include "syncd/plan/plan_reader.h"
#include "syncd/readmodel/generation_file.h"
#include "syncd/readmodel/journal.h"
#include "syncd/sync/rollback.h"
#include "syncd/sync/state_files.h"
#include "syncd/sync/warm_set.h"

namespace syncd {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kMaster = "masterdoctorindex";

const Plan& Tis() {
  static const auto& plan = *new Plan(*ReadPlan(*ShippedPlanDir("tis")));
  return plan;
}

// The shipped plan, with `from` in its plan.toml replaced by `to`.
Plan Changed(const std::string& from, const std::string& to) {
  auto files = Tis().files;
  std::string& text = files.at("plan.toml");
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  auto plan = PlanFromFiles(files);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return *plan;
}

Plan WithNewChannel() {
  const std::string anchor = "[[channel]] # only what the GMC";
  return Changed(anchor,
                 "[[channel]]\nname = \"admin-changes\"\nkind = \"events\"\n"
                 "assigns = [{ entity = \"admin\" }]\n\n" +
                     anchor);
}

Plan WithoutChannel() {
  std::string text = Tis().files.at("plan.toml");
  const size_t begin = text.find("[[channel]]\nname = \"hidden-discrepancy-changes\"");
  const size_t end = text.find("# ── Families");
  return Changed(text.substr(begin, end - begin), "");
}

std::string Trainee(int person, const std::string& programme) {
  return "{\"tcsPersonId\":" + std::to_string(person) +
         ",\"gmcReferenceNumber\":\"7000001\",\"programmeName\":\"" + programme + "\"}";
}

class PlanChange : public ::testing::Test {
 protected:
  PlanChange() {
    folder_ = ::testing::TempDir() + "plan-change-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    EXPECT_TRUE(Journal::Open(folder_).ok());
    Restart(Tis());
  }
  ~PlanChange() override {
    warm_.reset();
    std::filesystem::remove_all(folder_);
  }

  // Another process, with a plan of its own, on the same folder and store.
  void Restart(const Plan& plan) {
    warm_.reset();
    if (engine_ != nullptr) {
      EXPECT_TRUE(engine_->ReleaseLease().ok());
    }
    plan_ = plan;
    log_ = *EventLog::Open(folder_, plan_);
    indexswap::EngineOptions options;
    options.gates.shrink_slack = 1000;
    indexswap::ReleaseSpec release = plan_.ToReleaseSpec();
    for (indexswap::AliasSpec& alias : release.aliases) alias.may_be_empty = true;
    engine_ = *indexswap::Engine::Open(store_, release, options, nullptr);
    warm_ = std::make_unique<WarmSet>(folder_, *engine_, *log_, WarmCallbacks());
    EXPECT_TRUE(warm_->Adopt(*engine_->Status()).ok());
  }

  std::string PathOf(uint64_t generation) const {
    return (std::filesystem::path(folder_) / GenerationFileName(generation)).string();
  }

  // A generation by the plan of now goes live, without a document.
  uint64_t GoLive() {
    auto build = engine_->Begin();
    EXPECT_TRUE(build.ok()) << build.status();
    RunInfo run;
    run.stage = RunStage::kSealed;
    run.event_cursor = log_->head();
    const uint64_t generation = (*build)->generation();
    EXPECT_TRUE(GenerationFile::Create(PathOf(generation), plan_, run, Durability::kOff).ok());
    EXPECT_TRUE((*build)->Seal({}).ok());
    warm_->Add(generation, true);
    indexswap::PromoteInput input;
    input.hold = [&](uint64_t target) { return warm_->Hold(target, seconds(30)); };
    const auto swapped = engine_->Promote(generation, input);
    EXPECT_TRUE(swapped.ok()) << swapped.status();
    warm_->SetLive(generation);
    warm_->Release();
    return generation;
  }

  void Send(const std::string& channel, const std::string& body) {
    const auto position = log_->Append({{channel, body, {}}});
    ASSERT_TRUE(position.ok()) << position.status();
    warm_->Wake();
  }

  // Waits until a generation has answered for everything, or is cold: why.
  std::string Settle(uint64_t generation) {
    const auto held = warm_->Hold(generation, seconds(30));
    warm_->Release();
    return held.ok() ? "" : std::string(held.status().message());
  }

  RollbackTools tools() { return {*engine_, *warm_, *log_, plan_, folder_}; }

  // Why a rollback to the previous one needs consent; empty: it has happened.
  std::string RefusedRollback() {
    const auto done =
        RollBack(tools(), {std::nullopt, false, {}, seconds(9)}, [](const RollbackLoss&) {});
    return done.ok() ? "" : std::string(done.status().message());
  }

  std::string Shown(uint64_t generation, const std::string& id) {
    const auto found = store_->Fetch(kMaster + "_v" + std::to_string(generation), {id});
    return found.ok() && !found->empty() ? found->front().document : "";
  }

  std::string Lacks(uint64_t generation) {
    for (const WarmState& state : warm_->states()) {
      if (state.generation == generation) return state.lacks;
    }
    return "not there";
  }

  std::string folder_;
  Plan plan_;
  std::shared_ptr<indexswap::IndexStore> store_ = indexswap::testing::MakeMemoryStore();
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<indexswap::Engine> engine_;
  std::unique_ptr<WarmSet> warm_;
};

const char kAdmin[] = R"({"gmcReferenceNumber":"7000001","admin":"Ada"})";

TEST_F(PlanChange, AnEventOfAChannelThatThePreviousPlanLacksMakesItCold) {
  const uint64_t first = GoLive();
  Restart(WithNewChannel());
  const uint64_t second = GoLive();
  Send("tcs-updates", Trainee(1, "a"));
  EXPECT_EQ(Settle(first), "") << "until such an event comes it misses nothing";
  EXPECT_THAT(Shown(first, "7000001:1"), HasSubstr("\"a\""));
  Send("admin-changes", kAdmin);
  EXPECT_THAT(Settle(first), HasSubstr("no channel \"admin-changes\""));
  EXPECT_THAT(log_->Cold()->at(first), HasSubstr("no channel \"admin-changes\""));
  Send("tcs-updates", Trainee(1, "b"));
  EXPECT_EQ(Settle(second), "");
  EXPECT_THAT(Shown(second, "7000001:1"), AllOf(HasSubstr("\"b\""), HasSubstr("Ada")));
  EXPECT_THAT(Shown(first, "7000001:1"), HasSubstr("\"a\""));
}

TEST_F(PlanChange, TheLiveOneLeavesOutWhatItsPlanLacksAndGoesOn) {
  const uint64_t first = GoLive();
  Restart(WithNewChannel());
  Send("admin-changes", kAdmin);
  Send("tcs-updates", Trainee(1, "a"));
  EXPECT_EQ(Settle(first), "");
  EXPECT_EQ(warm_->Acknowledged(), 2u);
  EXPECT_THAT(Shown(first, "7000001:1"), HasSubstr("\"a\""));
  Send("tcs-updates", Trainee(2, "b"));
  EXPECT_EQ(Settle(first), "");
  EXPECT_THAT(Lacks(first), AllOf(HasSubstr("\"admin-changes\""), HasSubstr("1 events")));
  // Also after a restart it is known that something is missing, once that counts.
  Restart(WithNewChannel());
  EXPECT_THAT(*log_->Cold(), IsEmpty());
  EXPECT_EQ(Settle(first), "");
  EXPECT_THAT(Lacks(first), HasSubstr("\"admin-changes\""));
  const uint64_t second = GoLive();
  EXPECT_THAT(Settle(first), HasSubstr("\"admin-changes\", of which 1 events are not in it"));
  EXPECT_EQ(Settle(second), "");
  EXPECT_THAT(RefusedRollback(), HasSubstr("of which 1 events are not in it"));
}

TEST_F(PlanChange, AChannelThatIsReadNoMoreMakesThePreviousOneCold) {
  const uint64_t first = GoLive();
  Restart(WithoutChannel());
  EXPECT_EQ(Settle(first), "") << "it is live, and goes on";
  EXPECT_THAT(Lacks(first), HasSubstr("\"hidden-discrepancy-changes\""));
  GoLive();
  EXPECT_THAT(Settle(first), HasSubstr("\"hidden-discrepancy-changes\""));
  EXPECT_THAT(RefusedRollback(), HasSubstr("\"hidden-discrepancy-changes\""))
      << "though it has every event that came here";
}

TEST_F(PlanChange, ChannelsThatFindOtherChangesMakeThePreviousOneCold) {
  for (const auto& [from, to] : std::map<std::string, std::string>{
           {R"({ responseCode = "0" })", R"({ responseCode = "1" })"},
           {"only_with = \"outcome\"\n", ""},
           {"name = \"outcome\"\nkey = \"gmcReferenceNumber\"",
            "name = \"outcome\"\nkey = \"gmcOutcome\""}}) {
    EXPECT_THAT(log_->WhyNotAllFor(Changed(from, to)), HasSubstr("otherwise")) << from;
  }
  EXPECT_EQ(log_->WhyNotAllFor(Tis()), "");
  EXPECT_EQ(log_->WhyNotAllFor(WithoutChannel()), "") << "what only the plan in use has";
  EXPECT_EQ(log_->WhyNotAllFor(Changed("APPROVED = \"Approved\"", "APPROVED = \"Yes\"")), "")
      << "how it reads a change is its own business";
}

TEST_F(PlanChange, AFunctionThatThisBuildLacksMakesThePreviousOneCold) {
  const uint64_t first = GoLive();
  const uint64_t second = GoLive();
  warm_.reset();
  {
    auto db = Database::Open(PathOf(first), Database::Mode::kReadWrite, Durability::kOff);
    ASSERT_TRUE((*db)
                    ->Execute("DROP VIEW recommendationindex; CREATE VIEW recommendationindex AS "
                              "SELECT join_key, id, of_tomorrow(programmeName) AS programmeName "
                              "FROM masterdoctorindex")
                    .ok());
  }
  Restart(Tis());
  EXPECT_THAT(Settle(first), AllOf(HasSubstr("v1.db"), HasSubstr("of_tomorrow")));
  EXPECT_THAT(log_->Cold()->at(first), HasSubstr("of_tomorrow"));
  Send("tcs-updates", Trainee(1, "a"));
  EXPECT_EQ(Settle(second), "");
}

TEST_F(PlanChange, AFileOfANewerSyncdMakesThePreviousOneColdAndStopsTheLiveOne) {
  const uint64_t first = GoLive();
  const uint64_t second = GoLive();
  EXPECT_TRUE(CheckLiveFile(folder_, second).ok());
  EXPECT_TRUE(CheckLiveFile(folder_, std::nullopt).ok());
  EXPECT_TRUE(CheckLiveFile(folder_, 99).ok());
  warm_.reset();
  {
    auto db = Database::Open(PathOf(first), Database::Mode::kReadWrite, Durability::kOff);
    ASSERT_TRUE((*db)->Execute("PRAGMA user_version=99").ok());
  }
  EXPECT_TRUE(absl::IsUnimplemented(CheckLiveFile(folder_, first)));
  Restart(Tis());
  EXPECT_THAT(Settle(first), HasSubstr("newer syncd"));
  EXPECT_EQ(Settle(second), "");
}

}  // namespace
}  // namespace syncd
