// Versions of syncd's own files: older ones are brought up, newer ones refused as they are.
#include "syncd/readmodel/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "syncd/readmodel/event_file.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/generation_file.h"
#include "syncd/readmodel/journal.h"
#include "syncd/readmodel/wanted_run.h"
#include "test_model.h"

namespace syncd {
namespace {

using ::testing::HasSubstr;

absl::Status AddColour(Database& db) {
  return db.Execute("ALTER TABLE thing ADD COLUMN colour TEXT; UPDATE thing SET colour = 'red'");
}

absl::Status AddSize(Database& db) {
  return db.Execute("ALTER TABLE thing ADD COLUMN size INTEGER; UPDATE thing SET size = 7");
}

absl::Status Half(Database& db) {
  const absl::Status done = AddSize(db);
  return done.ok() ? absl::ResourceExhaustedError("no more room") : done;
}

std::string BytesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Format : public ::testing::Test {
 protected:
  // A file of version `version`, which has a thing.
  std::string Make(int version) {
    const std::string path = folder_.File("things.db");
    auto db = Database::Open(path, Database::Mode::kCreate, Durability::kOff);
    EXPECT_TRUE(db.ok()) << db.status();
    const absl::Status made = (*db)->Execute(
        "CREATE TABLE thing (name TEXT); INSERT INTO thing VALUES ('door');"
        "PRAGMA journal_mode=DELETE; PRAGMA user_version=" +
        std::to_string(version));
    EXPECT_TRUE(made.ok()) << made;
    return path;
  }

  TestFolder folder_;
};

TEST_F(Format, AnOlderFileIsBroughtUpStepByStepOnce) {
  const std::string path = Make(1);
  const FileFormat third{"box", {AddColour, AddSize}};
  EXPECT_EQ(third.current(), 3);
  for (int opened = 0; opened < 2; ++opened) {
    auto db = OpenFile(path, Database::Mode::kReadWrite, Durability::kOff, third);
    ASSERT_TRUE(db.ok()) << db.status();
    EXPECT_EQ((*db)->QueryInteger("SELECT size FROM thing WHERE colour = 'red'").value(), 7);
    EXPECT_EQ((*db)->QueryInteger("PRAGMA user_version").value(), 3);
  }
}

TEST_F(Format, OfTwoStepsOnlyThoseThatAreMissing) {
  const std::string path = Make(2);
  const FileFormat third{"box", {AddColour, AddSize}};
  auto db = OpenFile(path, Database::Mode::kReadWrite, Durability::kOff, third);
  ASSERT_TRUE(db.ok()) << db.status();
  EXPECT_FALSE((*db)->Prepare("SELECT colour FROM thing").ok());
  EXPECT_EQ((*db)->QueryInteger("SELECT size FROM thing").value(), 7);
}

TEST_F(Format, AStepThatFailsLeavesTheFileAsItWas) {
  const std::string path = Make(1);
  const absl::Status failed = OpenFile(path, Database::Mode::kReadWrite, Durability::kOff,
                                       FileFormat{"box", {AddColour, Half}})
                                  .status();
  EXPECT_TRUE(absl::IsResourceExhausted(failed)) << failed;
  EXPECT_THAT(std::string(failed.message()), HasSubstr("box of format 2"));
  auto db = OpenFile(path, Database::Mode::kReadWrite, Durability::kOff, FileFormat{"box", {}});
  ASSERT_TRUE(db.ok()) << db.status();
  EXPECT_FALSE((*db)->Prepare("SELECT colour FROM thing").ok());
}

TEST_F(Format, ANewerFileIsRefusedByNameAndLeftAsItIs) {
  const std::string path = Make(4);
  const std::string before = BytesOf(path);
  for (const auto mode :
       {Database::Mode::kReadOnly, Database::Mode::kReadWrite, Database::Mode::kCreate}) {
    const absl::Status refused =
        OpenFile(path, mode, Durability::kFull, FileFormat{"box", {AddColour, AddSize}}).status();
    EXPECT_TRUE(absl::IsUnimplemented(refused)) << refused;
    EXPECT_THAT(std::string(refused.message()),
                ::testing::AllOf(HasSubstr("things.db"), HasSubstr("box"), HasSubstr("format 4"),
                                 HasSubstr("up to 3"), HasSubstr("Use that syncd again")));
    EXPECT_EQ(BytesOf(path), before);
  }
}

TEST_F(Format, ALookAtAnOlderFileSaysWhoBringsItUp) {
  const std::string path = Make(1);
  const absl::Status refused =
      OpenFile(path, Database::Mode::kReadOnly, Durability::kFull, FileFormat{"box", {AddColour}})
          .status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("syncd serve"));
}

TEST_F(Format, AFileOfSomebodyElseIsNotFilled) {
  for (const int version : {0, -1}) {
    const std::string path = Make(version);
    const absl::Status refused =
        OpenFile(path, Database::Mode::kCreate, Durability::kFull, FileFormat{"box", {}}).status();
    EXPECT_TRUE(absl::IsDataLoss(refused)) << refused;
    std::filesystem::remove(path);
  }
}

TEST_F(Format, WhoeverOpensTheJournalRefusesANewerOne) {
  const std::string path = folder_.path();
  ASSERT_TRUE(Journal::Open(path).ok());
  {
    auto db =
        Database::Open(folder_.File("journal.db"), Database::Mode::kReadWrite, Durability::kOff);
    ASSERT_TRUE((*db)->Execute("PRAGMA user_version=99").ok());
  }
  EXPECT_TRUE(absl::IsUnimplemented(Journal::Open(path).status()));
  EXPECT_TRUE(absl::IsUnimplemented(EventLog::Open(path, TisPlan()).status()));
  EXPECT_TRUE(absl::IsUnimplemented(EventLogReader::Open(path).status()));
  EXPECT_TRUE(absl::IsUnimplemented(WantedRuns::Open(path).status()));
}

TEST_F(Format, WhoeverOpensAGenerationFileRefusesANewerOne) {
  const std::string path = folder_.File("v1.db");
  ASSERT_TRUE(GenerationFile::Create(path, TisPlan(), RunInfo(), Durability::kOff).ok());
  {
    auto db = Database::Open(path, Database::Mode::kReadWrite, Durability::kOff);
    ASSERT_TRUE((*db)->Execute("PRAGMA user_version=99").ok());
  }
  EXPECT_TRUE(absl::IsUnimplemented(GenerationFile::Open(path, Durability::kOff).status()));
  EXPECT_TRUE(absl::IsUnimplemented(GenerationFile::OpenReadOnly(path).status()));
  EXPECT_TRUE(absl::IsUnimplemented(EventFile::Open(path).status()));
}

TEST_F(Format, AFilesOwnPlanThatCantBeReadIsNamedWithTheFile) {
  const std::string path = folder_.File("v1.db");
  ASSERT_TRUE(GenerationFile::Create(path, TisPlan(), RunInfo(), Durability::kOff).ok());
  {
    auto db = Database::Open(path, Database::Mode::kReadWrite, Durability::kOff);
    ASSERT_TRUE((*db)
                    ->Execute("UPDATE plan_file SET content = content || ' [of_tomorrow]' "
                              "WHERE name = 'plan.toml'")
                    .ok());
  }
  const absl::Status refused = EventFile::Open(path).status();
  EXPECT_THAT(std::string(refused.message()),
              ::testing::AllOf(HasSubstr("v1.db: its own plan"), HasSubstr("of_tomorrow")));
}

}  // namespace
}  // namespace syncd
