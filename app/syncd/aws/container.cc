#include "syncd/aws/container.h"

#include <absl/strings/str_format.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "syncd/aws/answers.h"

namespace syncd {
namespace {

constexpr std::chrono::milliseconds kConnectTimeout{2000};
constexpr std::chrono::milliseconds kRequestTimeout{5000};

constexpr char kRelative[] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
constexpr char kFull[] = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
constexpr char kToken[] = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
constexpr char kTokenFile[] = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

// This machine by address, or what ECS (…2) and EKS (…23) listen on.
bool IsAllowedAddress(const std::string& host) {
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) {
    return ntohl(four.s_addr) >> 24 == 127 || host == "169.254.170.2" || host == "169.254.170.23";
  }
  in6_addr six{};
  in6_addr eks{};
  inet_pton(AF_INET6, "fd00:ec2::23", &eks);
  if (inet_pton(AF_INET6, host.c_str(), &six) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&six) || IN6_ARE_ADDR_EQUAL(&six, &eks);
}

absl::StatusOr<AwsUrl> FullUrl(const std::string& text) {
  const std::optional<AwsUrl> url = ParseAwsUrl(text);
  if (!url) {
    return absl::UnauthenticatedError(absl::StrFormat(
        "%s is no URL; expected one such as http://169.254.170.23/v1/credentials", kFull));
  }
  if (url->scheme == "https" || url->host == "localhost" || IsAllowedAddress(url->host))
    return *url;
  return absl::UnauthenticatedError(absl::StrFormat(
      "%s names the host %s: without https only this machine (localhost, 127.0.0.1, [::1]) and the "
      "addresses of ECS and EKS (169.254.170.2, 169.254.170.23, [fd00:ec2::23]) are allowed",
      kFull, url->host));
}

absl::StatusOr<AwsUrl> UrlOf(const AwsContext& context) {
  const std::string relative = context.settings.Variable(kRelative);
  if (relative.empty()) return FullUrl(context.settings.Variable(kFull));
  std::optional<AwsUrl> url;
  if (relative.starts_with('/')) url = ParseAwsUrl(context.network.container_url + relative);
  if (url) return *url;
  return absl::UnauthenticatedError(
      absl::StrFormat("%s is no path; expected one such as /v2/credentials/…", kRelative));
}

absl::StatusOr<std::string> TokenOf(const AwsSettings& settings) {
  const std::string path = settings.Variable(kTokenFile);
  std::string token = settings.Variable(kToken);
  if (!path.empty()) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
      return absl::UnauthenticatedError(absl::StrFormat(
          "%s: the file %s can't be read: check the path and who may read it", kTokenFile, path));
    }
    token.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  if (token.find_first_of("\r\n") != std::string::npos) {
    return absl::UnauthenticatedError(
        absl::StrFormat("%s: the token has a line break, which no header can carry: remove it",
                        path.empty() ? kToken : kTokenFile));
  }
  return token;
}

absl::Status Refusal(const indexswap::HttpResponse& answer, const std::string& where,
                     const std::string& token) {
  std::string message = absl::StrFormat("%s answers with HTTP %d", where, answer.status);
  for (const char* field : {"code", "message"}) {
    const std::string text = JsonText(answer.body, field);
    if (!text.empty()) message += ", " + Shown(text, {token});
  }
  if (IsPassing(answer.status)) return absl::UnavailableError(message);
  return absl::UnauthenticatedError(message);
}

}  // namespace

AwsFound FromContainer(const AwsContext& context) {
  const AwsSettings& settings = context.settings;
  if (settings.Variable(kRelative).empty() && settings.Variable(kFull).empty()) return std::nullopt;
  const absl::StatusOr<AwsUrl> url = UrlOf(context);
  if (!url.ok()) return url.status();
  const absl::StatusOr<std::string> token = TokenOf(settings);
  if (!token.ok()) return token.status();

  indexswap::HttpOptions options;
  options.url = url->base;
  options.connect_timeout = kConnectTimeout;
  options.request_timeout = kRequestTimeout;
  indexswap::HttpRequest request;
  request.target = url->target;
  request.headers = {{"Accept", "application/json"}};
  if (!token->empty()) request.headers.push_back({"Authorization", *token});
  const std::string where =
      absl::StrFormat("the credentials endpoint of the container, %s", url->base);
  const auto answer = SendOnce(context.network, std::move(options), request);
  if (!answer.ok()) {
    const std::string message =
        absl::StrFormat("%s: %s", where, std::string(answer.status().message()));
    if (absl::IsUnauthenticated(answer.status())) return absl::UnauthenticatedError(message);
    return absl::UnavailableError(message);
  }
  if (answer->status != 200) return Refusal(*answer, where, *token);
  auto found = CredentialsFromJson(answer->body, where);
  if (!found.ok()) return found.status();
  return *std::move(found);
}

}  // namespace syncd
