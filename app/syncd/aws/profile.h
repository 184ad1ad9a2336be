// What one profile of the shared files says by itself: a web identity, or keys.
#ifndef SYNCD_AWS_PROFILE_H_
#define SYNCD_AWS_PROFILE_H_

#include <string>

#include "syncd/aws/provider.h"

namespace syncd {

// In this order: web identity (in the variables too, if `variables`), keys of the credentials file,
// keys of the config file. nullopt if there is nothing of it. kUnauthenticated for a key without
// its secret, and for what other SDKs know but this one does not: single sign-on, `aws login`,
// credential_process.
AwsFound FromProfile(const AwsContext& context, const std::string& profile, bool variables);

}  // namespace syncd

#endif  // SYNCD_AWS_PROFILE_H_
