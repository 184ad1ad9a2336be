// The plan changes between two syncs: the older generation goes on by its own, as far as that goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>

#include "syncd/sync/state_files.h"
#include "warm_world.h"

namespace syncd {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The shipped plan, with `from` in its plan.toml replaced by `to`.
Plan Changed(const std::string& from, const std::string& to) {
  auto files = TisPlan().files;
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
  std::string text = TisPlan().files.at("plan.toml");
  const size_t begin = text.find("[[channel]]\nname = \"hidden-discrepancy-changes\"");
  const size_t end = text.find("# ── Families");
  return Changed(text.substr(begin, end - begin), "");
}

class PlanChange : public WarmWorld {
 protected:
  // Another process, with a plan of its own, on the same folder and store.
  void Restart(const Plan& plan) {
    warm_.reset();
    EXPECT_TRUE(engine_->ReleaseLease().ok());
    plan_ = plan;
    Start();
    EXPECT_TRUE(warm_->Adopt(*engine_->Status()).ok());
  }

  // A generation by the plan of now goes live, without a document.
  uint64_t GoLive() {
    const uint64_t generation = Build();
    const absl::Status promoted = Promote(generation, seconds(30));
    EXPECT_TRUE(promoted.ok()) << promoted;
    return generation;
  }

  // Why a generation has not answered for everything, and will not; empty: it has.
  std::string WhyNotSettled(uint64_t generation) {
    return std::string(Settled(generation).message());
  }

  // Why a rollback to the previous one needs consent; empty: it has happened.
  std::string RefusedRollback() {
    const auto done =
        RollBack(tools(), {std::nullopt, false, {}, seconds(9)}, [](const RollbackLoss&) {});
    return done.ok() ? "" : std::string(done.status().message());
  }

  std::string Lacks(uint64_t generation) {
    for (const WarmState& state : warm_->states()) {
      if (state.generation == generation) return state.lacks;
    }
    return "not there";
  }
};

const char kAdmin[] = R"({"gmcReferenceNumber":"7000001","admin":"Ada"})";

TEST_F(PlanChange, AnEventOfAChannelThatThePreviousPlanLacksMakesItCold) {
  const uint64_t first = GoLive();
  Restart(WithNewChannel());
  const uint64_t second = GoLive();
  Send(1, "a");
  EXPECT_EQ(WhyNotSettled(first), "") << "until such an event comes it misses nothing";
  EXPECT_THAT(Shown(first, "7000001:1"), HasSubstr("\"a\""));
  Send("admin-changes", kAdmin);
  EXPECT_THAT(WhyNotSettled(first), HasSubstr("no channel \"admin-changes\""));
  EXPECT_THAT(log_->Cold()->at(first), HasSubstr("no channel \"admin-changes\""));
  Send(1, "b");
  EXPECT_EQ(WhyNotSettled(second), "");
  EXPECT_THAT(Shown(second, "7000001:1"), AllOf(HasSubstr("\"b\""), HasSubstr("Ada")));
  EXPECT_THAT(Shown(first, "7000001:1"), HasSubstr("\"a\""));
}

TEST_F(PlanChange, TheLiveOneLeavesOutWhatItsPlanLacksAndGoesOn) {
  const uint64_t first = GoLive();
  Restart(WithNewChannel());
  Send("admin-changes", kAdmin);
  Send(1, "a");
  EXPECT_EQ(WhyNotSettled(first), "");
  EXPECT_EQ(warm_->Acknowledged(), 2u);
  EXPECT_THAT(Shown(first, "7000001:1"), HasSubstr("\"a\""));
  Send(2, "b");
  EXPECT_EQ(WhyNotSettled(first), "");
  EXPECT_THAT(Lacks(first), AllOf(HasSubstr("\"admin-changes\""), HasSubstr("1 events")));
  // Also after a restart it is known that something is missing, once that counts.
  Restart(WithNewChannel());
  EXPECT_THAT(*log_->Cold(), IsEmpty());
  EXPECT_EQ(WhyNotSettled(first), "");
  EXPECT_THAT(Lacks(first), HasSubstr("\"admin-changes\""));
  const uint64_t second = GoLive();
  EXPECT_THAT(WhyNotSettled(first),
              HasSubstr("\"admin-changes\", of which 1 events are not in it"));
  EXPECT_EQ(WhyNotSettled(second), "");
  EXPECT_THAT(RefusedRollback(), HasSubstr("of which 1 events are not in it"));
}

TEST_F(PlanChange, AChannelThatIsReadNoMoreMakesThePreviousOneCold) {
  const uint64_t first = GoLive();
  Restart(WithoutChannel());
  EXPECT_EQ(WhyNotSettled(first), "") << "it is live, and goes on";
  EXPECT_THAT(Lacks(first), HasSubstr("\"hidden-discrepancy-changes\""));
  GoLive();
  EXPECT_THAT(WhyNotSettled(first), HasSubstr("\"hidden-discrepancy-changes\""));
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
  EXPECT_EQ(log_->WhyNotAllFor(TisPlan()), "");
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
  Restart(TisPlan());
  EXPECT_THAT(WhyNotSettled(first), AllOf(HasSubstr("v1.db"), HasSubstr("of_tomorrow")));
  EXPECT_THAT(log_->Cold()->at(first), HasSubstr("of_tomorrow"));
  Send(1, "a");
  EXPECT_EQ(WhyNotSettled(second), "");
}

TEST_F(PlanChange, AFileOfANewerSyncdMakesThePreviousOneColdAndStopsTheLiveOne) {
  const uint64_t first = GoLive();
  const uint64_t second = GoLive();
  EXPECT_TRUE(CheckLiveFile(folder_.path(), second).ok());
  EXPECT_TRUE(CheckLiveFile(folder_.path(), std::nullopt).ok());
  EXPECT_TRUE(CheckLiveFile(folder_.path(), 99).ok());
  warm_.reset();
  {
    auto db = Database::Open(PathOf(first), Database::Mode::kReadWrite, Durability::kOff);
    ASSERT_TRUE((*db)->Execute("PRAGMA user_version=99").ok());
  }
  EXPECT_TRUE(absl::IsUnimplemented(CheckLiveFile(folder_.path(), first)));
  Restart(TisPlan());
  EXPECT_THAT(WhyNotSettled(first), HasSubstr("newer syncd"));
  EXPECT_EQ(WhyNotSettled(second), "");
}

}  // namespace
}  // namespace syncd
