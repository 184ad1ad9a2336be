#include "syncd/aws/instance.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_format.h>

#include <string>
#include <utility>

#include "syncd/aws/answers.h"

namespace syncd {
namespace {

using indexswap::HttpMethod;

constexpr std::chrono::milliseconds kConnectTimeout{1000};
constexpr std::chrono::milliseconds kRequestTimeout{2000};
constexpr char kTokenTarget[] = "/latest/api/token";
constexpr char kRoleTarget[] = "/latest/meta-data/iam/security-credentials/";
constexpr char kRoleLetters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-";

std::string Setting(const AwsSettings& settings, const char* variable, const char* key) {
  std::string value = settings.Variable(variable);
  if (!value.empty()) return value;
  return ValueOf(settings.Find(settings.profile()).value_or(AwsProfile()), key);
}

absl::StatusOr<std::string> UrlOf(const AwsSettings& settings) {
  const std::string url =
      Setting(settings, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
  if (!url.empty()) {
    if (ParseAwsUrl(url)) return url;
    return absl::UnauthenticatedError(
        "AWS_EC2_METADATA_SERVICE_ENDPOINT (ec2_metadata_service_endpoint) is no URL; expected one "
        "such as http://169.254.169.254");
  }
  const std::string mode = absl::AsciiStrToLower(Setting(
      settings, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode"));
  if (mode == "ipv6") return "http://[fd00:ec2::254]";
  if (mode.empty() || mode == "ipv4") return "http://169.254.169.254";
  return absl::UnauthenticatedError(
      "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE (ec2_metadata_service_endpoint_mode) is neither IPv4 "
      "nor IPv6");
}

// One conversation with the service.
class Service {
 public:
  Service(const AwsContext& context, std::string url)
      : context_(context),
        url_(std::move(url)),
        where_(absl::StrFormat("the instance metadata service %s", url_)) {}

  absl::StatusOr<indexswap::AwsCredentials> Credentials() {
    const auto token =
        Ask(HttpMethod::kPut, kTokenTarget, {"X-aws-ec2-metadata-token-ttl-seconds", "21600"},
            "gives no token (IMDSv2)");
    if (!token.ok()) return token.status();
    const indexswap::HttpHeader session = {"X-aws-ec2-metadata-token", *token};
    const auto role =
        Ask(HttpMethod::kGet, kRoleTarget, session, "has no role: the instance has no profile");
    if (!role.ok()) return role.status();
    if (role->find_first_not_of(kRoleLetters) != std::string::npos) {
      return absl::NotFoundError(where_ + " answers with something that is no name of a role");
    }
    const auto json = Ask(HttpMethod::kGet, kRoleTarget + *role, session, "has no credentials");
    if (!json.ok()) return json.status();
    auto found = CredentialsFromJson(*json, where_);
    if (!found.ok()) return absl::NotFoundError(std::string(found.status().message()));
    context_.instance_has_answered = true;
    return found;
  }

 private:
  // The text that it answers with. `otherwise` says what it means when that isn't there.
  absl::StatusOr<std::string> Ask(HttpMethod method, const std::string& target,
                                  indexswap::HttpHeader header, const char* otherwise) {
    indexswap::HttpOptions options;
    options.url = url_;
    options.connect_timeout = kConnectTimeout;
    options.request_timeout = kRequestTimeout;
    indexswap::HttpRequest request;
    request.method = method;
    request.target = target;
    request.headers = {std::move(header)};
    auto answer = SendOnce(context_.network, std::move(options), request);
    if (!answer.ok()) return Lost(answer.status());
    if (IsPassing(answer->status)) {
      return absl::UnavailableError(
          absl::StrFormat("%s answers with HTTP %d", where_, answer->status));
    }
    std::string text = std::move(answer->body);
    absl::StripAsciiWhitespace(&text);
    if (answer->status == 200 && !text.empty()) return text;
    return absl::NotFoundError(
        absl::StrFormat("%s %s (HTTP %d)", where_, otherwise, answer->status));
  }

  absl::Status Lost(const absl::Status& status) const {
    const std::string message = where_ + ": " + std::string(status.message());
    if (absl::IsUnknown(status)) {  // as where its answer may take fewer hops than we are away
      return absl::UnavailableError(
          message + " (in a container, the instance's metadata hop limit has to be 2)");
    }
    if (context_.instance_has_answered) return absl::UnavailableError(message);
    return absl::NotFoundError(message);
  }

  const AwsContext& context_;
  const std::string url_;
  const std::string where_;
};

}  // namespace

absl::StatusOr<indexswap::AwsCredentials> FromInstance(const AwsContext& context) {
  if (absl::EqualsIgnoreCase(context.settings.Variable("AWS_EC2_METADATA_DISABLED"), "true")) {
    return absl::NotFoundError(
        "AWS_EC2_METADATA_DISABLED forbids to ask the instance metadata service");
  }
  absl::StatusOr<std::string> url = UrlOf(context.settings);
  if (!url.ok()) return url.status();
  return Service(context, *std::move(url)).Credentials();
}

}  // namespace syncd
