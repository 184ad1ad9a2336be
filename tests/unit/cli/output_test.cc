#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "syncd/report/report.h"

namespace syncd {
namespace {

namespace json = boost::json;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAre;

json::object Parse(const std::string& text) {
  json::error_code error;
  json::value value = json::parse(text, error);
  EXPECT_TRUE(!error && value.is_object()) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos) << "one line";
  return value.is_object() ? value.as_object() : json::object();
}

std::vector<std::string> Keys(const json::object& object) {
  std::vector<std::string> keys;
  for (const auto& member : object) keys.emplace_back(member.key().data(), member.key().size());
  return keys;
}

SyncOutcome Promoted() {
  SyncOutcome outcome;
  outcome.state = "promoted";
  outcome.generation = 13;
  outcome.documents = {{"docs", 10}};
  outcome.gates = {{"shrink", true, true, "10 -> 1"}};
  ChannelState channel;
  channel.name = "gmc";
  channel.records = 7;
  channel.ended = true;
  outcome.channels = {channel};
  return outcome;
}

TEST(SyncJson, HasTheFieldsOfTheContract) {
  indexswap::ReleaseStatus status;
  status.live = 13;
  status.previous = 12;
  status.aliases = {{"all_docs", "docs_v13", 10, false}, {"gone", "", std::nullopt, true}};
  const json::object object = Parse(SyncJson(Promoted(), &status));
  EXPECT_THAT(Keys(object),
              UnorderedElementsAre("run", "generation", "state", "live", "previous", "resumed",
                                   "documents", "aliases", "pending", "gates", "channels",
                                   "dead_letters", "receive_s", "load_s", "build_s", "swap_ms"));
  EXPECT_EQ(object.at("run"), json::value(13));
  EXPECT_EQ(object.at("live"), json::value(13));
  EXPECT_EQ(object.at("previous"), json::value(12));
  EXPECT_EQ(object.at("documents"), json::value({{"docs", 10}}));
  EXPECT_EQ(object.at("aliases"), json::value({{"all_docs", 10}, {"gone", nullptr}}));
  EXPECT_EQ(object.at("gates").as_array().at(0).at("overridden"), json::value(true));
  EXPECT_THAT(
      Keys(object.at("channels").at("gmc").as_object()),
      IsSupersetOf({"messages", "records", "rejected", "empty", "markers", "left_over", "ended"}));
  EXPECT_EQ(object.at("channels").at("gmc").at("records"), json::value(7));
}

TEST(SyncJson, AFailureNamesItsErrorAndNoStoreIsNoObstacle) {
  SyncOutcome outcome = Promoted();
  outcome.generation = 0;
  outcome.state = "refused";
  outcome.status = absl::FailedPreconditionError("a \"rival\"\n");
  const json::object object = Parse(SyncJson(outcome, nullptr));
  EXPECT_TRUE(object.at("generation").is_null());
  EXPECT_TRUE(object.at("live").is_null());
  EXPECT_EQ(object.at("error").at("code"), json::value("refused"));
  EXPECT_EQ(object.at("error").at("message"), json::value("a \"rival\"\n"));
}

TEST(ErrorJson, NamesTheKindOfTheError) {
  const auto code = [](const absl::Status& status) {
    return std::string(Parse(ErrorJson(status)).at("error").at("code").as_string());
  };
  EXPECT_EQ(code(absl::InvalidArgumentError("")), "invalid");
  EXPECT_EQ(code(absl::FailedPreconditionError("")), "refused");
  EXPECT_EQ(code(absl::AbortedError("")), "lease_lost");
  EXPECT_EQ(code(absl::UnknownError("")), "unknown_outcome");
  EXPECT_EQ(code(absl::UnavailableError("")), "unavailable");
  EXPECT_EQ(code(absl::InternalError("")), "failed");
}

TEST(StatusJson, HasTheFieldsOfTheContract) {
  indexswap::ReleaseStatus status;
  status.store = "memory";
  status.live = 2;
  indexswap::GenerationMeta meta;
  meta.replaces = 1;
  meta.sealed_at = "2026-01-01T00:00:00Z";
  status.generations = {{2, "live", meta, {{"docs", "docs_v2", 10, 4096}}}};
  status.lease =
      indexswap::Lease{7, indexswap::LeaseRecord{{"host", 17, "", "s", "i"}, 3, 0, 2, true}};
  LocalStatus local;
  local.run = 3;
  local.run_stage = "receiving";
  const json::object object = Parse(StatusJson(status, local));
  EXPECT_THAT(Keys(object), IsSupersetOf({"live", "previous", "building", "run", "generations",
                                          "aliases", "lease", "dead_letters", "events"}));
  EXPECT_TRUE(object.at("previous").is_null());
  EXPECT_TRUE(object.at("run").at("blocked").is_null());
  EXPECT_TRUE(object.at("role").is_null()) << "no daemon";
  local.blocked = "index docs_v3: flood stage";
  EXPECT_EQ(Parse(StatusJson(status, local)).at("run").at("blocked"), json::value(local.blocked));
  EXPECT_TRUE(object.at("generations").as_array().at(0).at("file_bytes").is_null());
  EXPECT_TRUE(object.at("state_folder").at("free_bytes").is_null()) << "nobody knows";
  local.state.generations = {{2, 8192}};
  local.state.space = DiskSpace{100, 200};
  local.state.journal_bytes = 50;
  local.state.events = 7;
  local.state.oldest_event_ms = 0;
  const json::object disk = Parse(StatusJson(status, local));
  EXPECT_EQ(disk.at("state_folder"), json::value({{"free_bytes", 100},
                                                  {"total_bytes", 200},
                                                  {"journal_bytes", 50},
                                                  {"events", 7},
                                                  {"oldest_event", "1970-01-01T00:00:00Z"}}));
  EXPECT_EQ(disk.at("generations").as_array().at(0).at("file_bytes"), json::value(8192));
  local.role = "standby";
  EXPECT_EQ(Parse(StatusJson(status, local)).at("role"), json::value("standby"));
  const json::value& generation = object.at("generations").as_array().at(0);
  EXPECT_EQ(generation.at("n"), json::value(2));
  EXPECT_EQ(generation.at("replaces"), json::value(1));
  EXPECT_TRUE(generation.at("promoted_at").is_null());
  EXPECT_EQ(generation.at("indexes").as_array().at(0).at("docs"), json::value(10));
  EXPECT_EQ(object.at("lease").at("epoch"), json::value(7));
  EXPECT_EQ(object.at("lease").at("host"), json::value("host"));
  EXPECT_EQ(object.at("run").at("n"), json::value(3));
}

TEST(PlanAndRollbackJson, ShowTheActions) {
  indexswap::SwapReport report;
  report.to = 13;
  report.actions = {{indexswap::AliasAction::Kind::kRemove, "a", "docs_v12", ""},
                    {indexswap::AliasAction::Kind::kAdd, "a", "docs_v13", "{}"}};
  report.pending = {"p"};
  report.request = R"({"actions":[1]})";
  report.requests = {{"PUT", "/docs_v13", "{}"}, {"POST", "/_aliases", report.request}};
  report.gates = {{"blocks", true, false, "none"}};
  report.state = "1-2-3";
  report.swap = std::chrono::microseconds(1500);
  const json::object plan = Parse(PlanJson(report, {"docs_v13"}));
  EXPECT_THAT(Keys(plan), UnorderedElementsAre("from", "to", "indexes", "actions", "pending",
                                               "gates", "request", "requests", "state"));
  EXPECT_EQ(plan.at("state"), json::value("1-2-3"));
  EXPECT_EQ(plan.at("requests").as_array().at(0),
            json::value({{"method", "PUT"}, {"path", "/docs_v13"}, {"body", json::object()}}));
  const json::value& sent = plan.at("requests").as_array().at(1);
  EXPECT_EQ(sent.at("method"), json::value("POST"));
  EXPECT_EQ(sent.at("path"), json::value("/_aliases"));
  EXPECT_EQ(sent.at("body"), plan.at("request"));
  EXPECT_TRUE(plan.at("from").is_null());
  EXPECT_TRUE(plan.at("request").at("actions").is_array()) << "a JSON request is shown as such";
  EXPECT_EQ(plan.at("actions").as_array().at(0).at("kind"), json::value("remove"));
  EXPECT_TRUE(plan.at("actions").as_array().at(0).at("filter").is_null());
  report.request = "BEGIN; no JSON";
  EXPECT_TRUE(Parse(PlanJson(report, {})).at("request").is_string());
  report.from = 14;
  RollbackLoss loss;
  loss.lag = 5;
  const json::object back = Parse(RollbackJson(report, loss));
  EXPECT_EQ(back.at("lag_events"), json::value(5));
  EXPECT_TRUE(back.at("lost_events").is_null()) << "nobody knows";
  EXPECT_THAT(Keys(back),
              IsSupersetOf({"from", "to", "live", "lost_events", "actions", "swap_ms"}));
  EXPECT_EQ(back.at("live"), json::value(13));
  EXPECT_EQ(back.at("dry_run"), json::value(false));
  const json::object dry = Parse(RollbackPreviewJson({report, loss}));
  EXPECT_EQ(dry.at("dry_run"), json::value(true));
  EXPECT_EQ(dry.at("live"), json::value(14)) << "nothing has moved";
  EXPECT_EQ(dry.at("needs_accept_loss"), json::value(false)) << "it is warm";
  EXPECT_FALSE(dry.contains("swap_ms"));
  for (const auto& member : plan) {
    if (member.key() == "indexes") continue;
    EXPECT_TRUE(dry.contains(member.key())) << member.key();
  }
  EXPECT_EQ(back.at("swap_ms"), json::value(1.5));
}

TEST(PruneJson, ShowsVerdictsAndWhatIsGone) {
  const json::object object =
      Parse(PruneJson({{{{1, true, "abandoned"}}, {"docs_v1"}}, {{1, "v1.db", 4096}}}, true));
  EXPECT_EQ(object.at("files"),
            json::value({{{"file", "v1.db"}, {"generation", 1}, {"bytes", 4096}}}));
  EXPECT_EQ(object.at("dry_run"), json::value(true));
  EXPECT_EQ(object.at("verdicts").as_array().at(0).at("reason"), json::value("abandoned"));
  EXPECT_EQ(object.at("deleted"), json::value(json::array{"docs_v1"}));
}

TEST(DeadLetterJson, HasABodyOnlyWhenOneIsShown) {
  GenerationDeadLetter letter{13, {}};
  letter.letter.id = 1;
  letter.letter.channel = "gmc";
  letter.letter.reason = "no JSON";
  letter.letter.body = "Ó {";
  const json::object list = Parse(DeadLettersJson({letter}));
  const json::object first = list.at("dead_letters").as_array().at(0).as_object();
  EXPECT_EQ(first.at("id"), json::value("13-1"));
  EXPECT_EQ(first.at("time"), json::value("1970-01-01T00:00:00Z"));
  EXPECT_EQ(first.at("kind"), json::value("rejected"));
  EXPECT_TRUE(first.at("family").is_null());
  EXPECT_FALSE(first.contains("body"));
  EXPECT_EQ(Parse(DeadLetterJson(letter)).at("body"), json::value("Ó {"));
}

}  // namespace
}  // namespace syncd
