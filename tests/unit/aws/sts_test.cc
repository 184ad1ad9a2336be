// Roles: of profiles, chained, and of web identities; what is sent to STS and what its answers
// mean.
#include "syncd/aws/sts.h"

#include <absl/time/time.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "scripted_network.h"
#include "syncd/aws/answers.h"

namespace syncd {
namespace {

using absl::StatusCode;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class RoleTest : public ChainTest {
 protected:
  RoleTest() {
    Write(".aws/credentials",
          "[src]\naws_access_key_id=SRC\naws_secret_access_key=hidden-key\n"
          "aws_session_token=hidden-token\n");
    Write(".aws/config",
          "[profile one]\nrole_arn=arn:aws:iam::1:role/one\nsource_profile=src\n"
          "[profile two]\nrole_arn=arn:aws:iam::1:role/two\nsource_profile=one\n"
          "external_id=a&b\nduration_seconds=900\nrole_session_name=me\n");
    variables_["AWS_PROFILE"] = "one";
  }
};

TEST_F(RoleTest, AsksTheRegionsSts) {
  network_.Answer(200, XmlKey("ROLE"));
  const auto found = Find();
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->access_key_id, "ROLE");
  EXPECT_EQ(found->secret_access_key, "S&");
  EXPECT_EQ(found->session_token, "T");
  EXPECT_EQ(found->expires, ParseAwsTime("2099-01-01T00:00:00Z"));
  ASSERT_EQ(network_.sent.size(), 1);
  EXPECT_EQ(network_.sent[0].line, "POST https://sts.eu-west-2.amazonaws.com/");
  EXPECT_EQ(network_.sent[0].signer, "sts/eu-west-2/SRC/hidden-token");
  EXPECT_EQ(network_.sent[0].body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fone"
            "&RoleSessionName=syncd-86400");
}

TEST_F(RoleTest, ChainsRoles) {
  variables_["AWS_PROFILE"] = "two";
  network_.Answer(200, XmlKey("ONE"));
  network_.Answer(200, XmlKey("TWO"));
  EXPECT_EQ(Find()->access_key_id, "TWO");
  ASSERT_EQ(network_.sent.size(), 2);
  EXPECT_EQ(network_.sent[1].signer, "sts/eu-west-2/ONE/T");
  EXPECT_THAT(network_.sent[1].body,
              AllOf(HasSubstr("&RoleSessionName=me&"), HasSubstr("&ExternalId=a%26b&"),
                    HasSubstr("&DurationSeconds=900")));
}

TEST_F(RoleTest, PlacesOfSts) {
  const auto asked = [this](const char* region) {
    variables_["AWS_REGION"] = region;
    static_cast<void>(Find());
    return network_.sent.back().line;
  };
  EXPECT_EQ(asked("cn-north-1"), "POST https://sts.cn-north-1.amazonaws.com.cn/");
  EXPECT_EQ(asked("eusc-de-east-1"), "POST https://sts.eusc-de-east-1.amazonaws.eu/");
  variables_["AWS_ENDPOINT_URL"] = "http://all";
  EXPECT_EQ(asked("eu-west-2"), "POST http://all/");
  variables_["AWS_ENDPOINT_URL_STS"] = "http://sts";
  EXPECT_EQ(asked("eu-west-2"), "POST http://sts/");
}

TEST_F(RoleTest, TheRegionOfTheStoreIsTheLastResort) {
  variables_.erase("AWS_REGION");
  EXPECT_THAT(std::string(Find().status().message()), HasSubstr("AWS_REGION"));
  EXPECT_TRUE(network_.sent.empty());
  source_.reset();
  sts_region_ = "eu-west-1";
  network_.Answer(200, XmlKey("ROLE"));
  EXPECT_TRUE(Find().ok());
  EXPECT_EQ(network_.sent[0].signer, "sts/eu-west-1/SRC/hidden-token");
}

TEST_F(RoleTest, RefusalsAndOutages) {
  network_.Answer(403,
                  "<ErrorResponse><Error><Code>AccessDenied</Code><Message>hidden-key must not\n"
                  "canonical hidden-token</Message></Error></ErrorResponse>");
  const auto refused = Find();
  EXPECT_EQ(refused.status().code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(refused.status().message()),
              AllOf(HasSubstr("arn:aws:iam::1:role/one"), HasSubstr("HTTP 403, AccessDenied: "),
                    HasSubstr("must not"), Not(HasSubstr("hidden-")), Not(HasSubstr("canonical"))));
  network_.Answer(503, "");
  EXPECT_EQ(Find().status().code(), StatusCode::kUnavailable);
  network_.Answer(400, "<Error><Code>Throttling</Code></Error>");
  EXPECT_EQ(Find().status().code(), StatusCode::kUnavailable);
  network_.answers.push_back(absl::UnknownError("lost"));
  EXPECT_EQ(Find().status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(Find().status().code(), StatusCode::kUnavailable) << "not reached";
  network_.answers.push_back(absl::InvalidArgumentError("no URL"));
  EXPECT_EQ(Find().status().code(), StatusCode::kUnauthenticated);
  network_.Answer(200, "<html/>");
  EXPECT_THAT(std::string(Find().status().message()), HasSubstr("AccessKeyId is missing"));
}

TEST_F(RoleTest, MistakesInProfiles) {
  const auto error = [this](const std::string& config) {
    Write(".aws/config", "[profile one]\nrole_arn=arn\n" + config);
    source_.reset();
    return std::string(Find().status().message());
  };
  EXPECT_THAT(error(""), HasSubstr("add source_profile or credential_source"));
  EXPECT_THAT(error("source_profile=src\ncredential_source=Environment\n"), HasSubstr("both"));
  EXPECT_THAT(error("source_profile=nobody\n"), HasSubstr("\"nobody\", which is not there"));
  EXPECT_THAT(error("source_profile=one\n"), HasSubstr("leads back"));
  EXPECT_THAT(error("credential_source=Environment\n"), HasSubstr("not set"));
  EXPECT_THAT(error("credential_source=Moon\n"), HasSubstr("expected Environment, EcsContainer"));
  EXPECT_THAT(error("source_profile=src\nmfa_serial=x\n"), HasSubstr("mfa_serial"));
  EXPECT_THAT(error("source_profile=src\nduration_seconds=1h\n"), HasSubstr("a number"));
  EXPECT_THAT(error("credential_source=Ec2InstanceMetadata\n"), HasSubstr("nothing listens"));
  EXPECT_EQ(network_.sent.size(), 1) << "only the instance was asked for anything";
}

TEST_F(RoleTest, AWebIdentityIsSentUnsignedAndReadAnew) {
  variables_.erase("AWS_PROFILE");
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = home_ + "/token";
  EXPECT_THAT(std::string(Find().status().message()), HasSubstr("AWS_ROLE_ARN"));
  variables_["AWS_ROLE_ARN"] = "arn";
  variables_["AWS_ROLE_SESSION_NAME"] = "pod";
  EXPECT_THAT(std::string(Find().status().message()), HasSubstr("can't be read"));
  for (const char* token : {"first", "second"}) {
    Write("token", std::string(token) + "\n");
    network_.Answer(200, XmlKey("WEB"));
    EXPECT_EQ(Find()->access_key_id, "WEB");
    EXPECT_EQ(network_.sent.back().body,
              "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn"
              "&RoleSessionName=pod&WebIdentityToken=" +
                  std::string(token));
    EXPECT_EQ(network_.sent.back().signer, "");
  }
  network_.Answer(400, "<Code>InvalidIdentityToken</Code><Message>no second</Message>");
  EXPECT_THAT(std::string(Find().status().message()), HasSubstr("InvalidIdentityToken: no (sec"));
}

// Twelve hours of a request a minute, with roles of an hour, while STS is out of order every other
// time that it is asked.
TEST_F(RoleTest, ALongBuildNeverHasKeysThatHaveExpired) {
  const auto provider = RefreshedAwsCredentials(Source(), [this] { return now_; });
  std::set<std::string> keys;
  for (int minute = 0; minute < 720; ++minute, now_ += std::chrono::minutes(1)) {
    const size_t asked = network_.sent.size();
    const absl::Time end = absl::FromChrono(now_ + std::chrono::hours(1));
    network_.answers.clear();
    if (asked % 2 == 1) network_.Answer(503, "");
    network_.Answer(200, XmlKey("KEY" + std::to_string(minute),
                                absl::FormatTime(absl::RFC3339_full, end, absl::UTCTimeZone())));
    const auto found = provider->Get();
    ASSERT_TRUE(found.ok()) << minute << ": " << found.status();
    ASSERT_GT(*found->expires, now_) << minute;
    ASSERT_LE(network_.sent.size() - asked, 1);
    keys.insert(found->access_key_id);
  }
  EXPECT_EQ(keys.size(), 16);                // one in 46 minutes: 45, and one to try again
  EXPECT_EQ(network_.sent.size(), 16 + 15);  // each but the first at the second try
}

TEST(AnswersTest, Times) {
  const auto time = ParseAwsTime("2026-11-26T13:00:00Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(std::chrono::system_clock::to_time_t(*time), 1795698000);
  EXPECT_EQ(ParseAwsTime("2026-11-26T14:00:00.000+01:00"), time);
  EXPECT_FALSE(ParseAwsTime("tomorrow"));
  EXPECT_FALSE(ParseAwsTime(""));
}

}  // namespace
}  // namespace syncd
