#include "syncd/aws/web_identity.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_format.h>

#include <fstream>
#include <iterator>

#include "syncd/aws/sts.h"

namespace syncd {

AwsFound FromWebIdentity(const AwsContext& context, const AwsProfile& profile, bool variables) {
  const auto value = [&](const char* variable, const char* key) {
    std::string found = variables ? context.settings.Variable(variable) : "";
    return found.empty() ? ValueOf(profile, key) : found;
  };
  const std::string path = value("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
  if (path.empty()) return std::nullopt;
  const StsRole role = {value("AWS_ROLE_ARN", "role_arn"),
                        value("AWS_ROLE_SESSION_NAME", "role_session_name")};
  if (role.arn.empty()) {
    return absl::UnauthenticatedError(absl::StrFormat(
        "the web identity token %s has no role: set AWS_ROLE_ARN, or role_arn in its profile",
        path));
  }
  std::ifstream in(path, std::ios::binary);
  std::string token{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  absl::StripAsciiWhitespace(&token);
  if (token.empty()) {
    return absl::UnauthenticatedError(absl::StrFormat(
        "the web identity token %s can't be read, or is empty: check "
        "AWS_WEB_IDENTITY_TOKEN_FILE (web_identity_token_file in a profile) and who may read it",
        path));
  }
  auto found = AssumeRoleWithWebIdentity(context, role, token);
  if (!found.ok()) return found.status();
  return *std::move(found);
}

}  // namespace syncd
