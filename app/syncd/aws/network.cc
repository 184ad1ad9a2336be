#include "syncd/aws/network.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <utility>

namespace syncd {
namespace {

constexpr size_t kAnswerBytesMax = size_t{1} << 20;
constexpr size_t kShownMax = 300;

bool IsPlain(char c) { return c > ' ' && c < 0x7f && c != '\\'; }

}  // namespace

std::optional<AwsUrl> ParseAwsUrl(const std::string& url) {
  const size_t colon = url.find("://");
  if (colon == std::string::npos || !std::all_of(url.begin(), url.end(), IsPlain)) {
    return std::nullopt;
  }
  AwsUrl parsed;
  parsed.scheme = absl::AsciiStrToLower(url.substr(0, colon));
  if (parsed.scheme != "http" && parsed.scheme != "https") return std::nullopt;
  const std::string rest = url.substr(colon + 3);
  const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string authority = rest.substr(0, end);
  if (authority.empty() || authority.find_first_of("@%") != std::string::npos) return std::nullopt;
  if (authority[0] == '[') {
    const size_t close = authority.find(']');
    if (close == std::string::npos) return std::nullopt;
    parsed.host = authority.substr(1, close - 1);
    if (close + 1 < authority.size() && authority[close + 1] != ':') return std::nullopt;
  } else {
    parsed.host = authority.substr(0, authority.find(':'));
  }
  if (parsed.host.empty()) return std::nullopt;
  parsed.host = absl::AsciiStrToLower(parsed.host);
  parsed.base = absl::StrCat(parsed.scheme, "://", authority);
  const std::string target = rest.substr(end, rest.find('#') - end);
  parsed.target = target.starts_with('/') ? target : absl::StrCat("/", target);
  return parsed;
}

absl::StatusOr<indexswap::HttpResponse> SendOnce(const AwsNetwork& network,
                                                 indexswap::HttpOptions options,
                                                 const indexswap::HttpRequest& request) {
  options.max_response_bytes = kAnswerBytesMax;
  auto transport = network.connect(std::move(options));
  absl::StatusOr<indexswap::HttpResponse> answer =
      transport.ok() ? (*transport)->Send(request) : transport.status();
  if (answer.ok()) return answer;
  const std::string path = request.target.substr(0, request.target.find('?'));
  const std::string message =
      absl::StrReplaceAll(std::string(answer.status().message()), {{request.target, path}});
  const bool may_pass = answer.status().code() == absl::StatusCode::kUnavailable ||
                        answer.status().code() == absl::StatusCode::kUnknown;
  return absl::Status(may_pass ? answer.status().code() : absl::StatusCode::kUnauthenticated,
                      message);
}

bool IsPassing(int http_status) { return http_status == 429 || http_status >= 500; }

std::string Shown(const std::string& text, const std::vector<std::string>& secrets) {
  std::string shown = text;
  for (const std::string& secret : secrets) {
    if (!secret.empty()) shown = absl::StrReplaceAll(shown, {{secret, "(secret)"}});
  }
  shown = shown.substr(0, std::min(shown.find_first_of("\r\n"), kShownMax));
  for (char& c : shown) {
    if (!absl::ascii_isprint(static_cast<unsigned char>(c))) c = '?';
  }
  return shown;
}

}  // namespace syncd
