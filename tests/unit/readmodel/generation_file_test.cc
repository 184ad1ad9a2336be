#include "syncd/readmodel/generation_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "test_model.h"

namespace syncd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Body {
  std::string channel;
  std::string text;
};

std::string Number(int i) { return std::to_string(7000000 + i); }

// One body for each record of a small population; every key comes once, logs twice.
std::vector<Body> Population(int doctors) {
  std::vector<Body> bodies;
  for (int i = 0; i < doctors; ++i) {
    const std::string n = std::to_string(i);
    bodies.push_back({"tcs", "{\"tcsPersonId\":" + n + ",\"gmcReferenceNumber\":\"" +
                                 Number(i / 2) + "\",\"tcsDesignatedBody\":\"1-A\"}"});
    bodies.push_back({"gmc", "{\"payload\":{\"doctor\":{\"gmcReferenceNumber\":\"" + Number(i) +
                                 "\",\"designatedBodyCode\":\"1-A\",\"admin\":\"a" + n +
                                 "\"},\"gmcOutcome\":\"Approved\"}}"});
    for (const char* day : {"1", "2"}) {
      bodies.push_back({"connection-logs", "{\"payload\":[{\"gmcId\":\"" + Number(i) +
                                               "\",\"updatedBy\":\"on day " + day +
                                               "\",\"eventDateTime\":[2022,7," + day + ",0,0]}]}"});
    }
    bodies.push_back({"hidden-discrepancies",
                      "{\"payload\":[{\"id\":\"h" + n + "\",\"gmcId\":\"" + Number(i / 3) +
                          "\",\"hiddenForDesignatedBodyCode\":\"1-" + std::to_string(i % 2) +
                          "\",\"hiddenDateTime\":\"2022-07-04T09:30:00\"}]}"});
  }
  return bodies;
}

void PutAll(TestModel& model, const std::vector<Body>& bodies) {
  ASSERT_TRUE(model.file().BeginBatch().ok());
  for (const Body& body : bodies) {
    const auto result = model.file().Ingest(body.channel, body.text);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->rejected, 0u) << body.text;
  }
  ASSERT_TRUE(model.file().Commit().ok());
}

TEST(GenerationFile, EveryOrderAndEveryRepetitionGivesTheSameDocuments) {
  const std::vector<Body> bodies = Population(60);
  Documents expected;
  {
    TestModel model;
    PutAll(model, bodies);
    expected = model.Project();
  }
  EXPECT_EQ(expected.size(), 90u);  // a pair for each trainee, and the doctors without one
  for (const uint32_t seed : {1u, 2u, 3u, 4u, 5u}) {
    std::mt19937 random(seed);
    std::vector<Body> disturbed = bodies;
    for (const Body& body : bodies) {
      if (random() % 4 == 0) disturbed.push_back(body);
    }
    std::shuffle(disturbed.begin(), disturbed.end(), random);
    TestModel model;
    PutAll(model, disturbed);
    EXPECT_EQ(model.Project(), expected) << "seed " << seed;
  }
}

TEST(GenerationFile, EntityIsReplacedWhole) {
  TestModel model;
  model.Put("tcs", R"({"tcsPersonId":1,"gmcReferenceNumber":"7","programmeName":"x"})");
  model.Put("tcs", R"({"tcsPersonId":1,"gmcReferenceNumber":"8","placementGrade":"279"})");
  const Documents documents = model.Project("recommendationindex");
  ASSERT_EQ(documents.size(), 1u);
  EXPECT_EQ(documents.at("8:1"), R"({"tcsPersonId":1,"gmcReferenceNumber":"8"})");
}

TEST(GenerationFile, CountsWhatComes) {
  TestModel model;
  model.Put("gmc", R"({"payload":[{"doctor":{"gmcReferenceNumber":"7"}},{},{"doctor":{}}]})");
  model.Put("gmc", R"({"payload":null})");
  model.Put("gmc", "no JSON");
  const IngestResult end = model.Put("gmc", R"({"payload":[],"syncEnd":true})");
  EXPECT_TRUE(end.ended);
  EXPECT_FALSE(end.empty);
  const IngestResult both =
      model.Put("gmc", R"({"payload":[{"doctor":{"gmcReferenceNumber":"8"}}],"syncEnd":true})");
  EXPECT_TRUE(both.ended);
  EXPECT_EQ(both.records, 1u);
  const ChannelState state = model.Channel("gmc");
  EXPECT_EQ(state.messages, 5u);
  EXPECT_EQ(state.records, 5u);
  EXPECT_EQ(state.rejected, 3u);
  EXPECT_EQ(state.empty, 1u);
  EXPECT_EQ(state.markers, 2u);
  EXPECT_FALSE(state.ended);
  EXPECT_EQ(model.file().dead_letters().Count().value(), 3);
  EXPECT_EQ(model.file().CountEntities("doctor").value(), 2u);
}

