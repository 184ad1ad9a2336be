// The fence at its narrowest: two writers who want to swap at the same instant.
#include <absl/strings/str_format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/names.h>

#include <latch>
#include <thread>

#include "indexswap/testing/store_contract.h"

namespace indexswap::testing {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

// The answers to the holder's swap, and to what its rival does to come before it.
struct Race {
  absl::Status held;
  absl::Status taken;
  absl::Status overtook;
};

// Both find `alias` on `from`, and want it on an index of their own.
Race Contend(IndexStore& holder_store, IndexStore& rival_store, const Fence& holder,
             const Fence& rival, const std::string& alias,
             const std::vector<std::string>& indexes) {
  Race race;
  std::latch start(2);
  std::thread thread([&] {
    start.arrive_and_wait();
    race.held =
        holder_store.UpdateAliases(holder, {Remove(alias, indexes[0]), Add(alias, indexes[1])});
  });
  start.arrive_and_wait();
  race.taken = rival_store.TakeOver(rival, indexes);
  race.overtook =
      rival_store.UpdateAliases(rival, {Remove(alias, indexes[0]), Add(alias, indexes[2])});
  thread.join();
  return race;
}

TEST_P(StoreContract, OfTwoRivalsAtTheSameInstantExactlyOneSwaps) {
  Fence holder = Lead(1);
  // Where the alias is, then where the holder and the rival want it.
  std::vector<std::string> indexes;
  for (const uint64_t generation : {1, 2, 3}) indexes.push_back(CreateMaster(holder, generation));
  const std::string alias = Unique("reader");
  ASSERT_TRUE(store_->UpdateAliases(holder, {Add(alias, indexes[0])}).ok());
  const std::unique_ptr<IndexStore> second = GetParam().reopen();
  int first = 0;
  for (int i = 0; i < GetParam().races; ++i) {
    const Fence rival{release_, holder.epoch + 1};
    const std::string name = absl::StrFormat("owner%d", rival.epoch);
    ASSERT_TRUE(store_->CreateLease(rival, RecordOf(name)).ok());
    const Race race = Contend(*store_, *second, holder, rival, alias, indexes);

    ASSERT_TRUE(race.taken.ok()) << race.taken;
    ASSERT_NE(race.held.ok(), race.overtook.ok()) << race.held << "; " << race.overtook;
    const bool held = race.held.ok();
    if (held) {
      ASSERT_EQ(race.overtook.code(), StatusCode::kFailedPrecondition) << race.overtook;
      EXPECT_THAT(std::string(race.overtook.message()), HasSubstr(alias));
    } else {
      ASSERT_EQ(race.held.code(), StatusCode::kAborted) << race.held;
      EXPECT_THAT(std::string(race.held.message()), HasSubstr(LeaseName(release_, holder.epoch)));
    }
    ASSERT_EQ(TargetOf(alias), indexes[held ? 1 : 2]);
    const StoreState state = ReadState();
    ASSERT_EQ(state.leases.size(), 1u);
    ASSERT_TRUE(state.leases[0].record.has_value());
    EXPECT_EQ(state.leases[0].record->owner.id, name) << "the refused one can tell who holds it";

    first += held;
    std::swap(indexes[0], indexes[held ? 1 : 2]);
    holder = rival;
  }
  RecordProperty("races", GetParam().races);
  RecordProperty("the_holder_was_first", first);
}

}  // namespace
}  // namespace indexswap::testing
