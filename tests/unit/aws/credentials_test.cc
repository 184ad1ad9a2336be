#include "syncd/aws/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "syncd/aws/profile_file.h"

namespace syncd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() : home_(::testing::TempDir() + "/aws_home") {
    std::filesystem::remove_all(home_);
    std::filesystem::create_directories(home_ + "/.aws");
    variables_["HOME"] = home_;
    variables_["AWS_EC2_METADATA_DISABLED"] = "true";
  }

  void Write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

  AwsEnvironment Environment() {
    return [this](const char* name) {
      const auto found = variables_.find(name);
      return found == variables_.end() ? nullptr : found->second.c_str();
    };
  }

  // The key id that is found, or the error.
  std::string Key(const std::string& profile = "") {
    const auto found = MakeAwsCredentials(Environment(), profile)->Get();
    return found.ok() ? found->access_key_id : std::string(found.status().message());
  }

  std::string home_;
  std::map<std::string, std::string> variables_;
};

TEST_F(CredentialsTest, VariablesGoFirst) {
  Write(home_ + "/.aws/credentials",
        "[default]\naws_access_key_id = FILE\naws_secret_access_key=S\n");
  EXPECT_EQ(Key(), "FILE");
  variables_["AWS_ACCESS_KEY_ID"] = "VARIABLE";
  variables_["AWS_SECRET_ACCESS_KEY"] = "secret";
  variables_["AWS_SESSION_TOKEN"] = "token";
  const auto found = MakeAwsCredentials(Environment())->Get();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->access_key_id, "VARIABLE");
  EXPECT_EQ(found->secret_access_key, "secret");
  EXPECT_EQ(found->session_token, "token");
  EXPECT_EQ(Key("default"), "FILE") << "a profile that is named goes before the variables";
}

TEST_F(CredentialsTest, HalfAPairIsAnError) {
  variables_["AWS_ACCESS_KEY_ID"] = "VARIABLE";
  EXPECT_THAT(Key(), HasSubstr("set both"));
  variables_.erase("AWS_ACCESS_KEY_ID");
  Write(home_ + "/.aws/credentials", "[default]\naws_access_key_id = FILE\n");
  Write(home_ + "/.aws/config", "[default]\naws_secret_access_key = OTHER\n");
  EXPECT_THAT(Key(), HasSubstr("only one of"));
}

TEST_F(CredentialsTest, ProfilesOfBothFiles) {
  Write(home_ + "/.aws/credentials",
        "[work]\naws_access_key_id = W\naws_secret_access_key = S\naws_session_token = T\n");
  Write(home_ + "/.aws/config",
        "[profile home]\naws_access_key_id = H\naws_secret_access_key = S\nregion = eu-west-2\n"
        "[default]\nregion = us-east-1\n");
  EXPECT_EQ(Key("work"), "W");
  EXPECT_EQ(Key("home"), "H");
  variables_["AWS_PROFILE"] = "home";
  EXPECT_EQ(Key(), "H");
  EXPECT_EQ(FindAwsRegion(Environment()), "eu-west-2");
  EXPECT_EQ(FindAwsRegion(Environment(), "default"), "us-east-1");
  EXPECT_EQ(FindAwsRegion(Environment(), "work"), "");
  variables_["AWS_DEFAULT_REGION"] = "eu-west-1";
  EXPECT_EQ(FindAwsRegion(Environment()), "eu-west-1");
  variables_["AWS_REGION"] = "eu-north-1";
  EXPECT_EQ(FindAwsRegion(Environment()), "eu-north-1");
}

TEST_F(CredentialsTest, FilesElsewhere) {
  variables_["AWS_SHARED_CREDENTIALS_FILE"] = home_ + "/elsewhere";
  Write(home_ + "/elsewhere", "[default]\naws_access_key_id = E\naws_secret_access_key = S\n");
  EXPECT_EQ(Key(), "E");
}

