// The rules of the revalidation read model, one by one, on the views of the shipped plan.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <set>

#include "test_model.h"

namespace syncd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;

std::string Summary(const std::string& gmc, const std::string& more = "",
                    const std::string& outcome = "null") {
  return "{\"payload\":{\"doctor\":{\"gmcReferenceNumber\":\"" + gmc + "\"" + more +
         "},\"gmcOutcome\":" + outcome + "},\"syncEnd\":false}";
}

std::string Trainee(int person, const std::string& gmc, const std::string& more = "") {
  return "{\"tcsPersonId\":" + std::to_string(person) + ",\"gmcReferenceNumber\":\"" + gmc + "\"" +
         more + "}";
}

TEST(TisPlan, OneDocumentAPair) {
  TestModel model;
  model.Put("tcs", Trainee(1, "70"));
  model.Put("tcs", Trainee(2, "70"));
  model.Put("tcs", Trainee(3, "71"));
  model.Put("tcs", Trainee(4, ""));
  model.Put("tcs", R"({"tcsPersonId":5,"gmcReferenceNumber":null})");
  model.Put("gmc", Summary("70"));
  model.Put("gmc", Summary("72"));
  model.Put("connection-logs", R"({"payload":[{"gmcId":"73","updatedBy":"x"}]})");
  model.Put("hidden-discrepancies", R"({"payload":[{"id":"h","gmcId":"74"}]})");
  EXPECT_THAT(model.Project(), ElementsAre(Key("70:1"), Key("70:2"), Key("71:3"), Key("72")));
  EXPECT_EQ(model.file().CountEntities("trainee").value(), 5u);
  EXPECT_EQ(model.file().CountDocuments("masterdoctorindex").value(), 4u);
}

TEST(TisPlan, MasterHasEveryField) {
  TestModel model;
  model.Put("tcs",
            Trainee(1, "70",
                    R"(,"doctorFirstName":"T","doctorLastName":"T","submissionDate":"1999-01-01",
                        "programmeName":"A | B","programmeMembershipType":"Substantive",
                        "designatedBody":"1-X","tcsDesignatedBody":"1-T","programmeOwner":"O",
                        "placementGrade":"279 | 280","programmeMembershipStartDate":[2020,1,2],
                        "programmeMembershipEndDate":"2021-03-04","curriculumEndDate":[2022,5,6],
                        "dataSource":"TCS","syncEnd":null)"));
  model.Put("gmc", Summary("70",
                           R"(,"doctorFirstName":"G","doctorLastName":"Ó","submissionDate":
                               {"$date":"2023-07-08T00:00:00Z"},"dateAdded":"x","underNotice":"YES",
                               "sanction":"No","doctorStatus":"DRAFT","lastUpdatedDate":
                               "2023-09-10T11:12:13","designatedBodyCode":"1-G","admin":"a@b",
                               "existsInGmc":true)",
                           "\"Under Review\""));
  model.Put("connection-logs", R"({"payload":[{"gmcId":"70","updatedBy":"u",
                                               "eventDateTime":[2022,1,2,3,4,5,678900000]}]})");
  model.Put("hidden-discrepancies",
            R"({"payload":[{"id":"h","gmcId":"70","hiddenForDesignatedBodyCode":"1-G",
                            "hiddenBy":"x","reason":"r","hiddenDateTime":"2022-01-02T03:04:05",
                            "hiddenUntilDate":"2030-01-01"}]})");
  EXPECT_EQ(
      model.Project().at("70:1"),
      R"({"tcsPersonId":1,"gmcReferenceNumber":"70","doctorFirstName":"G","doctorLastName":"Ó",)"
      R"("submissionDate":"2023-07-08","programmeName":"A | B","membershipType":"Substantive",)"
      R"("membershipStartDate":"2020-01-02","membershipEndDate":"2021-03-04",)"
      R"("curriculumEndDate":"2022-05-06","tcsDesignatedBody":"1-T","programmeOwner":"O",)"
      R"("placementGrade":"279 | 280","designatedBody":"1-G","gmcStatus":"Under Review",)"
      R"("tisStatus":"DRAFT","admin":"a@b","lastUpdatedDate":"2023-09-10","underNotice":"YES",)"
      R"("existsInGmc":true,"updatedBy":"u","lastConnectionDateTime":"2022-01-02T03:04:05.678",)"
      R"("hiddenDiscrepancies":[{"id":"h","gmcId":"70","hiddenForDesignatedBodyCode":"1-G",)"
      R"("hiddenBy":"x","reason":"r","hiddenDateTime":"2022-01-02T03:04:05.000"}],)"
      R"("designatedBodiesDiffer":true})");
}

