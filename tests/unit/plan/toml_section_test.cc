#include "syncd/plan/toml_section.h"

#include <gtest/gtest.h>

namespace syncd {
namespace {

TEST(TomlSection, FirstErrorStays) {
  TomlErrors errors("f.toml");
  errors.Add(3, "one");
  errors.Add(1, "two");
  EXPECT_EQ(errors.status().message(), "f.toml:3: one");
}

TEST(TomlSection, ReadsDefaultsWithoutError) {
  const toml::table table = toml::parse("a = 'x'");
  TomlErrors errors("f.toml");
  TomlSection section(table, "[t]", errors);
  EXPECT_EQ(section.Optional("a"), "x");
  EXPECT_EQ(section.Optional("b", "y"), "y");
  EXPECT_TRUE(section.Boolean("c", true));
  EXPECT_EQ(section.Count("d", 4), 4u);
  EXPECT_TRUE(section.Strings("e").empty());
  EXPECT_EQ(section.Json("f", "null"), "null");
  EXPECT_FALSE(section.Table("g", [](TomlSection&) { FAIL(); }));
  section.Finish();
  EXPECT_TRUE(errors.ok()) << errors.status();
}

TEST(TomlSection, ReportsWhatNobodyAskedFor) {
  const toml::table table = toml::parse("a = 1\nb = 2");
  TomlErrors errors("f.toml");
  TomlSection section(table, "[t]", errors);
  section.Count("a", 0);
  section.Finish();
  EXPECT_EQ(errors.status().message(), "f.toml:2: [t]: unknown key \"b\"; expected one of: a");
}

TEST(TomlSection, EmptyStringIsNotEnough) {
  const toml::table table = toml::parse("a = ''");
  TomlErrors errors("f.toml");
  TomlSection section(table, "[t]", errors);
  EXPECT_EQ(section.Required("a"), "");
  EXPECT_FALSE(errors.ok());
}

}  // namespace
}  // namespace syncd