TEST(GenerationFile, TraineeMarkers) {
  TestModel model;
  for (const char* body : {R"({"syncEnd":true})", R"({"tcsPersonId":null,"syncEnd":true})",
                           R"({"doctorFirstName":"x","syncEnd":true})"}) {
    const IngestResult result = model.Put("tcs", body);
    EXPECT_TRUE(result.ended) << body;
    EXPECT_EQ(result.records, 0u) << body;
  }
  const IngestResult both = model.Put("tcs", R"({"tcsPersonId":1,"syncEnd":true})");
  EXPECT_TRUE(both.ended);
  EXPECT_EQ(both.records, 1u);
  EXPECT_EQ(model.Put("tcs", R"({"syncEnd":false})").rejected, 1u);
  EXPECT_EQ(model.Channel("tcs").markers, 4u);
  EXPECT_EQ(model.file().CountEntities("trainee").value(), 1u);
}

TEST(GenerationFile, BrokenBatchAssignsNothing) {
  TestModel model;
  const IngestResult result =
      model.Put("gmc", R"({"payload":[{"doctor":{"gmcReferenceNumber":"7"}},{"doctor":{"gmcRef)");
  EXPECT_EQ(result.records, 1u);
  EXPECT_EQ(result.rejected, 1u);
  EXPECT_EQ(model.file().CountEntities("doctor").value(), 0u);
  EXPECT_THAT(model.Reasons(), ElementsAre(HasSubstr("not JSON")));
}

TEST(GenerationFile, RejectedItemLeavesItsNeighbours) {
  TestModel model;
  model.Put("gmc", R"({"payload":[{"doctor":{"gmcReferenceNumber":"7"}},
                                  {"doctor":{"gmcReferenceNumber":"8","admin":{}}},
                                  {"doctor":{"gmcReferenceNumber":"9"}}]})");
  EXPECT_EQ(model.file().CountEntities("doctor").value(), 2u);
  EXPECT_EQ(model.file().CountEntities("outcome").value(), 2u);
  EXPECT_THAT(model.Reasons(), ElementsAre("payload[1].doctor.admin: expected text, got object"));
  const auto letter = model.file().dead_letters().Get(1);
  ASSERT_TRUE(letter.ok());
  EXPECT_EQ(letter->channel, "gmc");
  EXPECT_EQ(letter->body, R"({"payload":{"doctor":{"gmcReferenceNumber":"8","admin":{}}}})");
}

TEST(GenerationFile, SurvivesClosingAndOpening) {
  TestModel model;
  model.Put("tcs", R"({"tcsPersonId":1,"gmcReferenceNumber":"7"})");
  model.Put("tcs", R"({"syncEnd":true})");
  ASSERT_TRUE(model.file().MarkEnded("tcs").ok());
  RunInfo run{.stage = RunStage::kLoading,
              .build_id = "b",
              .epoch = 7,
              .plan_hash = "h",
              .source = "queues",
              .started_at_ms = 1656892800000};
  ASSERT_TRUE(model.file().WriteRun(run).ok());
  model.Reopen();
  EXPECT_TRUE(model.Channel("tcs").ended);
  EXPECT_EQ(model.Channel("tcs").messages, 2u);
  EXPECT_EQ(model.Channel("tcs").markers, 1u);
  EXPECT_EQ(model.file().plan().hash, TisPlan().hash);
  const auto read = model.file().ReadRun();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->stage, RunStage::kLoading);
  EXPECT_EQ(read->build_id, "b");
  EXPECT_EQ(read->epoch, 7u);
  EXPECT_EQ(read->source, "queues");
  EXPECT_EQ(read->started_at_ms, 1656892800000);
  EXPECT_EQ(model.Project().size(), 1u);
}

TEST(GenerationFile, UncommittedBatchIsGoneAfterwards) {
  TestModel model;
  model.Put("tcs", R"({"tcsPersonId":1,"gmcReferenceNumber":"7"})");
  ASSERT_TRUE(model.file().BeginBatch().ok());
  ASSERT_TRUE(model.file().Ingest("tcs", R"({"tcsPersonId":2})").ok());
  model.Reopen();
  EXPECT_EQ(model.file().CountEntities("trainee").value(), 1u);
  EXPECT_EQ(model.Channel("tcs").messages, 1u);
}

TEST(GenerationFile, RollbackUndoesRowsAndCounts) {
  TestModel model;
  ASSERT_TRUE(model.file().BeginBatch().ok());
  ASSERT_TRUE(model.file().Ingest("tcs", R"({"tcsPersonId":2})").ok());
  ASSERT_TRUE(model.file().Rollback().ok());
  EXPECT_EQ(model.Channel("tcs").messages, 0u);
  EXPECT_EQ(model.file().CountEntities("trainee").value(), 0u);
  EXPECT_TRUE(model.file().Rollback().ok());
  model.Put("tcs", R"({"tcsPersonId":2})");
  EXPECT_EQ(model.Channel("tcs").messages, 1u);
}

