#include "indexswap/engine/state_hash.h"

#include <gtest/gtest.h>
#include <indexswap/engine.h>

#include <functional>
#include <set>

namespace indexswap {
namespace {

GenerationMeta Meta() {
  GenerationMeta meta;
  meta.release = "tis";
  meta.generation = 2;
  meta.build_id = "b2";
  meta.state = BuildState::kSealed;
  meta.promoted_at = "2026-01-01T00:00:00Z";
  return meta;
}

ReleaseView View() {
  ReleaseView view;
  GenerationView generation;
  generation.generation = 2;
  generation.families["docs"].name = "docs_v2";
  generation.families["docs"].meta = Meta();
  view.generations[2] = generation;
  view.aliases["all"] = {{"docs_v2", "", ""}};
  view.aliases["open"] = {{"docs_v2", R"({"term":{"open":true}})", ""}};
  return view;
}

std::string Hash(const ReleaseView& view) { return StateHash(view, "plan-1", 3); }

using Change = std::function<void(ReleaseView&)>;

TEST(StateHashTest, TellsWhatASwapDependsOn) {
  const std::vector<std::pair<std::string, Change>> changes = {
      {"the aliases", [](auto& view) { view.aliases.erase("all"); }},
      {"the aliases", [](auto& view) { view.aliases["all"][0].index = "docs_v1"; }},
      {"the aliases", [](auto& view) { view.aliases["open"][0].filter = "{}"; }},
      {"the aliases", [](auto& view) { view.aliases["open"][0].options = "{}"; }},
      {"the aliases",
       [](auto& view) {
         view.aliases["all"].push_back({"docs_v1", "", ""});
       }},
      {"the aliases", [](auto& view) { view.concrete.push_back("docs"); }},
      {"the generations", [](auto& view) { view.generations.erase(2); }},
      {"the generations",
       [](auto& view) { view.generations[3].families["docs"].name = "docs_v3"; }},
      {"the generations",
       [](auto& view) { view.generations[2].families["docs"].meta->build_id = "b3"; }},
      {"the generations",
       [](auto& view) {
         view.generations[2].families["docs"].meta->state = BuildState::kBuilding;
       }},
      {"the generations",
       [](auto& view) { view.generations[2].families["docs"].meta->promoted_at = ""; }},
      {"the generations",
       [](auto& view) { view.generations[2].families["docs"].meta->replaces = 1; }},
      {"the generations", [](auto& view) { view.generations[2].newer = "made by version 9"; }},
      {"the generations", [](auto& view) { view.generations[2].families["docs"].meta.reset(); }}};
  std::set<std::string> hashes = {Hash(View())};
  for (const auto& [part, change] : changes) {
    ReleaseView view = View();
    change(view);
    EXPECT_EQ(DifferenceOfStates(Hash(View()), Hash(view)), part);
    hashes.insert(Hash(view));
  }
  EXPECT_EQ(hashes.size(), changes.size() + 1) << "each is another state";
  EXPECT_EQ(DifferenceOfStates(Hash(View()), StateHash(View(), "plan-2", 3)), "the plan");
  EXPECT_EQ(DifferenceOfStates(Hash(View()), StateHash(View(), "plan-1", 4)), "the generations");
}

TEST(StateHashTest, IsTheSameWhateverElseThereIs) {
  ReleaseView view = View();
  view.leases.push_back({7, LeaseRecord()});
  view.generations[2].families["docs"].bytes = 5000;
  view.generations[2].families["docs"].write_epochs = {7};
  view.generations[2].families["docs"].meta->documents["docs"] = 10;
  view.findings.push_back("said for people");
  EXPECT_EQ(Hash(view), Hash(View()));
  EXPECT_EQ(Hash(view).size(), 50u);
}

TEST(StateHashTest, DifferenceOfWhatIsNone) {
  EXPECT_EQ(DifferenceOfStates(Hash(View()), "what somebody has typed"), "all of it");
  EXPECT_EQ(DifferenceOfStates(Hash(View()), Hash(View())), "");
}

}  // namespace
}  // namespace indexswap
