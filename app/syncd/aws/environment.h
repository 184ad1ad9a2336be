// Keys in variables: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, and
// AWS_CREDENTIAL_EXPIRATION.
#ifndef SYNCD_AWS_ENVIRONMENT_H_
#define SYNCD_AWS_ENVIRONMENT_H_

#include "syncd/aws/provider.h"

namespace syncd {

// nullopt without AWS_ACCESS_KEY_ID; kUnauthenticated with that alone, or when it is over.
AwsFound FromEnvironment(const AwsContext& context);

}  // namespace syncd

#endif  // SYNCD_AWS_ENVIRONMENT_H_
