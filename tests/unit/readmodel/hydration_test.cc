// From documents back to entities, on the shipped plan.
#include "syncd/readmodel/hydration.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "hydrating.h"
#include "syncd/plan/plan_reader.h"
#include "syncd/readmodel/event_file.h"

namespace syncd {
namespace {

using ::testing::HasSubstr;

// The shipped plan with another hydrate.sql.
absl::StatusOr<Plan> PlanWith(const std::string& sql) {
  auto files = TisPlan().files;
  files["hydrate.sql"] = sql;
  return PlanFromFiles(files);
}

TEST(Hydration, EveryFieldComesBack) {
  TestModel model;
  model.Put("tcs", R"({"tcsPersonId":1,"gmcReferenceNumber":"70","doctorFirstName":"T",
      "programmeName":"A | B","programmeMembershipType":"Visitor","tcsDesignatedBody":"1-T",
      "programmeOwner":"O","placementGrade":"279","programmeMembershipStartDate":[2020,1,2],
      "programmeMembershipEndDate":"2021-03-04","curriculumEndDate":[2022,5,6],
      "exceptionReason":"because"})");
  model.Put("tcs", R"({"tcsPersonId":2,"gmcReferenceNumber":"71","doctorLastName":"\"Ó\\\n"})");
  model.Put("gmc", R"({"payload":[{"doctor":{"gmcReferenceNumber":"70","doctorLastName":"Ó",
      "submissionDate":"2023-07-08","underNotice":"YES","doctorStatus":"DRAFT","lastUpdatedDate":
      "2023-09-10","designatedBodyCode":"1-G","admin":"a@b","existsInGmc":false},
      "gmcOutcome":"Approved"},{"doctor":{"gmcReferenceNumber":"72"}}]})");
  model.Put("connection-logs", R"({"payload":[{"gmcId":"70","updatedBy":"u",
      "eventDateTime":[2022,1,2,3,4,5,678900000]}]})");
  model.Put("hidden-discrepancies", R"({"payload":[
      {"id":"h","gmcId":"70","hiddenForDesignatedBodyCode":"1-G","hiddenBy":"x","reason":"r",
       "hiddenDateTime":"2022-01-02T03:04:05"},{"id":"i","gmcId":"70"}]})");
  const Families before = ProjectAll(model.path());
  ASSERT_EQ(before.at("masterdoctorindex").size(), 3u);
  TestFolder folder("-hydrated");
  const auto report = Hydrate(folder.File("v2.db"), before);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->differing, 0u);
  EXPECT_EQ(report->entities.at("hidden_discrepancy"), 2u);
  EXPECT_EQ(report->entities.at("doctor"), 2u) << "71 is no doctor";
  EXPECT_EQ(ProjectAll(folder.File("v2.db")), before);
  auto file = GenerationFile::Open(folder.File("v2.db"), Durability::kOff);
  EXPECT_EQ((*file)->ReadRun()->source, kHydratedSource);
}

TEST(Hydration, NamesInWhichPersonsDifferAreNotTheDoctors) {
  TestModel model;
  model.Put("tcs", R"({"tcsPersonId":1,"gmcReferenceNumber":"70","doctorFirstName":"A",
                       "doctorLastName":"L"})");
  model.Put("tcs", R"({"tcsPersonId":2,"gmcReferenceNumber":"70","doctorFirstName":"B",
                       "doctorLastName":"M"})");
  model.Put("gmc", R"({"payload":{"doctor":{"gmcReferenceNumber":"70","doctorLastName":"G",
                       "existsInGmc":true}}})");
  const Families before = ProjectAll(model.path());
  TestFolder folder("-hydrated");
  ASSERT_TRUE(Hydrate(folder.File("v2.db"), before).ok());
  EXPECT_EQ(ProjectAll(folder.File("v2.db")), before);
}