TEST(TisPlan, GmcElseTcsFieldByField) {
  TestModel model;
  model.Put("tcs", Trainee(1, "70", R"(,"doctorFirstName":"T","doctorLastName":"T")"));
  model.Put("gmc", Summary("70", R"(,"doctorFirstName":null,"doctorLastName":"")"));
  const std::string document = model.Project().at("70:1");
  EXPECT_THAT(document, HasSubstr(R"("doctorFirstName":"T","doctorLastName":"")"));
}

// What the script doc['tcsDesignatedBody.keyword'] != doc['designatedBody.keyword'] selects.
TEST(TisPlan, DesignatedBodiesDiffer) {
  const std::string longest(256, 'x');
  std::string units;  // 128 characters of two units
  for (int i = 0; i < 128; ++i) units += "𝔸";
  struct Case {
    std::string tcs, gmc;  // JSON
    bool differ;
  };
  const auto quoted = [](const std::string& text) { return "\"" + text + "\""; };
  const std::vector<Case> cases = {
      {"null", "null", false},
      {"null", "\"\"", true},
      {"\"\"", "\"\"", false},
      {"\"1-A\"", "null", true},
      {"null", "\"1-A\"", true},
      {"\"1-A\"", "\"1-A\"", false},
      {"\"1-A\"", "\"1-B\"", true},
      {"\"1-A\"", "\"1-a\"", true},
      {"\"1-A\"", "\"1-A \"", true},
      {"\" \"", "null", true},
      {quoted(longest), quoted(longest), false},
      {quoted(longest), quoted(longest + "x"), true},
      {quoted(longest + "x"), quoted(longest + "y"), false},
      {quoted(longest + "x"), "null", false},
      {quoted(longest + "x"), "\"1-A\"", true},
      {quoted(units), "null", true},
      {quoted(units + "x"), "null", false},
  };
  TestModel model;
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string gmc = std::to_string(100 + i);
    model.Put("tcs", Trainee(1, gmc, ",\"tcsDesignatedBody\":" + cases[i].tcs));
    model.Put("gmc", Summary(gmc, ",\"designatedBodyCode\":" + cases[i].gmc));
    const std::string document = model.Project().at(gmc + ":1");
    EXPECT_THAT(document, HasSubstr(cases[i].differ ? "\"designatedBodiesDiffer\":true"
                                                    : "\"designatedBodiesDiffer\":false"))
        << cases[i].tcs << " " << cases[i].gmc;
  }
}

TEST(TisPlan, HiddenDiscrepanciesEarliestOfEachBody) {
  TestModel model;
  model.Put("tcs", Trainee(1, "70"));
  model.Put("hidden-discrepancies", R"({"payload":[
      {"id":"a","gmcId":"70","hiddenForDesignatedBodyCode":"1-A","hiddenDateTime":[2022,1,3,0,0]},
      {"id":"b","gmcId":"70","hiddenForDesignatedBodyCode":"1-A","hiddenDateTime":[2022,1,2,0,0]},
      {"id":"d","gmcId":"70","hiddenForDesignatedBodyCode":"1-B","hiddenDateTime":[2022,1,1,0,0]},
      {"id":"c","gmcId":"70","hiddenForDesignatedBodyCode":"1-B","hiddenDateTime":[2022,1,1,0,0]},
      {"id":"f","gmcId":"70","hiddenBy":"y"},
      {"id":"e","gmcId":"70","hiddenBy":"x"},
      {"id":"g","gmcId":"70","hiddenDateTime":[2022,1,1,0,0]},
      {"id":"h","gmcId":"71","hiddenForDesignatedBodyCode":"1-A"}]})");
  EXPECT_THAT(model.Project().at("70:1"),
              HasSubstr(R"("hiddenDiscrepancies":[{"id":"e","gmcId":"70","hiddenBy":"x"},)"
                        R"({"id":"c","gmcId":"70","hiddenForDesignatedBodyCode":"1-B",)"
                        R"("hiddenDateTime":"2022-01-01T00:00:00.000"},)"
                        R"({"id":"b","gmcId":"70","hiddenForDesignatedBodyCode":"1-A",)"
                        R"("hiddenDateTime":"2022-01-02T00:00:00.000"}])"));
}

