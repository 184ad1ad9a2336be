#include "syncd/plan/plan_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "test_plan.h"

namespace syncd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(PlanReader, ReadsEveryPart) {
  const auto plan = PlanFromFiles(SmallPlanFiles());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->release, "small");
  EXPECT_FALSE(plan->get_starts_sync);
  const PlanEntity* person = plan->FindEntity("person");
  ASSERT_NE(person, nullptr);
  EXPECT_EQ(person->join, "group");
  EXPECT_EQ(person->FindField("number")->type, FieldType::kInteger);
  EXPECT_EQ(person->FindField("seen")->from, "seen");
  const PlanChannel* people = plan->FindChannel("people");
  ASSERT_NE(people, nullptr);
  EXPECT_EQ(people->queue, "amqp:people.data");
  EXPECT_EQ(people->start.body, "\"go\"");
  EXPECT_EQ(people->end.field, "last");
  EXPECT_EQ(people->end.value, "true");
  EXPECT_EQ(people->end.count, "total");
  EXPECT_THAT(plan->FindChannel("late-people")->after, ElementsAre("people"));
  EXPECT_TRUE(plan->FindChannel("late-people")->may_be_empty);
  EXPECT_EQ(plan->FindChannel("changes")->kind, PlanChannel::Kind::kEvents);
  EXPECT_EQ(plan->FindFamily("people")->types.at("number"), "long");
  ASSERT_EQ(plan->aliases.size(), 2u);
  EXPECT_EQ(plan->aliases[1].filter, R"({"exists":{"field":"group"}})");
}

// The kinds of order of the one event channel, where `keys` stand behind its kind.
std::vector<PlanOrder::Kind> OrderWith(const std::string& keys) {
  auto files = SmallPlanFiles();
  files["plan.toml"] = Replaced(kSmallPlan, "kind = \"events\"", "kind = \"events\"\n" + keys);
  const auto plan = PlanFromFiles(files);
  EXPECT_TRUE(plan.ok()) << plan.status();
  std::vector<PlanOrder::Kind> kinds;
  if (!plan.ok()) return kinds;
  for (const PlanOrder& order : plan->FindChannel("changes")->order) kinds.push_back(order.kind);
  return kinds;
}

TEST(PlanReader, EventsHaveTheOrderOfThePlanOrOfTheirFormat) {
  using enum PlanOrder::Kind;
  EXPECT_THAT(OrderWith(""), ElementsAre(kSequence, kArrival));
  EXPECT_THAT(OrderWith("format = \"change-stream\""),
              ElementsAre(kClusterTime, kSequence, kSent, kArrival));
  EXPECT_THAT(OrderWith("order = [\"/at\", \"sent\"]"), ElementsAre(kField, kSent));
}

TEST(PlanReader, WhatAPlanDoesNotSayIsOff) {
  const auto plan = PlanFromFiles(SmallPlanFiles());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_FALSE(plan->hydrated_starts_sync);
  EXPECT_FALSE(plan->FindChannel("people")->may_be_empty);
  EXPECT_FALSE(plan->aliases[0].may_be_empty);
}

TEST(PlanReader, FilesGiveTheSamePlanAgain) {
  const auto plan = PlanFromFiles(SmallPlanFiles());
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto again = PlanFromFiles(plan->files);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->hash, plan->hash);
  EXPECT_EQ(plan->hash.size(), 64u);
}

TEST(PlanReader, HashDependsOnEveryFile) {
  const std::string hash = PlanFromFiles(SmallPlanFiles())->hash;
  for (const auto& [name, text] : SmallPlanFiles()) {
    auto files = SmallPlanFiles();
    files[name] += "\n";
    EXPECT_NE(PlanFromFiles(files)->hash, hash) << name;
  }
  auto files = SmallPlanFiles();
  files["README"] = "not part of the plan";
  EXPECT_EQ(PlanFromFiles(files)->hash, hash);
}

TEST(PlanReader, ReadsAFolder) {
  const std::string dir = ::testing::TempDir() + "/plan_reader_folder";
  std::filesystem::create_directories(dir);
  for (const auto& [name, text] : SmallPlanFiles()) std::ofstream(dir + "/" + name) << text;
  const auto plan = ReadPlan(dir);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->hash, PlanFromFiles(SmallPlanFiles())->hash);
  std::filesystem::remove(dir + "/people.json");
  const auto broken = ReadPlan(dir);
  EXPECT_TRUE(absl::IsNotFound(broken.status()));
  EXPECT_THAT(std::string(broken.status().message()), HasSubstr(dir + "/people.json"));
}