TEST(GenerationFile, StragglerOnlyAdds) {
  TestModel model;
  model.Put("tcs", R"({"tcsPersonId":1,"gmcReferenceNumber":"7"})");
  ASSERT_TRUE(model.file().MarkEnded("tcs").ok());
  model.Put("tcs", R"({"tcsPersonId":1,"gmcReferenceNumber":"8"})");
  model.Put("tcs", R"({"tcsPersonId":2,"gmcReferenceNumber":"9"})");
  const Documents documents = model.Project();
  EXPECT_TRUE(documents.contains("7:1"));
  EXPECT_TRUE(documents.contains("9:2"));
  EXPECT_EQ(documents.size(), 2u);
}

TEST(GenerationFile, ReaderSeesCommittedStateWhileAnotherWrites) {
  TestModel model;
  model.Put("tcs", R"({"tcsPersonId":1})");
  ASSERT_TRUE(model.file().BeginBatch().ok());
  ASSERT_TRUE(model.file().Ingest("tcs", R"({"tcsPersonId":2})").ok());
  auto reader = GenerationFile::OpenReadOnly(model.path());
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->CountEntities("trainee").value(), 1u);
  EXPECT_FALSE((*reader)->BeginBatch().ok() && (*reader)->Commit().ok() &&
               (*reader)->WriteRun(RunInfo()).ok());
  ASSERT_TRUE(model.file().Commit().ok());
  EXPECT_EQ((*reader)->CountEntities("trainee").value(), 2u);
}

TEST(GenerationFile, RefusesWhatThePlanDoesNotHave) {
  TestModel model;
  ASSERT_TRUE(model.file().BeginBatch().ok());
  EXPECT_TRUE(absl::IsNotFound(model.file().Ingest("nobody", "{}").status()));
  EXPECT_TRUE(absl::IsNotFound(model.file().Ingest("tcs-updates", "{}").status()));
  ASSERT_TRUE(model.file().Rollback().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(model.file().Ingest("tcs", "{}").status()));
  const auto ignore = [](std::string_view, std::string&&) { return absl::OkStatus(); };
  EXPECT_TRUE(absl::IsNotFound(model.file().Project("nothing", ignore)));
  EXPECT_TRUE(absl::IsNotFound(model.file().CountDocuments("nothing").status()));
  EXPECT_TRUE(absl::IsNotFound(model.file().CountEntities("nothing").status()));
}

TEST(GenerationFile, CreateNeverTouchesWhatIsThere) {
  TestModel model;
  model.Put("tcs", R"({"tcsPersonId":1})");
  const auto again = GenerationFile::Create(model.path(), TisPlan(), RunInfo(), Durability::kOff);
  EXPECT_TRUE(absl::IsAlreadyExists(again.status()));
  EXPECT_EQ(model.file().CountEntities("trainee").value(), 1u);
}

TEST(GenerationFile, CreateIsAllOrNothing) {
  TestFolder folder;
  Plan broken = TisPlan();
  broken.files["derived.sql"] = "CREATE VIEW nonsense;";
  const std::string path = folder.File("v1.db");
  EXPECT_FALSE(GenerationFile::Create(path, broken, RunInfo(), Durability::kOff).ok());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  std::ofstream(path + ".new") << "left over by a process that was killed";
  EXPECT_TRUE(GenerationFile::Create(path, TisPlan(), RunInfo(), Durability::kOff).ok());
}

TEST(GenerationFile, OpenRefusesOtherFiles) {
  TestFolder folder;
  const std::string path = folder.File("v1.db");
  EXPECT_TRUE(absl::IsNotFound(GenerationFile::Open(path, Durability::kOff).status()));
  std::ofstream(path) << "this is no database, whatever it may say: " << std::string(8192, 'x');
  EXPECT_TRUE(absl::IsDataLoss(GenerationFile::Open(path, Durability::kOff).status()));
  std::filesystem::remove(path);
  ASSERT_TRUE(GenerationFile::Create(path, TisPlan(), RunInfo(), Durability::kOff).ok());
  {
    auto db = Database::Open(path, Database::Mode::kReadWrite, Durability::kOff);
    ASSERT_TRUE((*db)->Execute("PRAGMA user_version=99").ok());
  }
  EXPECT_TRUE(absl::IsUnimplemented(GenerationFile::Open(path, Durability::kOff).status()));
}

TEST(GenerationFile, EveryStageHasAWordAndComesBack) {
  TestModel model;
  for (const RunStage stage :
       {RunStage::kReceiving, RunStage::kLoading, RunStage::kSealed, RunStage::kPromoted,
        RunStage::kRefused, RunStage::kFailed, RunStage::kAbandoned}) {
    RunInfo run;
    run.stage = stage;
    ASSERT_TRUE(model.file().WriteRun(run).ok());
    EXPECT_EQ(model.file().ReadRun()->stage, stage) << RunStageName(stage);
  }
}

TEST(GenerationFile, FileName) { EXPECT_EQ(GenerationFileName(13), "v13.db"); }

}  // namespace
}  // namespace syncd