TEST(TisPlan, ConnectedAndDisconnected) {
  TestModel model;
  model.Put("gmc", Summary("70", R"(,"designatedBodyCode":"1-A")"));
  model.Put("gmc", Summary("71", R"(,"designatedBodyCode":null)"));
  model.Put("gmc", Summary("72", R"(,"designatedBodyCode":" \t\n")"));
  model.Put("gmc", Summary("73", R"(,"designatedBodyCode":"")"));
  EXPECT_THAT(model.Project("connectedindex"), ElementsAre(Key("70")));
  EXPECT_THAT(model.Project("disconnectedindex"), ElementsAre(Key("71"), Key("72"), Key("73")));
  EXPECT_EQ(model.Project("recommendationindex").size(), 4u);
}

TEST(TisPlan, ExceptionFrom) {
  struct Case {
    const char* trainee;
    const char* body;
    const char* from;  // null: no candidate
  };
  const std::vector<Case> cases = {
      {R"("programmeMembershipType":"Visitor")", "null", "1970-01-01"},
      {R"("programmeMembershipType":"VISITOR")", "null", "1970-01-01"},
      {R"("programmeMembershipType":"Visitors")", "\"1-A\"", nullptr},
      {R"("exceptionReason":"because")", "null", "1970-01-01"},
      {R"("exceptionReason":" ")", "null", nullptr},
      {R"("programmeMembershipEndDate":"2022-02-28")", "\"1-A\"", "2022-03-01"},
      {R"("programmeMembershipEndDate":"2024-02-28")", "\"1-A\"", "2024-02-29"},
      {R"("programmeMembershipEndDate":"2022-12-31")", "\"1-A\"", "2023-01-01"},
      {R"("programmeMembershipEndDate":"2022-12-31")", "null", nullptr},
      {R"("programmeMembershipEndDate":"2022-12-31")", "\" \"", nullptr},
      {R"("programmeMembershipEndDate":"2022-02-30")", "\"1-A\"", nullptr},
      {R"("programmeMembershipEndDate":"2022-13-01")", "\"1-A\"", nullptr},
      {R"("programmeMembershipEndDate":"now")", "\"1-A\"", nullptr},
      {R"("programmeMembershipEndDate":"9999-12-31")", "\"1-A\"", nullptr},
      {R"("programmeMembershipEndDate":"9999-12-30")", "\"1-A\"", "9999-12-31"},
      {R"("programmeMembershipEndDate":null)", "\"1-A\"", nullptr},
  };
  TestModel model;
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string gmc = std::to_string(100 + i);
    model.Put("tcs", Trainee(1, gmc, "," + std::string(cases[i].trainee)));
    model.Put("gmc", Summary(gmc, ",\"designatedBodyCode\":" + std::string(cases[i].body)));
    const Documents documents = model.Project("exceptionindex");
    const auto found = documents.find(gmc + ":1");
    if (cases[i].from == nullptr) {
      EXPECT_EQ(found, documents.end()) << cases[i].trainee << found->second;
    } else {
      ASSERT_NE(found, documents.end()) << cases[i].trainee;
      EXPECT_THAT(found->second,
                  HasSubstr("\"exceptionFrom\":\"" + std::string(cases[i].from) + "\""));
    }
  }
}

TEST(TisPlan, ExceptionReasonIsCarried) {
  TestModel model;
  model.Put("tcs", Trainee(1, "70", R"(,"exceptionReason":"because")"));
  EXPECT_EQ(model.Project("exceptionindex").at("70:1"),
            R"({"tcsPersonId":1,"gmcReferenceNumber":"70","exceptionFrom":"1970-01-01",)"
            R"("exceptionReason":"because"})");
}

TEST(TisPlan, OlderLogNeverOverwritesNewer) {
  TestModel model;
  model.Put("gmc", Summary("70"));
  model.Put("connection-logs", R"({"payload":[
      {"gmcId":"70","updatedBy":"new","eventDateTime":[2022,2,1,0,0]},
      {"gmcId":"70","updatedBy":"old","eventDateTime":"2022-01-31T23:59:59.999"}]})");
  EXPECT_THAT(model.Project().at("70"), HasSubstr("\"updatedBy\":\"new\""));
}

TEST(TisPlan, LogWithAWrongTimeIsOlderThanAnyOther) {
  TestModel model;
  model.Put("gmc", Summary("70"));
  model.Put("connection-logs",
            R"({"payload":[{"gmcId":"70","updatedBy":"wrong","eventDateTime":"now"}]})");
  EXPECT_THAT(model.Project().at("70"), HasSubstr("\"updatedBy\":\"wrong\""));
  model.Put("connection-logs", R"({"payload":[
      {"gmcId":"70","updatedBy":"good","eventDateTime":[2022,2,1,0,0]},
      {"gmcId":"70","updatedBy":"wrong","eventDateTime":[2022,13,1,0,0]},
      {"gmcId":"70","updatedBy":"wrong","eventDateTime":null}]})");
  EXPECT_THAT(model.Project().at("70"), HasSubstr("\"updatedBy\":\"good\""));
}

