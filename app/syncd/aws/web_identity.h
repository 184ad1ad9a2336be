// A role that a token in a file stands for, as EKS gives one to a service account.
#ifndef SYNCD_AWS_WEB_IDENTITY_H_
#define SYNCD_AWS_WEB_IDENTITY_H_

#include "syncd/aws/provider.h"

namespace syncd {

// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME (if `variables`), each
// otherwise as web_identity_token_file, role_arn and role_session_name of the profile. nullopt
// without a token file. The file is read each time: its token is replaced by whoever runs us.
AwsFound FromWebIdentity(const AwsContext& context, const AwsProfile& profile, bool variables);

}  // namespace syncd

#endif  // SYNCD_AWS_WEB_IDENTITY_H_
