// AWS credentials and region as the AWS command line finds them: environment, then shared files.
#ifndef SYNCD_AWS_CREDENTIALS_H_
#define SYNCD_AWS_CREDENTIALS_H_

#include <absl/status/statusor.h>
#include <indexswap/aws.h>

#include <functional>
#include <memory>
#include <string>

namespace syncd {

// How a variable of the environment is looked up; nullptr when it is not set.
using AwsEnvironment = std::function<const char*(const char*)>;

// The variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; without them the
// profile `profile` (empty: AWS_PROFILE, otherwise `default`) of the files
// AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials) and AWS_CONFIG_FILE (~/.aws/config). With
// `profile` given, the variables of keys are passed over. `environment` is asked at once and not
// kept. Files are read again when they have changed, so keys can be replaced while the daemon runs.
//
// Get: kUnauthenticated when there are none, naming where it looked, or only half of a pair.
std::shared_ptr<indexswap::AwsCredentialsProvider> MakeAwsCredentials(
    const AwsEnvironment& environment, const std::string& profile = "");

// AWS_REGION, AWS_DEFAULT_REGION, or `region` of the profile (found as above); empty if none says.
std::string FindAwsRegion(const AwsEnvironment& environment, const std::string& profile = "");

}  // namespace syncd

#endif  // SYNCD_AWS_CREDENTIALS_H_