TEST_F(CredentialsTest, NamesWhereItLooked) {
  const auto found = MakeAwsCredentials(Environment(), "")->Get();
  EXPECT_EQ(found.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(Key(), testing::AllOf(HasSubstr("AWS_ACCESS_KEY_ID"), HasSubstr("\"default\""),
                                    HasSubstr(home_ + "/.aws/credentials"),
                                    HasSubstr(home_ + "/.aws/config")));
}

TEST_F(CredentialsTest, AProfileThatIsChosenHasToBeThere) {
  variables_["AWS_PROFILE"] = "work";
  EXPECT_THAT(Key(), testing::AllOf(HasSubstr("\"work\""), HasSubstr("AWS_PROFILE")));
}

TEST_F(CredentialsTest, SaysWhatIsTheMatterWithTheFiles) {
  std::filesystem::create_directories(home_ + "/.aws/config");  // no file, even for root
  EXPECT_THAT(Key(), HasSubstr("/.aws/config (which can't be read)"));
  variables_.erase("HOME");
  variables_["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_THAT(Key(), testing::AllOf(HasSubstr("HOME is not set"),
                                    HasSubstr("set, but not AWS_ACCESS_KEY_ID")));
}

TEST_F(CredentialsTest, WhatIsNotSupportedIsRefused) {
  for (const std::string key : {"sso_account_id", "login_session", "credential_process"}) {
    Write(home_ + "/.aws/config",
          "[default]\naws_access_key_id=A\naws_secret_access_key=S\n" + key + "=x\n");
    EXPECT_THAT(Key(), HasSubstr(key + ", which syncd does not support"));
  }
}

TEST_F(CredentialsTest, KeysInVariablesMayEnd) {
  variables_["AWS_ACCESS_KEY_ID"] = "VARIABLE";
  variables_["AWS_SECRET_ACCESS_KEY"] = "secret";
  variables_["AWS_CREDENTIAL_EXPIRATION"] = "2099-01-01T00:00:00Z";
  const auto found = MakeAwsCredentials(Environment())->Get();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(found->expires.has_value());
  variables_["AWS_CREDENTIAL_EXPIRATION"] = "2020-01-01T00:00:00Z";
  EXPECT_THAT(Key(), HasSubstr("has expired at 2020-01-01T00:00:00Z"));
  variables_["AWS_CREDENTIAL_EXPIRATION"] = "soon";
  EXPECT_THAT(Key(), HasSubstr("expected a time"));
}

TEST_F(CredentialsTest, NewKeysAreFound) {
  const std::string file = home_ + "/.aws/credentials";
  const auto provider = MakeAwsCredentials(Environment());
  EXPECT_FALSE(provider->Get().ok());
  Write(file, "[default]\naws_access_key_id = ONE\naws_secret_access_key = S\n");
  EXPECT_EQ(provider->Get()->access_key_id, "ONE");
  Write(file, "[default]\naws_access_key_id = ANOTHER\naws_secret_access_key = S\n");
  EXPECT_EQ(provider->Get()->access_key_id, "ANOTHER");
}

TEST(ProfileFileTest, PassesOverWhatIsNoKey) {
  const auto profiles = ParseAwsProfiles(
      "key = before any section\n# comment\n[default]\nA = 1 # comment\nb=x#y;z\n"
      "s3 =\n  nested = 1\n\nno key\nb = 2 \r\n[sso-session x]\nb = 3\n[profile \"two "
      "words\"]\nc=d=e\n",
      /*config=*/true);
  EXPECT_THAT(profiles,
              UnorderedElementsAre(
                  Pair("default", ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("s3", ""))),
                  Pair("two words", ElementsAre(Pair("c", "d=e")))));
  EXPECT_THAT(ParseAwsProfiles("[profile x]\na=1\n", /*config=*/false),
              ElementsAre(Pair("profile x", ElementsAre(Pair("a", "1")))));
  EXPECT_THAT(ParseAwsProfiles("", true), IsEmpty());
}

}  // namespace
}  // namespace syncd
