#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/release.h>

#include <functional>

namespace indexswap {
namespace {

using ::testing::HasSubstr;

ReleaseSpec Sound() {
  ReleaseSpec release;
  release.name = "tis";
  release.families = {{"docs", R"({"properties":{}})", R"({"number_of_replicas":1})", 0},
                      {"notes", "", "", 0}};
  release.aliases = {{"all_docs", "docs", R"({"match_all":{}})", false},
                     {"all_notes", "notes", "", true}};
  return release;
}

TEST(ReleaseSpec, ASoundOneIsValid) { EXPECT_TRUE(Sound().Validate().ok()); }

struct Mistake {
  const char* name;
  std::function<void(ReleaseSpec&)> make;
  const char* message;
};

class ReleaseMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(ReleaseMistake, IsRefusedAndNamed) {
  ReleaseSpec release = Sound();
  GetParam().make(release);
  const absl::Status status = release.Validate();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Each, ReleaseMistake,
    ::testing::Values(
        Mistake{"Name", [](ReleaseSpec& r) { r.name = "Tis"; }, "lower case"},
        Mistake{"NoFamily", [](ReleaseSpec& r) { r.families.clear(); }, "tis has no family"},
        Mistake{"FamilyName", [](ReleaseSpec& r) { r.families[0].name = "do cs"; }, "do cs"},
        Mistake{"FamilyTwice", [](ReleaseSpec& r) { r.families[1].name = "docs"; },
                "family docs is named twice"},
        Mistake{"Mappings", [](ReleaseSpec& r) { r.families[0].mappings = "{"; },
                "family docs, mappings"},
        Mistake{"Settings", [](ReleaseSpec& r) { r.families[1].settings = "nope"; },
                "family notes, settings"},
        Mistake{"AliasName", [](ReleaseSpec& r) { r.aliases[0].name = "_all"; }, "_all"},
        Mistake{"AliasTwice", [](ReleaseSpec& r) { r.aliases[1].name = "all_docs"; },
                "alias all_docs is named twice"},
        Mistake{"UnknownFamily", [](ReleaseSpec& r) { r.aliases[1].family = "noted"; },
                "all_notes reads noted"},
        Mistake{"Filter", [](ReleaseSpec& r) { r.aliases[0].filter = "{\"term\""; },
                "alias all_docs, filter"},
        Mistake{"Unread", [](ReleaseSpec& r) { r.aliases.pop_back(); },
                "family notes has no alias"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(ReleaseSpec, FindsItsFamiliesByName) {
  const ReleaseSpec release = Sound();
  EXPECT_EQ(release.FindFamily("notes"), &release.families[1]);
  EXPECT_EQ(release.FindFamily("note"), nullptr);
}

TEST(WantedAliases, PointAtTheGenerationWithCanonicalFilters) {
  const AliasTable table = WantedAliases(
      {{"a", "docs", R"({ "term" : {"b":1, "a":2} })", false}, {"b", "notes", "", false}}, 13);
  const AliasTable expected = {{"a", {{"docs_v13", R"({"term":{"a":2,"b":1}})"}}},
                               {"b", {{"notes_v13", ""}}}};
  EXPECT_EQ(table, expected);
}

}  // namespace
}  // namespace indexswap
