#include "syncd/aws/chain.h"

#include <absl/strings/str_format.h>

#include <utility>

#include "syncd/aws/assume_role.h"
#include "syncd/aws/container.h"
#include "syncd/aws/environment.h"
#include "syncd/aws/instance.h"
#include "syncd/aws/profile.h"
#include "syncd/aws/settings.h"

namespace syncd {
namespace {

class Chain : public AwsSource {
 public:
  explicit Chain(AwsChainOptions options)
      : options_(std::move(options)), settings_(options_.environment, options_.profile) {}

  bool Changed() override { return settings_.Reload(); }

  absl::StatusOr<indexswap::AwsCredentials> Fetch() override {
    settings_.Reload();
    const std::string region = settings_.Region();
    const AwsContext context = {settings_, options_.network, options_.clock(),
                                region.empty() ? options_.sts_region : region,
                                instance_has_answered_};
    AwsFound found = Configured(context);
    if (!found.ok()) return found.status();
    if (*found) return **std::move(found);
    auto instance = FromInstance(context);
    if (!absl::IsNotFound(instance.status())) return instance;
    return absl::UnauthenticatedError(Nothing() + std::string(instance.status().message()));
  }

 private:
  // Whatever somebody has asked for.
  AwsFound Configured(const AwsContext& context) const {
    const std::string& profile = settings_.profile();
    if (settings_.profile_is_chosen() && !settings_.Find(profile)) {
      return absl::UnauthenticatedError(absl::StrFormat(
          "there is no AWS profile \"%s\" (looked for in %s): add it, or choose another with "
          "AWS_PROFILE",
          profile, settings_.Files()));
    }
    if (settings_.variables_count()) {
      AwsFound found = FromEnvironment(context);
      if (!found.ok() || *found) return found;
    }
    AwsFound found = FromAssumeRole(context, profile);
    if (!found.ok() || *found) return found;
    found = FromProfile(context, profile, settings_.variables_count());
    if (!found.ok() || *found) return found;
    return FromContainer(context);
  }

  std::string Nothing() const {
    return absl::StrFormat(
        "no AWS credentials: %sthe profile \"%s\" has none (looked for in %s); neither "
        "AWS_WEB_IDENTITY_TOKEN_FILE nor AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or "
        "AWS_CONTAINER_CREDENTIALS_FULL_URI is set. Set AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or add keys or a role to the profile. Last of all, ",
        Variables(), settings_.profile(), settings_.Files());
  }

  const char* Variables() const {
    if (!settings_.variables_count()) return "";
    return settings_.Variable("AWS_SECRET_ACCESS_KEY").empty()
               ? "AWS_ACCESS_KEY_ID is not set; "
               : "AWS_SECRET_ACCESS_KEY is set, but not AWS_ACCESS_KEY_ID; ";
  }

  const AwsChainOptions options_;
  AwsSettings settings_;
  bool instance_has_answered_ = false;
};

}  // namespace

std::unique_ptr<AwsSource> MakeAwsChain(AwsChainOptions options) {
  return std::make_unique<Chain>(std::move(options));
}

}  // namespace syncd
