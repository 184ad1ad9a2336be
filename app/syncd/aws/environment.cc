#include "syncd/aws/environment.h"

#include <absl/strings/str_format.h>

#include "syncd/aws/answers.h"

namespace syncd {

AwsFound FromEnvironment(const AwsContext& context) {
  const AwsSettings& settings = context.settings;
  indexswap::AwsCredentials found = {settings.Variable("AWS_ACCESS_KEY_ID"),
                                     settings.Variable("AWS_SECRET_ACCESS_KEY"),
                                     settings.Variable("AWS_SESSION_TOKEN")};
  if (found.access_key_id.empty()) return std::nullopt;
  if (found.secret_access_key.empty()) {
    return absl::UnauthenticatedError(
        "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set: set both, or neither");
  }
  const std::string end = settings.Variable("AWS_CREDENTIAL_EXPIRATION");
  if (end.empty()) return found;
  found.expires = ParseAwsTime(end);
  if (!found.expires) {
    return absl::UnauthenticatedError(absl::StrFormat(
        "AWS_CREDENTIAL_EXPIRATION is \"%s\"; expected a time such as 2026-11-26T13:00:00Z", end));
  }
  if (*found.expires <= context.now) {
    return absl::UnauthenticatedError(absl::StrFormat(
        "the key in AWS_ACCESS_KEY_ID has expired at %s, as AWS_CREDENTIAL_EXPIRATION says: set "
        "new ones and start again, or use a source that renews itself, such as a role",
        end));
  }
  return found;
}

}  // namespace syncd
