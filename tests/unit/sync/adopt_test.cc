// Another program's documents, read into a generation's file.
#include "syncd/sync/adopt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/engine.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "../support/test_folder.h"
#include "../support/tis_plan.h"
#include "indexswap/testing/faulty_store.h"
#include "indexswap/testing/memory_store.h"
#include "run_fakes.h"

namespace syncd {
namespace {

using indexswap::testing::FaultyStore;
using indexswap::testing::Method;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AdoptTest : public ::testing::Test {
 protected:
  AdoptTest() {
    EXPECT_TRUE(cluster_->CreateForeignIndex(kMaster).ok());
    cluster_->FillForeignIndex(
        kMaster, {R"({"gmcReferenceNumber":"7000001","tcsPersonId":1,"existsInGmc":true,)"
                  R"("designatedBody":null,"_class":"a.b.MasterDoctor"})",
                  R"({"gmcReferenceNumber":"7000002","existsInGmc":true,"admin":"a@b"})"});
    store_ = std::make_shared<FaultyStore>(indexswap::testing::MakeMemoryStore(cluster_));
    engine_ = *indexswap::Engine::Open(store_, plan_.ToReleaseSpec(), {}, nullptr);
    adoption_ = *engine_->PlanAdoption();
  }

  absl::StatusOr<std::map<std::string, uint64_t>> Read() {
    return ReadAdopted(*engine_, plan_, adoption_, 1, Path(), {}, hooks_, [this] { return room_; });
  }
  std::string Path() const { return folder_.File(GenerationFileName(1)); }
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  const TestFolder folder_;
  const Plan plan_ = TisPlan();
  std::shared_ptr<indexswap::testing::MemoryCluster> cluster_ =
      std::make_shared<indexswap::testing::MemoryCluster>();
  std::shared_ptr<FaultyStore> store_;
  std::unique_ptr<indexswap::Engine> engine_;
  indexswap::AdoptionPlan adoption_;
  RecordingHooks hooks_;
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
