#include "syncd/aws/credentials.h"

#include <utility>

#include "syncd/aws/chain.h"
#include "syncd/aws/refreshed.h"
#include "syncd/aws/settings.h"

namespace syncd {

std::shared_ptr<indexswap::AwsCredentialsProvider> MakeAwsCredentials(AwsEnvironment environment,
                                                                      const std::string& profile,
                                                                      const std::string& region) {
  AwsChainOptions options;
  options.environment = std::move(environment);
  options.profile = profile;
  options.sts_region = region;
  const AwsClock clock = options.clock;
  return RefreshedAwsCredentials(MakeAwsChain(std::move(options)), clock);
}

std::string FindAwsRegion(const AwsEnvironment& environment, const std::string& profile) {
  return AwsSettings(environment, profile).Region();
}

}  // namespace syncd
