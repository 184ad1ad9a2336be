// Requests to Amazon's services: who sends them, and their signature (Signature Version 4).
#ifndef INDEXSWAP_AWS_H_
#define INDEXSWAP_AWS_H_

#include <absl/status/statusor.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace indexswap {

// A key, and when it ends.
struct AwsCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty for a key that does not end
  std::optional<std::chrono::system_clock::time_point> expires;
};

// Where credentials come from. Thread-safe: it is asked before every request, from any thread, so
// it answers from memory as long as that is right, and never with credentials that have expired.
class AwsCredentialsProvider {
 public:
  virtual ~AwsCredentialsProvider() = default;

  // kUnauthenticated when there are none, naming where it looked and the remedy; kUnavailable when
  // they could not be fetched this time.
  virtual absl::StatusOr<AwsCredentials> Get() = 0;
};

// Always the same credentials.
std::shared_ptr<AwsCredentialsProvider> StaticAwsCredentials(AwsCredentials credentials);

// How requests to one service are signed.
struct AwsSigning {
  std::string service;  // `es` (OpenSearch Service), `aoss` (OpenSearch Serverless), `sqs`, …
  std::string region;   // `eu-west-2`
  std::shared_ptr<AwsCredentialsProvider> credentials;
};

struct HttpHeader {
  std::string name;
  std::string value;

  bool operator==(const HttpHeader&) const = default;
};

// One request, as it is sent. `body` is not copied.
struct AwsRequest {
  std::string method;               // `POST`
  std::string host;                 // as in `Host`: with the port unless it is the scheme's own
  std::string path;                 // percent-encoded, beginning with `/`
  std::string query;                // percent-encoded, without `?`
  std::vector<HttpHeader> headers;  // beside Host; all of them are signed
  std::string_view body;
};

// The headers that are to be added to the request so that it counts as sent at `now`:
// Authorization, X-Amz-Date and, where they belong, X-Amz-Security-Token and X-Amz-Content-Sha256.
// The errors of AwsCredentialsProvider::Get; kInvalidArgument without service, region or provider.
absl::StatusOr<std::vector<HttpHeader>> SignAwsRequest(const AwsRequest& request,
                                                       const AwsSigning& signing,
                                                       std::chrono::system_clock::time_point now);

}  // namespace indexswap

#endif  // INDEXSWAP_AWS_H_
