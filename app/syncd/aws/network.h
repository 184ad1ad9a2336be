// HTTP as the providers of credentials need it: single requests to changing places.
#ifndef SYNCD_AWS_NETWORK_H_
#define SYNCD_AWS_NETWORK_H_

#include <absl/status/statusor.h>
#include <indexswap/http/transport.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace syncd {

// Makes a transport: indexswap::NewCurlTransport, or a test's script.
using AwsConnect = std::function<absl::StatusOr<std::unique_ptr<indexswap::HttpTransport>>(
    indexswap::HttpOptions)>;

struct AwsNetwork {
  AwsConnect connect = indexswap::NewCurlTransport;
  std::string container_url = "http://169.254.170.2";  // where a relative URI belongs
};

// A URL, cut up without any tolerance: two readers of it must not see two hosts.
struct AwsUrl {
  std::string scheme;  // `http` or `https`
  std::string host;    // in lower case; an IPv6 address without its brackets
  std::string base;    // scheme, host and port, as they were written
  std::string target;  // path and query, at least `/`
};

// nullopt for what isn't a plain http(s) URL: with a user, a backslash, white space, …
std::optional<AwsUrl> ParseAwsUrl(const std::string& url);

// Sends one request over a connection of its own. The status says whether another try may help:
// kUnavailable (nothing was sent), kUnknown (the answer was lost), kUnauthenticated (it never can).
// No message shows the query of the target.
absl::StatusOr<indexswap::HttpResponse> SendOnce(const AwsNetwork& network,
                                                 indexswap::HttpOptions options,
                                                 const indexswap::HttpRequest& request);

// Whether an answer of this status may be a better one the next time.
bool IsPassing(int http_status);

// The first line of `text`, not too long, with every one of `secrets` replaced.
std::string Shown(const std::string& text, const std::vector<std::string>& secrets);

}  // namespace syncd

#endif  // SYNCD_AWS_NETWORK_H_
