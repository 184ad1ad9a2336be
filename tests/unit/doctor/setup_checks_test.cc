// Configuration, HTTP, the state folder, and the output.
#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "healthy.h"
#include "syncd/sync/state_disk.h"

namespace syncd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(DoctorSetup, AHealthySystemHasNeitherWarningsNorErrors) {
  Facts facts = HealthyFacts();
  EXPECT_THAT(Warnings(facts), IsEmpty());
  EXPECT_THAT(Errors(facts), IsEmpty());
  EXPECT_FALSE(Examine(facts).StopsSync());
}

TEST(DoctorSetup, NothingElseIsJudgedWithoutConfigurationAndPlan) {
  Facts facts = HealthyFacts();
  facts.config_read = absl::InvalidArgumentError("syncd.toml:3: wrong");
  EXPECT_EQ(Find(facts).size(), 1u);
  EXPECT_THAT(Errors(facts), ElementsAre("!config.file: syncd.toml:3: wrong"));
  facts = HealthyFacts();
  facts.plan_read = absl::NotFoundError("no plan nine");
  EXPECT_EQ(Find(facts).size(), 2u);
  EXPECT_THAT(Errors(facts), ElementsAre("!config.plan: no plan nine"));
}

TEST(DoctorSetup, ListeningBeyondLoopbackNeedsAToken) {
  Facts facts = HealthyFacts();
  facts.config.http.listen = "0.0.0.0:8088";
  EXPECT_THAT(Errors(facts), ElementsAre(StartsWith("http.listen: ")));
  facts.config.http.token_file = "token";
  EXPECT_THAT(Errors(facts), IsEmpty());
  facts.token_read = absl::NotFoundError("no token");
  EXPECT_THAT(Errors(facts), ElementsAre("http.token: no token"));
  facts = HealthyFacts();
  facts.config.http.listen = "nowhere";
  EXPECT_THAT(Errors(facts), ElementsAre(StartsWith("http.listen: ")));
}

TEST(DoctorSetup, AFolderThatIsNotThereIsMadeLater) {
  Facts facts = HealthyFacts();
  facts.store.status.live.reset();
  facts.folder = {};
  facts.folder.writable = true;
  facts.folder.free_bytes = uint64_t{1} << 40;
  EXPECT_THAT(Errors(facts), IsEmpty());
  EXPECT_THAT(Infos(facts), ::testing::Contains(HasSubstr("/state is not there yet")));
  facts.folder.writable = false;
  EXPECT_THAT(Errors(facts), ElementsAre("!state.folder: /state cannot be made by this user"));
}

TEST(DoctorSetup, FilesOfANewerSyncdStopASyncUnlessTheyAreOfAnotherGeneration) {
  Facts facts = HealthyFacts();
  facts.folder.newer = {{1, "v1.db is newer"}};
  EXPECT_THAT(Errors(facts), IsEmpty());
  EXPECT_THAT(Warnings(facts), ElementsAre("state.format: v1.db is newer"));
  facts.folder.newer = {{0, "journal.db is newer"}, {2, "v2.db is newer"}};
  EXPECT_THAT(Errors(facts),
              ElementsAre("!state.format: journal.db is newer", "!state.format: v2.db is newer"));
}

TEST(DoctorSetup, TheFolderIsAWritableFolderOfItsOwnerAlone) {
  Facts facts = HealthyFacts();
  facts.folder.mode = 0750;
  EXPECT_THAT(Warnings(facts), ElementsAre(HasSubstr("has mode 0750")));
  facts = HealthyFacts();
  facts.folder.writable = false;
  EXPECT_THAT(Errors(facts), ElementsAre(HasSubstr("cannot be written to")));
  facts = HealthyFacts();
  facts.folder.is_folder = false;
  EXPECT_THAT(Errors(facts), ElementsAre("!state.folder: /state is not a folder"));
}

TEST(DoctorSetup, TheDiskHasRoomForTheNextBuildsFile) {
  Facts facts = HealthyFacts();
  facts.folder.largest_file = uint64_t{4} << 30;
  facts.config.disk.min_free_bytes = uint64_t{1} << 30;
  facts.folder.free_bytes = uint64_t{6} << 30;
  EXPECT_THAT(Errors(facts), IsEmpty());
  facts.folder.free_bytes -= 1;
  EXPECT_THAT(Errors(facts), ElementsAre(AllOf(StartsWith("!state.disk: "), HasSubstr("6.0 GiB"))));
  facts.folder.largest_file = 0;
  EXPECT_THAT(Errors(facts), IsEmpty());
  facts.folder.free_bytes = 1 << 20;
  EXPECT_THAT(Errors(facts), ElementsAre(StartsWith("!state.disk: 1.0 MiB free")));
}

TEST(DoctorSetup, FilesAreComparedWithTheStore) {
  Facts facts = HealthyFacts();
  facts.folder.generations = {1, 7};
  EXPECT_THAT(Warnings(facts), ElementsAre(HasSubstr("no file of the live generation 2")));
  EXPECT_THAT(Infos(facts), ::testing::Contains(HasSubstr("no longer in the store: 7")));
}

TEST(DoctorSetup, TheOutputIsOneObject) {
  Findings findings;
  findings.Ok("a.b", "fine");
  findings.Stop("c.d", "bad", "do something");
  EXPECT_EQ(boost::json::parse(DoctorJson(findings)), boost::json::parse(R"({
    "findings": [
      {"check": "a.b", "severity": "ok", "what": "fine", "remedy": "", "stops_sync": false},
      {"check": "c.d", "severity": "error", "what": "bad", "remedy": "do something",
       "stops_sync": true}],
    "stops_sync": true})"));
  EXPECT_EQ(findings.Count(Severity::kError), 1u);
}

TEST(DoctorSetup, BytesAreWrittenForPeople) {
  EXPECT_EQ(BytesForPeople(0), "0 bytes");
  EXPECT_EQ(BytesForPeople(1536), "1.5 KiB");
  EXPECT_EQ(BytesForPeople(uint64_t{3} << 50), "3072.0 TiB");
}

}  // namespace
}  // namespace syncd
