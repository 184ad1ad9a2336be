#include "syncd/sync/state_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "../support/test_folder.h"
#include "../support/tis_plan.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/journal.h"

namespace syncd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class StateDisk : public ::testing::Test {
 protected:
  void Write(const std::string& name, size_t bytes) {
    std::ofstream(folder_.File(name)) << std::string(bytes, 'x');
  }

  const TestFolder folder_;
};

TEST_F(StateDisk, TheGateSaysWhatIsFreeAndWhatIsNeeded) {
  const auto gate = JudgeDisk({1499, 10'000}, 1000, 250);
  EXPECT_EQ(gate.gate, "disk");
  EXPECT_FALSE(gate.passed);
  EXPECT_THAT(gate.detail, AllOf(HasSubstr("1499 bytes"), HasSubstr("needs 1500"),
                                 HasSubstr("min_free_bytes = 250")));
  EXPECT_TRUE(JudgeDisk({1500, 10'000}, 1000, 250).passed);
}

TEST_F(StateDisk, ABuildIsAsLargeAsTheLargestFileOrElseAsTheLiveIndexes) {
  indexswap::ReleaseStatus status;
  EXPECT_EQ(ExpectedFile(folder_.path(), status), 0u);
  status.live = 2;
  status.generations = {{1, "previous", std::nullopt, {{"docs", "docs_v1", 10, 9000}}},
                        {2, "live", std::nullopt, {{"a", "a_v2", 10, 300}, {"b", "b_v2", 1, 40}}}};
  EXPECT_EQ(ExpectedFile(folder_.path(), status), 340u);
  Write("v1.db", 30);
  Write("v2.db", 20);
  Write("v3.db-wal", 500);
  EXPECT_EQ(ExpectedFile(folder_.path(), status), 30u);
}

TEST_F(StateDisk, WhatIsFreeIsThatOfTheFileSystem) {
  const auto space = SpaceOf(folder_.File("not/there/yet"));
  ASSERT_TRUE(space.ok()) << space.status();
  EXPECT_GT(space->free_bytes, 0u);
  EXPECT_GE(space->total_bytes, space->free_bytes);
  EXPECT_TRUE(LeavesRoom(folder_.path(), 0).ok());
  const absl::Status full = LeavesRoom(folder_.path(), uint64_t{1} << 60);
  EXPECT_EQ(full.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(full.message()),
              AllOf(HasSubstr("gate disk"), HasSubstr("min_free_bytes = 1152921504606846976")));
}

TEST_F(StateDisk, FactsAreThoseOfTheFolder) {
  EXPECT_FALSE(ReadStateFacts(folder_.File("none")).space);
  ASSERT_TRUE(Journal::Open(folder_.path()).ok());
  Write("v2.db", 20);
  Write("v2.db-wal", 7);
  StateFacts facts = ReadStateFacts(folder_.path());
  EXPECT_TRUE(facts.space);
  EXPECT_EQ(facts.events, 0u);
  EXPECT_EQ(facts.oldest_event_ms, std::nullopt);
  EXPECT_THAT(facts.generations, ::testing::ElementsAre(::testing::Pair(2u, 27u)));
  auto log = *EventLog::Open(folder_.path(), TisPlan());
  IncomingEvent event{"tcs-updates", R"({"tcsPersonId":1,"gmcReferenceNumber":"7000001"})", {}};
  event.stamp.arrival = 1;
  event.stamp.arrival_ms = 1234;
  ASSERT_TRUE(log->Append({event}).ok());
  event.stamp.arrival = 2;
  event.stamp.arrival_ms = 5678;
  ASSERT_TRUE(log->Append({event}).ok());
  facts = ReadStateFacts(folder_.path());
  EXPECT_EQ(facts.events, 2u);
  EXPECT_EQ(facts.oldest_event_ms, 1234);
  EXPECT_GT(facts.journal_bytes, 4096u);
  ASSERT_TRUE(log->Trim(1, int64_t{1} << 50, 0).ok());
  facts = ReadStateFacts(folder_.path());
  EXPECT_EQ(facts.events, 1u);
  EXPECT_EQ(facts.oldest_event_ms, 5678);
}

}  // namespace
}  // namespace syncd
