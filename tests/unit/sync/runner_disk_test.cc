// A sync from files into a memory store, on a disk that has as much room as a test says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "runner_world.h"
#include "syncd/sync/hydrate_live.h"
#include "syncd/sync/state_disk.h"
#include "syncd/sync/state_files.h"

namespace syncd {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// More than any disk has.
constexpr uint64_t kMore = uint64_t{1} << 60;

class RunnerDiskTest : public RunnerWorld {
 protected:
  RunnerDiskTest() : RunnerWorld("files") {
    std::filesystem::create_directory(folder_.File("feed"));
    for (const PlanChannel& channel : plan_.channels) {
      if (channel.kind != PlanChannel::Kind::kSnapshot) continue;
      std::ofstream(folder_.File("feed/" + channel.name + ".ndjson"))
          << (channel.name == "tcs" ? R"({"tcsPersonId":1,"gmcReferenceNumber":"7000001"})" : "")
          << "\n";
    }
    sources_ = FileSources(folder_.File("feed"));
  }

  SyncOutcome Run() { return RunFrom(*sources_); }
  static const indexswap::GateResult* Disk(const std::vector<indexswap::GateResult>& gates) {
    for (const indexswap::GateResult& gate : gates) {
      if (gate.gate == kDiskGate) return &gate;
    }
    return nullptr;
  }

  std::unique_ptr<Sources> sources_;
};

TEST_F(RunnerDiskTest, WithRoomTheGateIsOneOfThoseThatPassed) {
  const SyncOutcome outcome = Run();
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  ASSERT_NE(Disk(outcome.gates), nullptr);
  EXPECT_TRUE(Disk(outcome.gates)->passed);
  EXPECT_FALSE(Disk(outcome.gates)->overridden);
}

TEST_F(RunnerDiskTest, WithoutRoomNothingIsCreated) {
  config_.disk.min_free_bytes = kMore;
  const SyncOutcome outcome = Run();
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kFailedPrecondition) << outcome.status;
  EXPECT_EQ(outcome.state, "refused");
  EXPECT_EQ(outcome.generation, 0u);
  ASSERT_NE(Disk(outcome.gates), nullptr);
  EXPECT_FALSE(Disk(outcome.gates)->passed);
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("--override disk"));
  EXPECT_THAT(engine_->Status()->generations, IsEmpty());
  EXPECT_EQ(engine_->Status()->lease, std::nullopt) << "not even a lease";
  EXPECT_THAT(GenerationsIn(folder_.path()), IsEmpty());
}

TEST_F(RunnerDiskTest, AnOverrideLetsItThroughAndIsRecorded) {
  config_.disk.min_free_bytes = kMore;
  request_.overrides.push_back(kDiskGate);
  const SyncOutcome outcome = Run();
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_THAT(hooks_.notes, Contains(HasSubstr("the gate disk is overridden")));
  const auto status = engine_->Status();
  const auto* recorded = Disk(status->generations.at(0).meta->gates);
  ASSERT_NE(recorded, nullptr);
  EXPECT_TRUE(recorded->passed && recorded->overridden);
  EXPECT_THAT(recorded->detail, HasSubstr("bytes"));
}

TEST_F(RunnerDiskTest, ABuildThatFillsTheDiskIsGivenUpAndItsFileRemoved) {
  hooks_.on_note = [this](const std::string& note) {
    if (note.find("receiving from") != std::string::npos) config_.disk.min_free_bytes = kMore;
  };
  const SyncOutcome outcome = Run();
  EXPECT_EQ(outcome.state, "refused") << outcome.status;
  EXPECT_EQ(outcome.generation, 1u);
  ASSERT_NE(Disk(outcome.gates), nullptr);
  EXPECT_FALSE(Disk(outcome.gates)->passed);
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("live events need them"));
  EXPECT_EQ(engine_->Status()->generations.at(0).state, "abandoned");
  EXPECT_THAT(StateFilesIn(folder_.path()), IsEmpty());
  EXPECT_FALSE(warm_->Has(1));
}

TEST_F(RunnerDiskTest, ALiveGenerationIsNotReadBackWithoutRoom) {
  ASSERT_TRUE(Run().status.ok());
  warm_->Remove(1);
  ASSERT_TRUE(RemoveGenerationFile(folder_.path(), 1).ok());
  HydrateTools tools{plan_,
                     *engine_,
                     *journal_,
                     *log_,
                     folder_.path(),
                     [](indexswap::Observer::Severity, const std::string&) {},
                     [](std::string_view) {},
                     [] { return false; },
                     [](const std::string&) {},
                     kMore};
  const absl::Status refused = HydrateLive(*engine_->Status(), tools);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("the gate disk"));
  EXPECT_THAT(StateFilesIn(folder_.path()), IsEmpty());
  tools.min_free_bytes = 0;
  const absl::Status hydrated = HydrateLive(*engine_->Status(), tools);
  EXPECT_TRUE(hydrated.ok()) << hydrated;
}

}  // namespace
}  // namespace syncd
