// The endpoint that ECS and EKS give to a container.
#ifndef SYNCD_AWS_CONTAINER_H_
#define SYNCD_AWS_CONTAINER_H_

#include "syncd/aws/provider.h"

namespace syncd {

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, otherwise AWS_CONTAINER_CREDENTIALS_FULL_URI; nullopt
// without either. With the token that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE holds (read each
// time), or AWS_CONTAINER_AUTHORIZATION_TOKEN. A full URI is https, or goes to this machine or to
// the addresses of ECS and EKS: the token must not be sent in clear text to anybody else.
AwsFound FromContainer(const AwsContext& context);

}  // namespace syncd

#endif  // SYNCD_AWS_CONTAINER_H_
