// Another program's documents, read into a generation's file.
#include "syncd/sync/adopt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/engine.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "indexswap/testing/faulty_store.h"
#include "indexswap/testing/memory_store.h"
#include "syncd/plan/plan_reader.h"

namespace syncd {
namespace {

using indexswap::testing::FaultyStore;
using indexswap::testing::Method;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kMaster[] = "masterdoctorindex";

class Hooks : public RunHooks {
 public:
  void OnProgress(const RunProgress& progress) override { last = progress; }
  void Note(indexswap::Observer::Severity, const std::string& text) override {
    notes.push_back(text);
  }
  void Reached(std::string_view) override {}
  bool Interrupted() override { return interrupted; }

  RunProgress last;
  std::vector<std::string> notes;
  bool interrupted = false;
};

class AdoptTest : public ::testing::Test {
 protected:
  AdoptTest() : plan_(*ReadPlan(*ShippedPlanDir("tis"))) {
    folder_ = ::testing::TempDir() + "adopt-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    EXPECT_TRUE(cluster_->CreateForeignIndex(kMaster).ok());
    cluster_->FillForeignIndex(
        kMaster, {R"({"gmcReferenceNumber":"7000001","tcsPersonId":1,"existsInGmc":true,)"
                  R"("designatedBody":null,"_class":"a.b.MasterDoctor"})",
                  R"({"gmcReferenceNumber":"7000002","existsInGmc":true,"admin":"a@b"})"});
    store_ = std::make_shared<FaultyStore>(indexswap::testing::MakeMemoryStore(cluster_));
    engine_ = *indexswap::Engine::Open(store_, plan_.ToReleaseSpec(), {}, nullptr);
    adoption_ = *engine_->PlanAdoption();
  }
  ~AdoptTest() override { std::filesystem::remove_all(folder_); }

  absl::StatusOr<std::map<std::string, uint64_t>> Read() {
    return ReadAdopted(*engine_, plan_, adoption_, 1, Path(), {}, hooks_, [this] { return room_; });
  }
  std::string Path() const { return folder_ + "/" + GenerationFileName(1); }
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  Plan plan_;
  std::string folder_;
  std::shared_ptr<indexswap::testing::MemoryCluster> cluster_ =
      std::make_shared<indexswap::testing::MemoryCluster>();
  std::shared_ptr<FaultyStore> store_;
  std::unique_ptr<indexswap::Engine> engine_;
  indexswap::AdoptionPlan adoption_;
  Hooks hooks_;
  absl::Status room_;
};

TEST_F(AdoptTest, DocumentsBecomeRecordsAndRecordsDocumentsOfOurs) {
  const auto read = Read();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->at(kMaster), 2u);
  EXPECT_EQ(hooks_.last.loaded, 2u);
  EXPECT_EQ(hooks_.last.total, 2u);
  auto file = GenerationFile::Open(Path(), Durability::kOff);
  ASSERT_TRUE(file.ok()) << file.status();
  std::vector<std::string> ids;
  ASSERT_TRUE((*file)
                  ->Project(kMaster,
                            [&](std::string_view id, std::string&&) {
                              ids.emplace_back(id);
                              return absl::OkStatus();
                            })
                  .ok());
  EXPECT_THAT(ids, ::testing::UnorderedElementsAre("7000001:1", "7000002"))
      << "whatever ids the old index had";
  const auto gate = JudgeRead(adoption_, *read);
  EXPECT_TRUE(gate.passed) << gate.detail;
}

TEST_F(AdoptTest, AScanThatIsCutOffIsBegunAnew) {
  store_->Fail(Method::kScan, {{absl::UnavailableError("the node went away"), false, {}}});
  const auto read = Read();
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->at(kMaster), 2u);
  EXPECT_THAT(hooks_.notes.front(), HasSubstr("begun anew"));
}

TEST_F(AdoptTest, NothingIsLeftOfOneThatFails) {
  store_->FailAlways(Method::kScan, absl::UnavailableError("away"));
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Files(), IsEmpty());
  store_->FailAlways(Method::kScan, absl::OkStatus());
  hooks_.interrupted = true;
  EXPECT_EQ(Read().status().code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(AdoptTest, ItEndsWhenTheDiskHasNoRoomAndGivesBackWhatItTook) {
  room_ = absl::FailedPreconditionError("full");
  EXPECT_EQ(Read().status(), room_);
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(AdoptTest, AnIndexThatWasNotReadWholeDoesNotPass) {
  const auto gate = JudgeRead(adoption_, {{kMaster, 1}});
  EXPECT_EQ(gate.gate, "ended");
  EXPECT_FALSE(gate.passed);
  EXPECT_THAT(gate.detail, HasSubstr("masterdoctorindex: 1 of 2 documents read"));
}

}  // namespace
}  // namespace syncd
