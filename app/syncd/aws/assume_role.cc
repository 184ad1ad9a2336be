#include "syncd/aws/assume_role.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "syncd/aws/container.h"
#include "syncd/aws/environment.h"
#include "syncd/aws/instance.h"
#include "syncd/aws/profile.h"
#include "syncd/aws/sts.h"

namespace syncd {
namespace {

using indexswap::AwsCredentials;

bool Has(const AwsProfile& profile, const char* key) { return !ValueOf(profile, key).empty(); }

bool HasKeys(const AwsProfile& profile) {
  return Has(profile, "aws_access_key_id") || Has(profile, "aws_secret_access_key");
}

bool HasRole(const AwsProfile& profile) {
  return Has(profile, "role_arn") && !Has(profile, "web_identity_token_file");
}

absl::Status Wrong(const std::string& profile, const std::string& what) {
  return absl::UnauthenticatedError(absl::StrFormat("the profile \"%s\" %s", profile, what));
}

// One search along source profiles. A role is assumed with what its source gives, innermost first.
class Search {
 public:
  explicit Search(const AwsContext& context) : context_(context) {}

  absl::StatusOr<AwsCredentials> Assume(const std::string& name) {
    const AwsProfile profile = context_.settings.Find(name).value_or(AwsProfile());
    visited_.push_back(name);
    const absl::Status checked = Check(name, profile);
    if (!checked.ok()) return checked;
    const std::string source = ValueOf(profile, "source_profile");
    auto caller = source.empty() ? Named(name, ValueOf(profile, "credential_source"))
                                 : OfProfile(name, source);
    if (!caller.ok()) return caller.status();
    StsRole role = {ValueOf(profile, "role_arn"), ValueOf(profile, "role_session_name"),
                    ValueOf(profile, "external_id"), ValueOf(profile, "duration_seconds")};
    return AssumeRole(context_, role, *caller);
  }

 private:
  static absl::Status Check(const std::string& name, const AwsProfile& profile) {
    const bool source = Has(profile, "source_profile");
    const bool named = Has(profile, "credential_source");
    if (source && named) {
      return Wrong(name, "has both source_profile and credential_source: remove one of them");
    }
    if (!source && !named) {
      return Wrong(name,
                   "has a role_arn, but nobody to assume it: add source_profile or "
                   "credential_source");
    }
    if (Has(profile, "mfa_serial")) {
      return Wrong(name,
                   "asks for an MFA code (mfa_serial), and nobody is there to type it: let "
                   "syncd have a role without");
    }
    const std::string duration = ValueOf(profile, "duration_seconds");
    if (duration.find_first_not_of("0123456789") != std::string::npos) {
      return Wrong(name, absl::StrFormat("has duration_seconds = \"%s\"; expected a number from "
                                         "900 to 43200",
                                         duration));
    }
    return absl::OkStatus();
  }

  // The identity that `name` has for its source.
  absl::StatusOr<AwsCredentials> OfProfile(const std::string& name, const std::string& source) {
    const std::optional<AwsProfile> profile = context_.settings.Find(source);
    if (!profile) {
      return Wrong(name, absl::StrFormat("has source_profile = \"%s\", which is not there (looked "
                                         "for in %s): add it",
                                         source, context_.settings.Files()));
    }
    // A profile may name itself, for the keys that it has beside its role.
    const bool circle = std::find(visited_.begin(), visited_.end(), source) != visited_.end();
    if (circle && (source != name || !HasKeys(*profile))) {
      return Wrong(name, absl::StrFormat("has source_profile = \"%s\", which leads back to it: one "
                                         "of them needs keys of its own",
                                         source));
    }
    if (HasRole(*profile) && !HasKeys(*profile)) return Assume(source);
    AwsFound found = FromProfile(context_, source, /*variables=*/false);
    if (!found.ok()) return found.status();
    if (*found) return **std::move(found);
    return Wrong(source, absl::StrFormat("is the source of \"%s\" and has no credentials: add "
                                         "aws_access_key_id and aws_secret_access_key",
                                         name));
  }

  // The identity `source` that the machine or the environment has.
  absl::StatusOr<AwsCredentials> Named(const std::string& name, const std::string& source) {
    AwsFound found = std::nullopt;
    if (source == "Environment") {
      found = FromEnvironment(context_);
    } else if (source == "EcsContainer") {
      found = FromContainer(context_);
    } else if (source == "Ec2InstanceMetadata") {
      auto instance = FromInstance(context_);
      if (instance.ok()) return instance;
      if (!absl::IsNotFound(instance.status())) return instance.status();
      return Wrong(name, absl::StrFormat("has credential_source = %s, but %s", source,
                                         std::string(instance.status().message())));
    } else {
      return Wrong(name, absl::StrFormat("has credential_source = \"%s\"; expected Environment, "
                                         "EcsContainer or Ec2InstanceMetadata",
                                         source));
    }
    if (!found.ok()) return found.status();
    if (*found) return **std::move(found);
    return Wrong(name, absl::StrFormat("has credential_source = %s, but there are none: its "
                                       "variables are not set",
                                       source));
  }

  const AwsContext& context_;
  std::vector<std::string> visited_;
};

}  // namespace

AwsFound FromAssumeRole(const AwsContext& context, const std::string& profile) {
  const std::optional<AwsProfile> found = context.settings.Find(profile);
  if (!found || !HasRole(*found)) return std::nullopt;
  auto assumed = Search(context).Assume(profile);
  if (!assumed.ok()) return assumed.status();
  return *std::move(assumed);
}

}  // namespace syncd
