// AWS credentials and region as the AWS SDKs find them.
#ifndef SYNCD_AWS_CREDENTIALS_H_
#define SYNCD_AWS_CREDENTIALS_H_

#include <absl/status/statusor.h>
#include <indexswap/aws.h>

#include <functional>
#include <memory>
#include <string>

namespace syncd {

// How a variable of the environment is looked up; nullptr when it is not set. From any thread.
using AwsEnvironment = std::function<const char*(const char*)>;

// The credential chain of the AWS SDKs, see docs/aws.md: variables, the profile `profile` (empty:
// AWS_PROFILE, otherwise `default`) with its role, web identity or keys, the endpoint of a
// container, the role of an instance. With `profile` given, variables of keys and of a web identity
// are passed over. `region` is where STS is asked if neither variables nor profile say.
// `environment` is kept. Files are read again when they have changed, so keys can be replaced while
// the daemon runs; what expires is fetched again before it does.
//
// Get: kUnauthenticated when there are none, naming where it looked, when only half of something is
// there, or when it is refused; kUnavailable when what should be there did not answer this time.
std::shared_ptr<indexswap::AwsCredentialsProvider> MakeAwsCredentials(
    AwsEnvironment environment, const std::string& profile = "", const std::string& region = "");

// AWS_REGION, AWS_DEFAULT_REGION, or `region` of the profile (found as above); empty if none says.
std::string FindAwsRegion(const AwsEnvironment& environment, const std::string& profile = "");

}  // namespace syncd

#endif  // SYNCD_AWS_CREDENTIALS_H_
