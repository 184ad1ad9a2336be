// The recorded queries of a plan.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "syncd/plan/plan_reader.h"
#include "test_plan.h"

namespace syncd {
namespace {

using ::testing::HasSubstr;

constexpr char kQuery[] = R"toml([[query]]
name = "first-page"
alias = "grouped"
body = "first-page.json"
max_shrink = 0.5
shrink_slack = 3
max_slower = 4
)toml";

std::map<std::string, std::string> Files(const std::string& query = kQuery) {
  auto files = SmallPlanFiles();
  files["plan.toml"] += query;
  files["first-page.json"] = R"({"query": {"match_all": {}}, "size": 20})";
  return files;
}

std::string ErrorOf(const std::map<std::string, std::string>& files) {
  return std::string(PlanFromFiles(files).status().message());
}

TEST(PlanQueries, AreHandedToTheEngineWithTheirBodies) {
  const auto plan = PlanFromFiles(Files());
  ASSERT_TRUE(plan.ok()) << plan.status();
  const indexswap::ReleaseSpec release = plan->ToReleaseSpec();
  ASSERT_EQ(release.queries.size(), 1u);
  EXPECT_EQ(release.queries[0].name, "first-page");
  EXPECT_EQ(release.queries[0].alias, "grouped");
  EXPECT_EQ(release.queries[0].body, Files()["first-page.json"]);
  EXPECT_EQ(release.queries[0].max_shrink, 0.5);
  EXPECT_EQ(release.queries[0].shrink_slack, 3u);
  EXPECT_EQ(release.queries[0].max_slower, 4);
}

TEST(PlanQueries, LimitsAreThoseOfTheConfigurationWithoutTheirOwn) {
  const auto plan =
      PlanFromFiles(Files("[[query]]\nname = \"q\"\nalias = \"everybody\"\n"
                          "body = \"first-page.json\"\n"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->queries[0].max_shrink, std::nullopt);
  EXPECT_EQ(plan->queries[0].shrink_slack, std::nullopt);
  EXPECT_EQ(plan->queries[0].max_slower, 0);
}

TEST(PlanQueries, TheirFilesBelongToTheCopyOfThePlanAndToItsHash) {
  auto files = Files();
  const auto plan = PlanFromFiles(files);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->files.contains("first-page.json"));
  const auto again = PlanFromFiles(plan->files);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->hash, plan->hash);
  files["first-page.json"] += "\n";
  EXPECT_NE(PlanFromFiles(files)->hash, plan->hash);
}

TEST(PlanQueries, MistakesNameFileLineKeyAndExpectation) {
  const auto error = [](const std::string& from, const std::string& to) {
    return ErrorOf(Files(Replaced(kQuery, from, to)));
  };
  EXPECT_THAT(error("\"grouped\"", "\"nobody\""),
              HasSubstr("plan.toml:41: [[query]] \"first-page\": key \"alias\": expected the name "
                        "of an [[alias]], got \"nobody\""));
  EXPECT_THAT(error("body =", "file ="), HasSubstr("key \"body\": missing; expected a string"));
  EXPECT_THAT(error("first-page.json", "queries/first-page.json"),
              HasSubstr("key \"body\": expected the name of a JSON file beside plan.toml"));
  EXPECT_THAT(error("first-page.json", "second-page.json"),
              HasSubstr("second-page.json: not among the files"));
  EXPECT_THAT(error("0.5", "1.5"), HasSubstr("key \"max_shrink\": expected a number from 0 to 1"));
  EXPECT_THAT(error("0.5", "\"1\""), HasSubstr("expected a number, got string"));
  EXPECT_THAT(error("max_slower = 4", "max_slower = 0.5"),
              HasSubstr("key \"max_slower\": expected 0, or a number above 1"));
  EXPECT_THAT(error("max_slower", "max_time"),
              HasSubstr("unknown key \"max_time\"; expected one of: alias, body, max_shrink"));
  EXPECT_THAT(
      ErrorOf(Files(std::string(kQuery) + kQuery)),
      HasSubstr("plan.toml:47: [[query]] \"first-page\": key \"name\": this name is taken"));
}

TEST(PlanQueries, ABodyIsASearchRequest) {
  auto files = Files();
  files["first-page.json"] = "{\"query\":\n {\"match_all\": }}";
  EXPECT_THAT(ErrorOf(files), HasSubstr("first-page.json:2: the body of [[query]] \"first-page\": "
                                        "expected a search request as a JSON object, but:"));
  files["first-page.json"] = "";
  EXPECT_THAT(ErrorOf(files), HasSubstr("first-page.json:1:"));
  files["first-page.json"] = "[]";
  EXPECT_THAT(ErrorOf(files), HasSubstr("expected a search request as a JSON object, got another"));
}

}  // namespace
}  // namespace syncd
