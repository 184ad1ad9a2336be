#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/alias.h>

#include <random>

namespace indexswap {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = AliasAction::Kind;

constexpr char kFilter[] = R"({"term":{"open":true}})";

TEST(DiffAliases, MovesAnAliasByARemovalAndAnAdditionBehindIt) {
  EXPECT_THAT(DiffAliases({{"a", {{"x_v1", ""}}}}, {{"a", {{"x_v2", kFilter}}}}),
              ElementsAre(AliasAction{Kind::kRemove, "a", "x_v1", ""},
                          AliasAction{Kind::kAdd, "a", "x_v2", kFilter}));
}

TEST(DiffAliases, AddsAnAliasThatPointsNowhereYet) {
  EXPECT_THAT(DiffAliases({}, {{"a", {{"x_v1", ""}}}}),
              ElementsAre(AliasAction{Kind::kAdd, "a", "x_v1", ""}));
}

TEST(DiffAliases, RemovesAnAliasThatIsWantedNowhere) {
  EXPECT_THAT(DiffAliases({{"a", {{"x_v1", ""}, {"x_v2", ""}}}}, {{"a", {}}}),
              ElementsAre(AliasAction{Kind::kRemove, "a", "x_v1", ""},
                          AliasAction{Kind::kRemove, "a", "x_v2", ""}));
}

TEST(DiffAliases, ReplacesAFilterByAnAdditionAlone) {
  EXPECT_THAT(DiffAliases({{"a", {{"x_v1", ""}}}}, {{"a", {{"x_v1", kFilter}}}}),
              ElementsAre(AliasAction{Kind::kAdd, "a", "x_v1", kFilter}));
}

TEST(DiffAliases, HasNothingToDoForEqualTables) {
  const AliasTable table = {{"a", {{"x_v1", kFilter}}}, {"b", {{"x_v1", ""}}}};
  EXPECT_THAT(DiffAliases(table, table), IsEmpty());
}

TEST(DiffAliases, LeavesAliasesAloneThatAreNotNamed) {
  EXPECT_THAT(DiffAliases({{"other", {{"x_v1", ""}}}}, {}), IsEmpty());
}

TEST(DiffAliases, TakesAliasesInOrderOfTheirNames) {
  EXPECT_THAT(DiffAliases({{"b", {{"x_v1", ""}}}}, {{"b", {{"x_v2", ""}}}, {"a", {{"x_v2", ""}}}}),
              ElementsAre(AliasAction{Kind::kAdd, "a", "x_v2", ""},
                          AliasAction{Kind::kRemove, "b", "x_v1", ""},
                          AliasAction{Kind::kAdd, "b", "x_v2", ""}));
}

AliasTable RandomTable(std::mt19937& random) {
  AliasTable table;
  const auto below = [&](int n) { return static_cast<int>(random() % n); };
  for (const char* alias : {"a", "b", "c", "d"}) {
    std::vector<AliasTarget> targets;
    for (const char* index : {"x_v1", "x_v2", "y_v1"}) {
      if (below(3) == 0) targets.push_back({index, below(2) == 0 ? "" : kFilter});
    }
    if (!targets.empty()) table[alias] = targets;
  }
  return table;
}

TEST(DiffAliases, AppliedToTheCurrentTableGivesTheWantedOne) {
  std::mt19937 random(20261123);
  for (int i = 0; i < 2000; ++i) {
    const AliasTable current = RandomTable(random);
    AliasTable wanted = RandomTable(random);
    AliasTable expected = current;
    for (const auto& [alias, targets] : wanted) expected[alias] = targets;
    if (random() % 2 == 0) {  // wanted nowhere
      wanted["d"] = {};
      expected.erase("d");
    }
    const auto actions = DiffAliases(current, wanted);
    ASSERT_EQ(ApplyActions(current, actions), expected);
    ASSERT_THAT(DiffAliases(expected, wanted), IsEmpty());
  }
}

TEST(ApplyActions, IgnoresTheRemovalOfWhatIsNotThere) {
  EXPECT_THAT(ApplyActions({}, {{Kind::kRemove, "a", "x_v1", ""}}), IsEmpty());
}

TEST(Describe, SaysInOneLineWhatAnActionDoes) {
  EXPECT_EQ(Describe(AliasAction{Kind::kAdd, "a", "x_v1", kFilter}), "add a -> x_v1 (filtered)");
  EXPECT_EQ(Describe(AliasAction{Kind::kAdd, "a", "x_v1", ""}), "add a -> x_v1");
  EXPECT_EQ(Describe(AliasAction{Kind::kRemove, "a", "x_v1", ""}), "remove a -> x_v1");
}

}  // namespace
}  // namespace indexswap
