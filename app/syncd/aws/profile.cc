#include "syncd/aws/profile.h"

#include <absl/strings/str_format.h>

#include <initializer_list>

#include "syncd/aws/web_identity.h"

namespace syncd {
namespace {

// Keys of one file: key, secret and token belong together, never one from here and one from there.
AwsFound Keys(const AwsProfile& profile, const std::string& name, const std::string& path) {
  const indexswap::AwsCredentials found = {ValueOf(profile, "aws_access_key_id"),
                                           ValueOf(profile, "aws_secret_access_key"),
                                           ValueOf(profile, "aws_session_token")};
  if (found.access_key_id.empty()) return std::nullopt;
  if (found.secret_access_key.empty()) {
    return absl::UnauthenticatedError(
        absl::StrFormat("the profile \"%s\" in %s has only one of aws_access_key_id and "
                        "aws_secret_access_key: set both",
                        name, path));
  }
  return found;
}

// An error if the profile has one of `keys`: to go on would be to become somebody else.
absl::Status Refuse(const AwsProfile& profile, const std::string& name,
                    std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    if (ValueOf(profile, key).empty()) continue;
    return absl::UnauthenticatedError(absl::StrFormat(
        "the profile \"%s\" gets its credentials by %s, which syncd does not support: use keys, a "
        "role or a web identity, or choose another profile with AWS_PROFILE",
        name, key));
  }
  return absl::OkStatus();
}

}  // namespace

AwsFound FromProfile(const AwsContext& context, const std::string& name, bool variables) {
  const AwsSettings& settings = context.settings;
  const AwsProfile profile = settings.Find(name).value_or(AwsProfile());
  AwsFound found = FromWebIdentity(context, profile, variables);
  if (!found.ok() || *found) return found;
  absl::Status refused = Refuse(profile, name, {"sso_account_id", "sso_role_name"});
  if (!refused.ok()) return refused;
  found = Keys(settings.InCredentialsFile(name), name, settings.credentials_path());
  if (!found.ok() || *found) return found;
  refused = Refuse(profile, name, {"login_session", "credential_process"});
  if (!refused.ok()) return refused;
  return Keys(settings.InConfigFile(name), name, settings.config_path());
}

}  // namespace syncd
