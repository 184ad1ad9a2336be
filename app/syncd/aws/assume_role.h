// Roles of profiles: role_arn with source_profile or credential_source, chained at will.
#ifndef SYNCD_AWS_ASSUME_ROLE_H_
#define SYNCD_AWS_ASSUME_ROLE_H_

#include <string>

#include "syncd/aws/provider.h"

namespace syncd {

// nullopt unless the profile has a role_arn, and no web_identity_token_file. kUnauthenticated for a
// role without a source or with two of them, a source that is not there or has nothing, a circle,
// and mfa_serial: nobody is there to type a code.
AwsFound FromAssumeRole(const AwsContext& context, const std::string& profile);

}  // namespace syncd

#endif  // SYNCD_AWS_ASSUME_ROLE_H_
