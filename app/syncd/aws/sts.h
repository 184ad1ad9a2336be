// The Security Token Service: the two calls that turn one identity into another.
#ifndef SYNCD_AWS_STS_H_
#define SYNCD_AWS_STS_H_

#include <absl/status/statusor.h>
#include <indexswap/aws.h>

#include <string>

#include "syncd/aws/provider.h"

namespace syncd {

// A role to be assumed. What is empty is left out, but for the session's name: it has a default.
struct StsRole {
  std::string arn;
  std::string session_name;
  std::string external_id;
  std::string duration_s;
};

// The keys of `role`, asked for by `caller`, or by the bearer of `token`. The request goes to
// AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, endpoint_url of the profile in use, or the region's own.
//
// kUnauthenticated, with the code of STS, when it refuses or the region is missing; kUnavailable
// when it was not reached, is too busy, or its answer was lost.
absl::StatusOr<indexswap::AwsCredentials> AssumeRole(const AwsContext& context, const StsRole& role,
                                                     const indexswap::AwsCredentials& caller);
absl::StatusOr<indexswap::AwsCredentials> AssumeRoleWithWebIdentity(const AwsContext& context,
                                                                    const StsRole& role,
                                                                    const std::string& token);

}  // namespace syncd

#endif  // SYNCD_AWS_STS_H_
