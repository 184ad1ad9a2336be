// The endpoints of container and instance: what is sent to them, and what their answers mean.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scripted_network.h"
#include "syncd/aws/network.h"

namespace syncd {
namespace {

using absl::StatusCode;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr char kFull[] = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

class ContainerTest : public ChainTest {};

TEST_F(ContainerTest, APathIsAskedForAtTheAddressOfEcs) {
  variables_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/1?a=b";
  network_.Answer(200, JsonKey("KEY"));
  EXPECT_EQ(Find()->access_key_id, "KEY");
  EXPECT_EQ(network_.sent[0].line, "GET http://169.254.170.2/v2/credentials/1?a=b");
  EXPECT_THAT(network_.sent[0].headers, ElementsAre(Pair("Accept", "application/json")));
  variables_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "@192.0.2.1/";
  EXPECT_EQ(Find().status().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(network_.sent.size(), 1);
}

TEST_F(ContainerTest, TheTokenIsReadAnew) {
  variables_[kFull] = "http://169.254.170.23/v1/credentials";
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "not this one";
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = home_ + "/token";
  EXPECT_THAT(std::string(Find().status().message()), HasSubstr("can't be read"));
  for (const char* token : {"first", "second"}) {
    Write("token", token);
    network_.Answer(200, JsonKey("KEY"));
    EXPECT_TRUE(Find().ok());
    EXPECT_EQ(network_.sent.back().headers["Authorization"], token);
  }
  Write("token", "two\nlines");
  EXPECT_THAT(std::string(Find().status().message()),
              AllOf(HasSubstr("line break"), Not(HasSubstr("two"))));
}

TEST_F(ContainerTest, OnlyItsOwnHostsWithoutHttps) {
  for (const char* allowed :
       {"http://localhost:1/", "http://LOCALHOST/", "http://127.0.0.1/", "http://127.8.9.10/x",
        "http://[::1]:1/", "http://169.254.170.2/", "http://169.254.170.23/",
        "http://[fd00:ec2::23]/", "http://[FD00:EC2:0::23]/", "https://example.com/"}) {
    variables_[kFull] = allowed;
    network_.Answer(200, JsonKey("KEY"));
    EXPECT_TRUE(Find().ok()) << allowed << ": " << Find().status();
  }
  network_.answers.clear();
  network_.sent.clear();
  for (const char* refused :
       {"http://example.com/", "http://localhost.example.com/", "http://169.254.169.254/",
        "http://128.0.0.1/", "http://127.1/", "http://2130706433/", "http://[fd00:ec2::24]/",
        "http://[::ffff:127.0.0.1]/", "http://127.0.0.1@example.com/",
        "http://example.com\\@127.0.0.1/", "http://127.0.0.1.example.com/", "ftp://127.0.0.1/",
        "127.0.0.1/", "http://", "http:///x", "http://127.0.0.1 /", "http://%31/"}) {
    variables_[kFull] = refused;
    EXPECT_EQ(Find().status().code(), StatusCode::kUnauthenticated) << refused;
  }
  EXPECT_TRUE(network_.sent.empty());
}

TEST_F(ContainerTest, RefusalsAndOutages) {
  variables_[kFull] = "http://127.0.0.1/x?key=hidden";
  variables_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "hidden";
  network_.Answer(403, R"({"code":"AccessDenied","message":"not with hidden\nmore"})");
  EXPECT_EQ(Find().status().message(),
            "the credentials endpoint of the container, http://127.0.0.1 answers with HTTP 403, "
            "AccessDenied, not with (secret)");
  network_.Answer(429, "");
  EXPECT_EQ(Find().status().code(), StatusCode::kUnavailable);
  network_.answers.push_back(absl::UnknownError("GET http://127.0.0.1/x?key=hidden: lost"));
  const auto lost = Find();
  EXPECT_EQ(lost.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(lost.status().message()),
              AllOf(HasSubstr("127.0.0.1/x: lost"), Not(HasSubstr("hidden"))));
  network_.Answer(200, R"({"AccessKeyId":"A","SecretAccessKey":"hidden","Token":"hidden"})");
  EXPECT_THAT(std::string(Find().status().message()),
              AllOf(HasSubstr("Expiration is missing"), Not(HasSubstr("hidden"))));
}

class InstanceTest : public ChainTest {
 protected:
  void AnswerAll(const std::string& id) {
    network_.Answer(200, "the-session");
    network_.Answer(200, "a+role\n");
    network_.Answer(200, JsonKey(id));
  }
};

TEST_F(InstanceTest, TokenThenNameThenCredentials) {
  AnswerAll("KEY");
  EXPECT_EQ(Find()->access_key_id, "KEY");
  ASSERT_EQ(network_.sent.size(), 3);
  const std::string base = "http://169.254.169.254/latest/";
  EXPECT_EQ(network_.sent[0].line, "PUT " + base + "api/token");
  EXPECT_THAT(network_.sent[0].headers,
              ElementsAre(Pair("X-aws-ec2-metadata-token-ttl-seconds", "21600")));
  EXPECT_EQ(network_.sent[1].line, "GET " + base + "meta-data/iam/security-credentials/");
  EXPECT_EQ(network_.sent[2].line, "GET " + base + "meta-data/iam/security-credentials/a+role");
  for (int i : {1, 2}) {
    EXPECT_THAT(network_.sent[i].headers,
                ElementsAre(Pair("X-aws-ec2-metadata-token", "the-session")));
  }
}

TEST_F(InstanceTest, Addresses) {
  const auto asked = [this] {
    static_cast<void>(Find());
    return network_.sent.back().line;
  };
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
  EXPECT_EQ(asked(), "PUT http://[fd00:ec2::254]/latest/api/token");
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://elsewhere:1/";
  EXPECT_THAT(asked(), HasSubstr("PUT http://elsewhere:1/"));
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "";
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv5";
  EXPECT_THAT(std::string(Find().status().message()), HasSubstr("neither IPv4 nor IPv6"));
}

TEST_F(InstanceTest, IsNotAskedWhenThatIsForbidden) {
  variables_["AWS_EC2_METADATA_DISABLED"] = "True";
  EXPECT_THAT(std::string(Find().status().message()), HasSubstr("AWS_EC2_METADATA_DISABLED"));
  EXPECT_TRUE(network_.sent.empty());
}

TEST_F(InstanceTest, WhereThereIsNoneThereAreNoCredentials) {
  EXPECT_EQ(Find().status().code(), StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(Find().status().message()), HasSubstr("nothing listens there"));
  network_.Answer(403, "");
  EXPECT_EQ(Find().status().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(network_.sent.size(), 3) << "never without a token";
  network_.Answer(200, "the-session");
  network_.Answer(404, "");
  EXPECT_THAT(std::string(Find().status().message()), HasSubstr("has no role"));
  network_.Answer(200, "the-session");
  network_.Answer(200, "../../else");
  EXPECT_THAT(std::string(Find().status().message()), HasSubstr("no name of a role"));
  network_.Answer(200, "the-session");
  network_.Answer(200, "role");
  network_.Answer(200, R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot"})");
  EXPECT_THAT(std::string(Find().status().message()),
              HasSubstr("AssumeRoleUnauthorizedAccess: EC2 cannot"));
}

TEST_F(InstanceTest, WhereItIsItMayComeBack) {
  network_.Answer(503, "");
  EXPECT_EQ(Find().status().code(), StatusCode::kUnavailable);
  network_.answers.push_back(absl::UnknownError("timed out"));
  const auto lost = Find();
  EXPECT_EQ(lost.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(lost.status().message()), HasSubstr("hop limit"));
  AnswerAll("KEY");
  EXPECT_TRUE(Find().ok());
  EXPECT_EQ(Find().status().code(), StatusCode::kUnavailable) << "not reached, but known";
}

}  // namespace
}  // namespace syncd
