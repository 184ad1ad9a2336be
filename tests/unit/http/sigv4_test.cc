// The signer against the vectors of AWS's own test suite; tests/aws compares it with botocore.
#include "indexswap/http/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

namespace indexswap {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const AwsCredentials kCredentials = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
// 2015-08-30T12:36:00Z
const auto kTime = std::chrono::system_clock::from_time_t(1440938160);

struct Vector {
  const char* name;  // of the folder in the test suite
  std::string method;
  std::string path;
  std::string query;
  std::vector<HttpHeader> headers;  // beside Host and X-Amz-Date
  std::string body;
  std::string signed_headers;
  std::string signature;
};

void PrintTo(const Vector& vector, std::ostream* out) { *out << vector.name; }

class SuiteTest : public ::testing::TestWithParam<Vector> {};

TEST_P(SuiteTest, SignsAsPublished) {
  const Vector& vector = GetParam();
  const AwsRequest request = {vector.method, "example.amazonaws.com", vector.path,
                              vector.query,  vector.headers,          vector.body};
  const std::vector<HttpHeader> added =
      SignV4(request, "service", "us-east-1", kCredentials, kTime);
  ASSERT_EQ(added.size(), 2u);
  EXPECT_EQ(added[0], (HttpHeader{"X-Amz-Date", "20150830T123600Z"}));
  EXPECT_EQ(added[1], (HttpHeader{"Authorization",
                                  "AWS4-HMAC-SHA256 "
                                  "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                                  "SignedHeaders=" +
                                      vector.signed_headers + ", Signature=" + vector.signature}));
}

constexpr char kHost[] = "host;x-amz-date";
constexpr char kVanilla[] = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
constexpr char kExample[] = "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5";
constexpr char kPost[] = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
constexpr char kUnreserved[] = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

INSTANTIATE_TEST_SUITE_P(
    Aws, SuiteTest,
    ::testing::Values(
        Vector{"get-vanilla", "GET", "/", "", {}, "", kHost, kVanilla},
        Vector{"get-vanilla-empty-query-key",
               "GET",
               "/",
               "Param1=value1",
               {},
               "",
               kHost,
               "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
        Vector{"get-vanilla-query", "GET", "/", "", {}, "", kHost, kVanilla},
        Vector{"get-vanilla-query-order-key-case",
               "GET",
               "/",
               "Param2=value2&Param1=value1",
               {},
               "",
               kHost,
               "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        Vector{"get-vanilla-query-unreserved",
               "GET",
               "/",
               std::string(kUnreserved) + "=" + kUnreserved,
               {},
               "",
               kHost,
               "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
        Vector{"get-vanilla-utf8-query",
               "GET",
               "/",
               "ሴ=bar",
               {},
               "",
               kHost,
               "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
        Vector{"get-utf8",
               "GET",
               "/ሴ",
               "",
               {},
               "",
               kHost,
               "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        Vector{"get-space",
               "GET",
               "/example space/",
               "",
               {},
               "",
               kHost,
               "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
        Vector{"get-unreserved",
               "GET",
               "/" + std::string(kUnreserved),
               "",
               {},
               "",
               kHost,
               "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
        Vector{"get-relative", "GET", "/example/..", "", {}, "", kHost, kVanilla},
        Vector{"get-relative-relative",
               "GET",
               "/example1/example2/../..",
               "",
               {},
               "",
               kHost,
               kVanilla},
        Vector{"get-slash", "GET", "//", "", {}, "", kHost, kVanilla},
        Vector{"get-slash-dot-slash", "GET", "/./", "", {}, "", kHost, kVanilla},
        Vector{"get-slash-pointless-dot", "GET", "/./example", "", {}, "", kHost, kExample},
        Vector{"get-slashes",
               "GET",
               "//example//",
               "",
               {},
               "",
               kHost,
               "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
        Vector{"get-header-key-duplicate",
               "GET",
               "/",
               "",
               {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
               "",
               "host;my-header1;x-amz-date",
               "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
        Vector{"get-header-value-order",
               "GET",
               "/",
               "",
               {{"My-Header1", "value4"},
                {"My-Header1", "value1"},
                {"My-Header1", "value3"},
                {"My-Header1", "value2"}},
               "",
               "host;my-header1;x-amz-date",
               "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
        Vector{"get-header-value-trim",
               "GET",
               "/",
               "",
               {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
               "",
               "host;my-header1;my-header2;x-amz-date",
               "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        Vector{"post-vanilla", "POST", "/", "", {}, "", kHost, kPost},
        Vector{"post-vanilla-query",
               "POST",
               "/",
               "Param1=value1",
               {},
               "",
               kHost,
               "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
        Vector{"post-header-key-case", "POST", "/", "", {}, "", kHost, kPost},
        Vector{"post-header-value-case",
               "POST",
               "/",
               "",
               {{"My-Header1", "VALUE1"}},
               "",
               "host;my-header1;x-amz-date",
               "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
        Vector{"post-x-www-form-urlencoded",
               "POST",
               "/",
               "",
               {{"Content-Type", "application/x-www-form-urlencoded"}},
               "Param1=value1",
               "content-type;host;x-amz-date",
               "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
        Vector{"post-x-www-form-urlencoded-parameters",
               "POST",
               "/",
               "",
               {{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"}},
               "Param1=value1",
               "content-type;host;x-amz-date",
               "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"}),
    [](const ::testing::TestParamInfo<Vector>& tested) {
      std::string name = tested.param.name;
      for (char& c : name) c = c == '-' ? '_' : c;
      return name;
    });

// post-sts-header-before: the token is signed.
TEST(SigV4Test, SignsTheSessionToken) {
  AwsCredentials credentials = kCredentials;
  credentials.session_token =
      "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpS"
      "PfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDY"
      "wT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKm"
      "lzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
  const std::vector<HttpHeader> added =
      SignV4({"POST", "example.amazonaws.com", "/"}, "service", "us-east-1", credentials, kTime);
  ASSERT_EQ(added.size(), 3u);
  EXPECT_EQ(added[1], (HttpHeader{"X-Amz-Security-Token", credentials.session_token}));
  EXPECT_THAT(added[2].value,
              HasSubstr("SignedHeaders=host;x-amz-date;x-amz-security-token, Signature="
                        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"));
}

TEST(SigV4Test, EncodesPathsTwiceForAllButS3) {
  EXPECT_EQ(CanonicalPath("/a%2Cb/*,c:@d%", "es"), "/a%252Cb/%2A%2Cc%3A%40d%25");
  EXPECT_EQ(CanonicalPath("/a%2Cb//./c", "s3"), "/a%2Cb//./c");
  EXPECT_EQ(CanonicalPath("", "es"), "/");
  EXPECT_EQ(CanonicalPath("/a/b/..", "es"), "/a");
}

TEST(SigV4Test, SortsAndCompletesQueries) {
  EXPECT_EQ(CanonicalQuery("format=json&bytes"), "bytes=&format=json");
  EXPECT_EQ(CanonicalQuery("a=b,c&a=B&A=*&x=%2c%zz%"), "A=%2A&a=B&a=b%2Cc&x=%2C%25zz%25");
  EXPECT_EQ(CanonicalQuery("a=1+1&&b=c=d"), "a=1%2B1&b=c%3Dd");
  // The name counts first, also where it is the beginning of another.
  EXPECT_EQ(CanonicalQuery("a-b=1&a=2"), "a=2&a-b=1");
}

TEST(SigV4Test, SaysThePayloadsHashToServerless) {
  AwsRequest request = {"POST", "x.eu-west-2.aoss.amazonaws.com", "/_bulk"};
  request.body = "{}";
  const std::vector<HttpHeader> added = SignV4(request, "aoss", "eu-west-2", kCredentials, kTime);
  EXPECT_THAT(added, testing::Contains(HttpHeader{
                         "X-Amz-Content-Sha256",
                         "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}));
  EXPECT_THAT(added.back().value, HasSubstr("host;x-amz-content-sha256;x-amz-date"));
  EXPECT_THAT(SignV4(request, "es", "eu-west-2", kCredentials, kTime).back().value,
              Not(HasSubstr("sha256;")));
}

TEST(SignAwsRequestTest, NeedsAllOfItsSettings) {
  const AwsRequest request = {"GET", "example.amazonaws.com", "/"};
  AwsSigning signing = {"es", "eu-west-2", StaticAwsCredentials(kCredentials)};
  const auto added = SignAwsRequest(request, signing, kTime);
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_THAT(added->back().value, StartsWith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/"
                                              "eu-west-2/es/aws4_request"));
  signing.region.clear();
  EXPECT_EQ(SignAwsRequest(request, signing, kTime).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace indexswap
