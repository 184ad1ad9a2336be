#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "indexswap/engine/preflight.h"
#include "syncd/sync/channel_gates.h"
#include "syncd/sync/state_disk.h"

namespace syncd {
namespace {

using ::testing::HasSubstr;

ChannelState Ended(const std::string& name, uint64_t records, uint64_t rejected) {
  ChannelState channel;
  channel.name = name;
  channel.records = records;
  channel.rejected = rejected;
  channel.ended = true;
  return channel;
}

const indexswap::GateResult& Gate(const std::vector<indexswap::GateResult>& gates,
                                  const std::string& name) {
  for (const indexswap::GateResult& gate : gates) {
    if (gate.gate == name) return gate;
  }
  static const indexswap::GateResult none;
  ADD_FAILURE() << "no gate " << name;
  return none;
}

TEST(JudgeChannelGates, PassesWhatHasEndedWithFewRejected) {
  const auto gates = JudgeChannelGates({Ended("gmc", 5000, 10), Ended("tcs", 0, 0)}, {});
  EXPECT_TRUE(Gate(gates, "ended").passed);
  EXPECT_TRUE(Gate(gates, "rejected").passed);
}

TEST(JudgeChannelGates, NamesTheChannelThatHasNotEnded) {
  ChannelState open = Ended("tcs", 5, 0);
  open.ended = false;
  const auto gates = JudgeChannelGates({Ended("gmc", 5, 0), open}, {});
  EXPECT_FALSE(Gate(gates, "ended").passed);
  EXPECT_THAT(Gate(gates, "ended").detail, HasSubstr("tcs"));
}

TEST(JudgeChannelGates, AllowsTheGreaterOfPartAndCountInEachChannel) {
  EXPECT_TRUE(Gate(JudgeChannelGates({Ended("gmc", 100000, 100)}, {}), "rejected").passed);
  EXPECT_FALSE(Gate(JudgeChannelGates({Ended("gmc", 100000, 102)}, {}), "rejected").passed);
  EXPECT_FALSE(Gate(JudgeChannelGates({Ended("gmc", 50, 11)}, {}), "rejected").passed);
  // One channel's good records don't make up for another's bad ones.
  const auto gates = JudgeChannelGates({Ended("gmc", 100000, 0), Ended("tcs", 50, 11)}, {});
  EXPECT_FALSE(Gate(gates, "rejected").passed);
  EXPECT_THAT(Gate(gates, "rejected").detail, HasSubstr("tcs"));
}

TEST(CheckOverrides, NamesOfGatesAreJudgedBeforeAnythingIsBegun) {
  EXPECT_TRUE(CheckOverrides({}).ok());
  EXPECT_TRUE(CheckOverrides({"shrink", "disk"}).ok());
  EXPECT_THAT(std::string(CheckOverrides({"shrink", "shrimp"}).message()),
              HasSubstr("there is no gate shrimp"));
  EXPECT_THAT(std::string(CheckOverrides({"ended"}).message()), HasSubstr("can't be overridden"));
}

TEST(CheckOverridesOfBuild, OnlyGatesThatAreJudgedBeforeABuild) {
  EXPECT_TRUE(CheckOverridesOfBuild({}).ok());
  EXPECT_TRUE(CheckOverridesOfBuild({kDiskGate, "capacity"}).ok());
  EXPECT_THAT(std::string(CheckOverridesOfBuild({"capacity", "shrink"}).message()),
              HasSubstr("the gate shrink is not judged before a build"));
  EXPECT_THAT(std::string(CheckOverridesOfBuild({"shrimp"}).message()),
              HasSubstr("there is no gate shrimp"));
}

TEST(CheckOverridesOfBuild, TheEnginesAreThoseOfTheEngine) {
  for (const char* gate :
       {"refused", "rejected", "shrink", "empty", "min_documents", "filters", "health", "queries",
        "digest", "changed", "capacity", "blocks", "templates"}) {
    ASSERT_TRUE(CheckOverrides({gate}).ok()) << gate;
    EXPECT_EQ(CheckOverridesOfBuild({gate}).ok(), indexswap::IsJudgedBeforeBuild(gate)) << gate;
  }
}

}  // namespace
}  // namespace syncd