TEST(PlanReader, ShippedPlanIsFoundByName) {
  const auto dir = ShippedPlanDir("tis");
  ASSERT_TRUE(dir.ok()) << dir.status();
  const auto plan = ReadPlan(*dir);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->name, "tis");
  EXPECT_TRUE(plan->get_starts_sync);
  EXPECT_EQ(plan->channels.size(), 9u);
  EXPECT_TRUE(absl::IsNotFound(ShippedPlanDir("no-such-plan").status()));
  EXPECT_TRUE(absl::IsNotFound(ShippedPlanDir("../plans/tis").status()));
}

struct BadPlan {
  const char* what;
  const char* from;  // in kSmallPlan
  const char* to;
  const char* error;  // part of the message
};

class BadPlanTest : public ::testing::TestWithParam<BadPlan> {};

TEST_P(BadPlanTest, NamesFileLineKeyAndExpectation) {
  auto files = SmallPlanFiles();
  files["plan.toml"] = Replaced(kSmallPlan, GetParam().from, GetParam().to);
  const auto plan = PlanFromFiles(files);
  EXPECT_TRUE(absl::IsInvalidArgument(plan.status()) || absl::IsNotFound(plan.status()));
  EXPECT_THAT(std::string(plan.status().message()), HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    PlanReader, BadPlanTest,
    ::testing::Values(
        BadPlan{"NoToml", "[plan]", "[plan", "plan.toml:1: expected TOML"},
        BadPlan{"UnknownKey", "min_documents", "min_document",
                "plan.toml:30: [[family]] \"people\": unknown key \"min_document\"; expected one "
                "of: mapping, min_documents"},
        BadPlan{"UnknownTable", "[[alias]]\nname = \"e", "[[aliases]]\nname = \"e",
                "plan.toml:31: top level: unknown key \"aliases\""},
        BadPlan{"NoPlanTable", "[plan]", "[plans]", "plan.toml:1: expected a table [plan]"},
        BadPlan{"NoName", "name = \"small\"", "release = \"small\"",
                "plan.toml:1: [plan]: key \"name\": missing; expected a string"},
        BadPlan{"WrongType", "name = \"person\"", "name = 7",
                "plan.toml:5: [[entity]]: key \"name\": expected a string, got integer"},
        BadPlan{"ListOfStrings", "after = [\"people\"]", "after = \"people\"",
                "plan.toml:20: [[channel]] \"late-people\": key \"after\": expected a list of "
                "strings, got string"},
        BadPlan{"Boolean", "may_be_empty = true", "may_be_empty = \"yes\"",
                "key \"may_be_empty\": expected true or false, got string"},
        BadPlan{"Count", "min_documents = 10", "min_documents = -1",
                "plan.toml:30: [[family]] \"people\": key \"min_documents\": expected an integer "
                "of 0 or more, got -1"},
        BadPlan{"FieldType", "number = \"integer\"", "number = \"int\"",
                "plan.toml:8: [[entity]] \"person\": fields: key \"number\": expected text, "
                "keyword, integer, boolean, date or datetime, got \"int\""},
        BadPlan{"FieldNode", "seen = \"datetime\"", "seen = 1",
                "key \"seen\": expected a type such as \"text\", or a table"},
        BadPlan{"FieldName", "seen = \"datetime\"", "\"a-b\" = \"text\"",
                "key \"a-b\": expected a name of letters, digits and _"},
        BadPlan{"FieldKey", "seen = \"datetime\"", "seen = { type = \"text\", form = \"x\" }",
                "unknown key \"form\"; expected one of: from, type"},
        BadPlan{"KeyIsNoField", "key = \"number\"", "key = \"id\"",
                "plan.toml:6: [[entity]] \"person\": key \"key\": expected one of the entity's "
                "fields, got \"id\""},
        BadPlan{"JoinIsNoField", "join = \"group\"", "join = \"team\"",
                "plan.toml:7: [[entity]] \"person\": key \"join\""},
        BadPlan{"OrderIsNoField", "join = \"group\"", "order = \"time\"",
                "plan.toml:7: [[entity]] \"person\": key \"order\""},
        BadPlan{"OwnTable", "name = \"person\"", "name = \"dead_letter\"",
                "plan.toml:5: [[entity]] \"dead_letter\": key \"name\": this table is syncd's own"},
        BadPlan{"EntityName", "name = \"person\"", "name = \"a person\"",
                "key \"name\": expected letters, digits and _"},
        BadPlan{"Kind", "kind = \"events\"", "kind = \"event\"",
                "plan.toml:25: [[channel]] \"changes\": key \"kind\": expected \"snapshot\" or "
                "\"events\", got \"event\""},
        BadPlan{"Queue", "amqp:people.data", "people.data",
                "plan.toml:12: [[channel]] \"people\": key \"queue\": expected \"amqp:<queue>\""},
        BadPlan{"ChannelName", "\"changes\"", "\"Changes\"",
                "plan.toml:24: [[channel]] \"Changes\": key \"name\": expected lower-case"},
        BadPlan{"ChannelTwice", "\"changes\"", "\"people\"",
                "plan.toml:24: [[channel]] \"people\": key \"name\": this name is taken"},
        BadPlan{"EventsWithStart", "kind = \"events\"",
                "kind = \"events\"\nend = { field = \"x\" }",
                "plan.toml:26: [[channel]] \"changes\": unknown key \"end\""},
        BadPlan{"StartWithoutBody", ", body = '\"go\"'", "",
                "plan.toml:13: [[channel]] \"people\": start: key \"body\": missing"},
        BadPlan{"AfterNobody", "after = [\"people\"]", "after = [\"persons\"]",
                "plan.toml:20: [[channel]] \"late-people\": key \"after\": expected other "
                "channels, got \"persons\""},
        BadPlan{"AfterItself", "after = [\"people\"]", "after = [\"late-people\"]",
                "expected other channels"},
        BadPlan{"Circle", "items = \"payload\"", "after = [\"late-people\"]",
                "channels wait for each other in a circle"},
        BadPlan{"Order", "kind = \"events\"", "kind = \"events\"\norder = [\"time\"]",
                "plan.toml:26: [[channel]] \"changes\": key \"order\": expected cluster_time"},
        BadPlan{"Format", "kind = \"events\"", "kind = \"events\"\nformat = \"mongo\"",
                "key \"format\": expected \"plain\" or \"change-stream\", got \"mongo\""},
        BadPlan{"DeletesOfPlainEvents", "kind = \"events\"",
                "kind = \"events\"\nassigns = [{ entity = \"person\", deletes = true }]",
                "key \"deletes\": only the events of a change stream delete"},
        BadPlan{"EntityThatHydrateReads", "views = [\"views.sql\"]\n[[entity]]\nname = \"person\"",
                "views = [\"views.sql\"]\nhydrate = \"back.sql\"\n[[entity]]\nname = \"document\"",
                "key \"name\": this is what hydrate reads documents from"},
        BadPlan{"NoSuchEntity", "assigns = [{ entity = \"person\" }]",
                "assigns = [{ entity = \"persons\" }]",
                "plan.toml:16: [[channel]] \"people\": assigns: key \"entity\": expected the name "
                "of an [[entity]], got \"persons\""},
        BadPlan{"NoAssigns", "assigns = [{ entity = \"person\" }]\n[[channel]]\nname = \"l",
                "[[channel]]\nname = \"l", "key \"assigns\": missing; expected a list of tables"},
        BadPlan{"FromNoField", "assigns = [{ entity = \"person\" }]",
                "assigns = [{ entity = \"person\", from = { id = \"x\" } }]",
                "key \"id\": no field of entity \"person\""},
        BadPlan{"NoSuchFamily", "family = \"people\"", "family = \"persons\"",
                "plan.toml:33: [[alias]] \"everybody\": key \"family\": expected the name of a "
                "[[family]], got \"persons\""},
        BadPlan{"FileInFolder", "\"people.json\"", "\"../people.json\"",
                "key \"mapping\": expected the name of a file beside plan.toml"},
        BadPlan{"NoSuchFile", "\"views.sql\"", "\"view.sql\"", "view.sql: not among the files"},
        BadPlan{"AliasName", "\"everybody\"", "\"_everybody\"", "_everybody"},
        BadPlan{"Filter", "'{\"exists\":{\"field\":\"group\"}}'", "'{\"exists\":'", "grouped"}),
    [](const auto& test) { return std::string(test.param.what); });

TEST(PlanReader, MappingErrorsNameTheFile) {
  auto files = SmallPlanFiles();
  files["people.json"] = "{\"properties\":\n {\"number\": }}";
  EXPECT_THAT(std::string(PlanFromFiles(files).status().message()),
              HasSubstr("people.json:2: expected a JSON object"));
}

}  // namespace
}  // namespace syncd