TEST(Hydration, ErrorsNameFileLineAndStatement) {
  for (const auto& [sql, expected] : std::map<std::string, std::string>{
           {"-- a comment\nINSERT INTO nobody (a) SELECT 1 FROM document;",
            "hydrate.sql:2: in the statement \"INSERT INTO nobody (a) SELECT 1 FROM document;\""},
           {"\n\nINSERT INTO admin (nothing) SELECT 1", "hydrate.sql:3: "},
           {"DELETE FROM run", "expected INSERT, UPDATE or DELETE on the plan's entities"},
           {"CREATE TABLE more (a)", "expected INSERT"},
           {"ATTACH 'somewhere' AS more", "expected INSERT"},
           {"PRAGMA user_version = 9", "expected INSERT"},
           {"UPDATE document SET id = 1", "expected INSERT"},
       }) {
    const auto plan = PlanWith(sql);
    ASSERT_TRUE(plan.ok()) << plan.status();
    const absl::Status checked = CheckViews(*plan);
    EXPECT_EQ(checked.code(), absl::StatusCode::kInvalidArgument) << sql;
    EXPECT_THAT(std::string(checked.message()), HasSubstr(expected));
  }
  EXPECT_TRUE(CheckViews(TisPlan()).ok());
}

TEST(Hydration, WhatIsCutOffIsBegunAnew) {
  TestModel model;
  model.Put("tcs", R"({"tcsPersonId":1,"gmcReferenceNumber":"70"})");
  const Families before = ProjectAll(model.path());
  TestFolder folder("-hydrated");
  const std::string path = folder.File("v2.db");
  {
    auto hydration = Hydration::Begin(path, TisPlan(), HydratedRun());
    ASSERT_TRUE(hydration.ok()) << hydration.status();
    AddAll(**hydration, before);
    ASSERT_TRUE((*hydration)->Derive().ok());
    // As kill -9 leaves it.
    std::filesystem::copy(folder.path(), folder.path() + "-killed");
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "nothing is left of it";
  std::filesystem::remove(folder.path());
  std::filesystem::rename(folder.path() + "-killed", folder.path());
  EXPECT_FALSE(std::filesystem::exists(path)) << "it has no name before it is complete";
  ASSERT_FALSE(std::filesystem::is_empty(folder.path()));
  ASSERT_TRUE(Hydrate(path, before).ok());
  EXPECT_EQ(ProjectAll(path), before);
  EXPECT_EQ(Hydrate(path, before).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST(Hydration, SqlThatLosesDocumentsIsFound) {
  TestModel model;
  for (int person = 1; person <= 10; ++person) {
    model.Put("tcs", R"({"gmcReferenceNumber":"70","tcsPersonId":)" + std::to_string(person) + "}");
  }
  const auto plan =
      PlanWith("INSERT INTO admin (gmcReferenceNumber) SELECT DISTINCT id FROM document");
  ASSERT_TRUE(plan.ok());
  TestFolder folder("-hydrated");
  const absl::Status lost = Hydrate(folder.File("v2.db"), ProjectAll(model.path()), *plan).status();
  EXPECT_EQ(lost.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(lost.message()), HasSubstr("hydrate.sql does not give back"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Hydration, OlderLogNeverOverwritesTheHydratedOne) {
  TestModel model;
  model.Put("gmc", R"({"payload":{"doctor":{"gmcReferenceNumber":"70"}}})");
  model.Put("connection-logs",
            R"({"payload":[{"gmcId":"70","updatedBy":"new","eventDateTime":[2022,2,1,0,0]}]})");
  TestFolder folder("-hydrated");
  ASSERT_TRUE(Hydrate(folder.File("v2.db"), ProjectAll(model.path())).ok());
  auto events = EventFile::Open(folder.File("v2.db"));
  ASSERT_TRUE(events.ok());
  LoggedEvent late;
  late.position = 1;
  late.channel = "connection-changes";
  late.body = R"({"operationType":"insert","documentKey":{"_id":"c"},"fullDocument":{"gmcId":"70",
      "updatedBy":"old","eventDateTime":"2022-01-31T00:00:00","responseCode":"0"}})";
  ASSERT_TRUE((*events)->Apply({late}, 1).ok());
  EXPECT_THAT(ProjectAll(folder.File("v2.db"))["masterdoctorindex"]["70"],
              HasSubstr(R"("updatedBy":"new")"));
}

}  // namespace
}  // namespace syncd
