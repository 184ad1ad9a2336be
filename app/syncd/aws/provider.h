// What the providers of the chain have in common.
#ifndef SYNCD_AWS_PROVIDER_H_
#define SYNCD_AWS_PROVIDER_H_

#include <absl/status/statusor.h>
#include <indexswap/aws.h>

#include <chrono>
#include <optional>
#include <string>

#include "syncd/aws/network.h"
#include "syncd/aws/settings.h"

namespace syncd {

// Credentials; nullopt where a provider was not asked for, so the next one has its turn. An error
// ends the search: what was asked for and fails must not be replaced by somebody else's identity.
// kUnauthenticated where waiting doesn't help, kUnavailable where it may.
using AwsFound = absl::StatusOr<std::optional<indexswap::AwsCredentials>>;

// What a provider works with, for the time of one search.
struct AwsContext {
  const AwsSettings& settings;
  const AwsNetwork& network;
  std::chrono::system_clock::time_point now;
  std::string sts_region;       // may be empty
  bool& instance_has_answered;  // the metadata service of this machine, in any search so far
};

}  // namespace syncd

#endif  // SYNCD_AWS_PROVIDER_H_