TEST(TisPlan, NullFromGmcClears) {
  TestModel model;
  model.Put("tcs", Trainee(1, "70", R"(,"submissionDate":"2020-01-01","designatedBody":"1-X")"));
  model.Put("gmc", Summary("70", R"(,"submissionDate":"2021-01-01","underNotice":"YES")"));
  model.Put("gmc", Summary("70", R"(,"submissionDate":null)"));
  const std::string document = model.Project().at("70:1");
  EXPECT_THAT(document, Not(HasSubstr("submissionDate")));
  EXPECT_THAT(document, Not(HasSubstr("underNotice")));
  EXPECT_THAT(document, Not(HasSubstr("\"designatedBody\"")));
}

TEST(TisPlan, ChannelsAreThoseOfTheServices) {
  const Plan& plan = TisPlan();
  struct Case {
    const char *name, *queue, *key, *body;
  };
  for (const Case& expected : {
           Case{"tcs", "amqp:reval.queue.connection.syncdata", "reval.connection.syncstart",
                "\"syncStart\""},
           Case{"gmc", "amqp:reval.queue.revalidationsummary.essync.integration",
                "reval.recommendation.syncstart", "\"gmcSyncStart\""},
           Case{"connection-logs", "amqp:reval.queue.connectionlog.essyncdata.integration",
                "reval.routingkey.connectionlog.essyncstart", "\"connectionLogSyncStart\""},
           Case{"hidden-discrepancies", "amqp:reval.queue.hiddendiscrepancy.essyncdata.integration",
                "reval.routingkey.hiddendiscrepancy.essyncstart", "\"hiddenDiscrepancySyncStart\""},
       }) {
    const PlanChannel* channel = plan.FindChannel(expected.name);
    ASSERT_NE(channel, nullptr) << expected.name;
    EXPECT_EQ(channel->queue, expected.queue);
    EXPECT_EQ(channel->start.exchange, "reval.exchange");
    EXPECT_EQ(channel->start.routing_key, expected.key);
    EXPECT_EQ(channel->start.body, expected.body);
    EXPECT_EQ(channel->end.field, "syncEnd");
    EXPECT_TRUE(channel->after.empty());
    EXPECT_FALSE(channel->may_be_empty);
  }
  for (const char* name : {"tcs-updates", "doctor-changes", "recommendation-changes",
                           "connection-changes", "hidden-discrepancy-changes"}) {
    const PlanChannel* channel = plan.FindChannel(name);
    ASSERT_NE(channel, nullptr) << name;
    EXPECT_EQ(channel->kind, PlanChannel::Kind::kEvents);
    EXPECT_EQ(channel->queue.empty(), std::string(name) != "tcs-updates") << name;
  }
}

TEST(TisPlan, AliasesThatMayBeEmpty) {
  std::set<std::string> may_be_empty;
  for (const auto& alias : TisPlan().aliases) {
    if (alias.may_be_empty) may_be_empty.insert(alias.name);
  }
  EXPECT_THAT(may_be_empty, ElementsAre("disconnectedindex", "discrepancies", "exceptionindex"));
  EXPECT_EQ(TisPlan().aliases.size(), 8u);
}

// Anyone can ask the file why a document looks as it does, without syncd's functions, and fast.
TEST(TisPlan, JoinKeyIsLookedUpNotScanned) {
  TestModel model;
  auto db = Database::Open(model.path(), Database::Mode::kReadOnly, Durability::kOff);
  ASSERT_TRUE(db.ok());
  for (const PlanFamily& family : TisPlan().families) {
    auto plan = (*db)->Prepare("EXPLAIN QUERY PLAN SELECT * FROM " + family.view +
                               " WHERE join_key = '7000001'");
    ASSERT_TRUE(plan.ok()) << plan.status();
    while (plan->Step().value()) {
      const std::string detail = plan->TextCopy(3);
      EXPECT_TRUE(!detail.starts_with("SCAN") || detail == "SCAN pair" ||
                  detail.starts_with("SCAN (subquery"))
          << family.name << ": " << detail;
    }
  }
}

}  // namespace
}  // namespace syncd
