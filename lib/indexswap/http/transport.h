// HTTP requests, as the stores need them: one call, one answer, and an error that says whether the
// request can have reached the server.
#ifndef INDEXSWAP_HTTP_TRANSPORT_H_
#define INDEXSWAP_HTTP_TRANSPORT_H_

#include <absl/status/statusor.h>
#include <indexswap/aws.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace indexswap {

enum class HttpMethod { kGet, kPut, kPost, kDelete };

// `GET`, `PUT`, …
const char* ToString(HttpMethod method);

// One request. `body` is not copied and must outlive the call.
struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  std::string target;  // path and query, percent-encoded, beginning with `/`
  std::string_view body;
  const char* content_type = "application/json";  // sent only with a body
  std::vector<HttpHeader> headers;                // beside Host and Content-Type

  // Sends it at most once. Otherwise a request that met a kept-alive connection which the server
  // was just closing is sent again on a new one, which only harms what may not be done twice.
  bool at_most_once = false;

  // On top of the transport's own total time-out: for a request that waits in the server.
  std::chrono::milliseconds extra_time{0};
};

// An answer, of any status: a 404 is a successful transport, and its meaning is the caller's.
struct HttpResponse {
  int status = 0;
  std::string body;
  std::string content_type;
  std::string retry_after;  // as sent: seconds or a date; empty when the server did not say
};

// Sends requests. Every method may be called from any thread at any time.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  // Errors:
  //   kUnavailable      the server was not reached; nothing was sent
  //   kUnknown          sent, wholly or in part, and the answer was lost
  //   kInvalidArgument  the request or an option makes no sense (URL, CA file)
  //   those of AwsCredentialsProvider::Get where requests are signed; nothing was sent
  virtual absl::StatusOr<HttpResponse> Send(const HttpRequest& request) = 0;

  // Where requests go, without credentials: `http://127.0.0.1:9200`.
  virtual const std::string& url() const = 0;
};

// How NewCurlTransport reaches the server.
struct HttpOptions {
  std::string url;   // http(s)://host[:port][/path]; the path goes before each target
  std::string user;  // basic authentication; empty for none
  std::string password;
  std::optional<AwsSigning> aws;  // signs each request; not together with `user`
  std::string ca_file;            // PEM; empty for the system's certificates
  bool compress = false;  // bodies of a kilobyte and more go as gzip, and answers may come so
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds request_timeout{60000};  // a request in total
  size_t idle_connections = 8;                       // kept alive; more are opened when needed
  size_t max_response_bytes = size_t{512} << 20;     // a longer answer is kUnknown
};

// A transport over libcurl, HTTP/1.1, with connections kept alive. Reads neither the environment
// (proxies) nor .netrc, and follows no redirects. kInvalidArgument for a URL that is none.
absl::StatusOr<std::unique_ptr<HttpTransport>> NewCurlTransport(HttpOptions options);

// `text` with every byte but `A-Z a-z 0-9 - . _ ~` as %XX, for one segment of a path.
std::string PercentEncode(std::string_view text);

}  // namespace indexswap

#endif  // INDEXSWAP_HTTP_TRANSPORT_H_
