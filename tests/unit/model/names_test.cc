#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/names.h>

namespace indexswap {
namespace {

using ::testing::HasSubstr;

TEST(Names, IndexNamesParseBackToTheirParts) {
  for (const char* family : {"masterdoctorindex", "a", "a_v1", "x_v", "with-dash.dot"}) {
    for (const uint64_t generation : {uint64_t{1}, uint64_t{13}, uint64_t{9223372036854775807}}) {
      const std::string name = IndexName(family, generation);
      const auto parsed = ParseIndexName(name);
      ASSERT_TRUE(parsed) << name;
      EXPECT_EQ(*parsed, (GenerationName{family, generation}));
    }
  }
}

TEST(Names, ForeignIndexNamesAreNotParsed) {
  for (const char* name :
       {"", "masterdoctorindex", "_v1", "masterdoctorindex_v", "masterdoctorindex_v0",
        "masterdoctorindex_v01", "masterdoctorindex_v-1", "masterdoctorindex_v+1",
        "masterdoctorindex_v1x", "masterdoctorindex_v1 ", "masterdoctorindex_v 1",
        "masterdoctorindex_V1", "masterdoctorindex_v1.5", "masterdoctorindex_v9223372036854775808",
        "masterdoctorindex_v18446744073709551617", "masterdoctorindex_v1_W2", "v1"}) {
    EXPECT_FALSE(ParseIndexName(name)) << name;
  }
}

TEST(Names, LeaseNamesParseForTheirOwnReleaseOnly) {
  EXPECT_EQ(LeaseName("tis", 7), "tis_lease_7");
  EXPECT_EQ(ParseLeaseName("tis", "tis_lease_7"), 7u);
  for (const char* name : {"tis_lease_", "tis_lease_0", "tis_lease_07", "tis_lease_7x", "tis_lease",
                           "other_lease_7", "mytis_lease_7", "tis_leader"}) {
    EXPECT_FALSE(ParseLeaseName("tis", name)) << name;
  }
}

TEST(Names, WriteAliasesParseBackAndAreNoIndexNames) {
  const std::string alias = WriteAlias("masterdoctorindex_v13", 7);
  EXPECT_EQ(alias, "masterdoctorindex_v13_W7");
  EXPECT_EQ(ParseWriteAlias(alias), (WriteAliasName{"masterdoctorindex_v13", 7}));
  EXPECT_FALSE(ParseIndexName(alias));
  EXPECT_EQ(ParseWriteAlias("tis_lease_3_W3"), (WriteAliasName{"tis_lease_3", 3}));
  for (const char* name : {"_W1", "x_W", "x_W0", "x_W01", "x_w1", "x_W1y", "x"}) {
    EXPECT_FALSE(ParseWriteAlias(name)) << name;
  }
}

TEST(Names, TheLeaderAliasIsNamedAfterTheRelease) { EXPECT_EQ(LeaderAlias("tis"), "tis_leader"); }

TEST(Names, FamilyNamesThatServersRefuseAreRefused) {
  EXPECT_TRUE(ValidateFamilyName("masterdoctorindex").ok());
  EXPECT_TRUE(ValidateFamilyName("a.b-c_d+e1").ok());
  for (const char* name :
       {"",    ".",   "..",  "_a",  "-a",  "+a",  "a b", "a\"b", "a*b",  "a\\b", "a<b",
        "a|b", "a,b", "a>b", "a/b", "a?b", "a#b", "a:b", "a\tb", "a\nb", "a\rb"}) {
    const absl::Status status = ValidateFamilyName(name);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_THAT(std::string(status.message()), HasSubstr("\"" + std::string(name) + "\""));
  }
}

TEST(Names, OnlyAliasesMayHaveUpperCase) {
  EXPECT_THAT(std::string(ValidateFamilyName("masterDoctor").message()), HasSubstr("lower case"));
  EXPECT_TRUE(ValidateAliasName("masterDoctor").ok());
  EXPECT_FALSE(ValidateAliasName("a b").ok());
}

TEST(Names, TheLongestFamilyStillFitsWithItsWriteAlias) {
  std::string longest(1, 'a');
  while (ValidateFamilyName(longest + "a").ok() && longest.size() < 300) longest += 'a';
  EXPECT_EQ(WriteAlias(longest + "_v18446744073709551615", UINT64_MAX).size(), 255u);
  EXPECT_TRUE(ValidateAliasName(std::string(255, 'a')).ok());
  EXPECT_THAT(std::string(ValidateAliasName(std::string(256, 'a')).message()), HasSubstr("255"));
}

}  // namespace
}  // namespace indexswap
