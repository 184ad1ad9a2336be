// The metadata service of an EC2 instance, version 2 (IMDSv2).
#ifndef SYNCD_AWS_INSTANCE_H_
#define SYNCD_AWS_INSTANCE_H_

#include <absl/status/statusor.h>
#include <indexswap/aws.h>

#include "syncd/aws/provider.h"

namespace syncd {

// The keys of the instance's role: a token of the session first, then the role's name, then its
// credentials. The service is at AWS_EC2_METADATA_SERVICE_ENDPOINT or, by
// AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE, at its address of IPv4 or IPv6; both can be keys of the
// profile as well, without AWS_ and in lower case.
//
// kNotFound, with the reason, where there is none: AWS_EC2_METADATA_DISABLED, no such service, no
// token, no role. kUnavailable where it is there and could not answer this time; once it has
// answered, so is being out of reach. kUnauthenticated for settings that make no sense.
absl::StatusOr<indexswap::AwsCredentials> FromInstance(const AwsContext& context);

}  // namespace syncd

#endif  // SYNCD_AWS_INSTANCE_H_
