#include "syncd/aws/sts.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "syncd/aws/answers.h"

namespace syncd {
namespace {

using indexswap::AwsCredentials;
using indexswap::AwsSigning;
using indexswap::PercentEncode;

constexpr std::chrono::milliseconds kConnectTimeout{3000};
constexpr std::chrono::milliseconds kRequestTimeout{10000};

// Refusals of STS that are worth another try, though their HTTP status says otherwise.
constexpr std::array kPassing = {"Throttling", "ThrottlingException", "RequestLimitExceeded",
                                 "IDPCommunicationError", "RequestExpired"};

std::string DomainOf(const std::string& region) {
  if (region.starts_with("cn-")) return "amazonaws.com.cn";
  if (region.starts_with("eusc-")) return "amazonaws.eu";
  return "amazonaws.com";
}

absl::StatusOr<std::string> StsUrl(const AwsContext& context) {
  const AwsSettings& settings = context.settings;
  for (const char* name : {"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"}) {
    if (std::string url = settings.Variable(name); !url.empty()) return url;
  }
  const AwsProfile profile = settings.Find(settings.profile()).value_or(AwsProfile());
  if (std::string url = ValueOf(profile, "endpoint_url"); !url.empty()) return url;
  if (context.sts_region.empty()) {
    return absl::UnauthenticatedError(
        "to assume a role, the region of STS is needed: set AWS_REGION, or region in the profile");
  }
  return "https://sts." + context.sts_region + "." + DomainOf(context.sts_region);
}

std::string Form(const char* action, const StsRole& role, std::chrono::system_clock::time_point now,
                 const std::string& token) {
  const std::string session =
      role.session_name.empty()
          ? absl::StrFormat("syncd-%d", std::chrono::system_clock::to_time_t(now))
          : role.session_name;
  std::string form = absl::StrFormat("Action=%s&Version=2011-06-15", action);
  const auto add = [&form](const char* name, const std::string& value) {
    if (!value.empty()) form += absl::StrFormat("&%s=%s", name, PercentEncode(value));
  };
  add("RoleArn", role.arn);
  add("RoleSessionName", session);
  add("ExternalId", role.external_id);
  add("DurationSeconds", role.duration_s);
  add("WebIdentityToken", token);
  return form;
}

absl::Status Refusal(const indexswap::HttpResponse& answer, const std::string& where,
                     const std::vector<std::string>& secrets) {
  const std::string code = XmlText(answer.body, "Code");
  const std::string reason =
      code.empty() ? "without a code of STS"
                   : Shown(code, secrets) + ": " + Shown(XmlText(answer.body, "Message"), secrets);
  const std::string message = absl::StrFormat("%s: HTTP %d, %s", where, answer.status, reason);
  const bool may_pass = IsPassing(answer.status) ||
                        std::find(kPassing.begin(), kPassing.end(), code) != kPassing.end();
  return may_pass ? absl::UnavailableError(message) : absl::UnauthenticatedError(message);
}

absl::StatusOr<AwsCredentials> Call(const AwsContext& context, const StsRole& role,
                                    const std::string& form, std::optional<AwsSigning> signing,
                                    const std::vector<std::string>& secrets) {
  const absl::StatusOr<std::string> url = StsUrl(context);
  if (!url.ok()) return url.status();
  indexswap::HttpOptions options;
  options.url = *url;
  options.aws = std::move(signing);
  options.connect_timeout = kConnectTimeout;
  options.request_timeout = kRequestTimeout;
  indexswap::HttpRequest request;
  request.method = indexswap::HttpMethod::kPost;
  request.target = "/";
  request.body = form;
  request.content_type = "application/x-www-form-urlencoded; charset=utf-8";
  const std::string where = absl::StrFormat("the role %s could not be assumed", role.arn);
  const auto answer = SendOnce(context.network, std::move(options), request);
  if (!answer.ok()) {
    const std::string message =
        absl::StrFormat("%s: %s", where, std::string(answer.status().message()));
    if (absl::IsUnauthenticated(answer.status())) return absl::UnauthenticatedError(message);
    return absl::UnavailableError(message);
  }
  if (answer->status != 200) return Refusal(*answer, where, secrets);
  return CredentialsFromXml(answer->body, where);
}

}  // namespace

absl::StatusOr<AwsCredentials> AssumeRole(const AwsContext& context, const StsRole& role,
                                          const AwsCredentials& caller) {
  if (context.sts_region.empty()) {
    return absl::UnauthenticatedError(
        absl::StrFormat("to assume the role %s, a region is needed: set AWS_REGION, or region in "
                        "the profile",
                        role.arn));
  }
  AwsSigning signing = {"sts", context.sts_region, indexswap::StaticAwsCredentials(caller)};
  return Call(context, role, Form("AssumeRole", role, context.now, ""), std::move(signing),
              {caller.secret_access_key, caller.session_token});
}

absl::StatusOr<AwsCredentials> AssumeRoleWithWebIdentity(const AwsContext& context,
                                                         const StsRole& role,
                                                         const std::string& token) {
  return Call(context, role, Form("AssumeRoleWithWebIdentity", role, context.now, token),
              std::nullopt, {token});
}

}  // namespace syncd
