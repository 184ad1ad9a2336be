// The order in which credentials are looked for, as in the AWS SDKs (botocore's, where they
// differ).
#ifndef SYNCD_AWS_CHAIN_H_
#define SYNCD_AWS_CHAIN_H_

#include <indexswap/aws.h>

#include <chrono>
#include <memory>
#include <string>

#include "syncd/aws/credentials.h"
#include "syncd/aws/network.h"
#include "syncd/aws/refreshed.h"

namespace syncd {

struct AwsChainOptions {
  AwsEnvironment environment;
  std::string profile;     // goes before the variables; empty: AWS_PROFILE, or `default`
  std::string sts_region;  // for STS, if neither a variable nor the profile names a region
  AwsNetwork network;
  AwsClock clock = [] { return std::chrono::system_clock::now(); };
};

// The first of these that is there: keys in variables; a role of the profile; a web identity; keys
// of the profile; the container's endpoint; the instance's role. Each search reads everything anew.
std::unique_ptr<AwsSource> MakeAwsChain(AwsChainOptions options);

}  // namespace syncd

#endif  // SYNCD_AWS_CHAIN_H_
