#include "indexswap/http/transport.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_format.h>
#include <curl/curl.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "indexswap/http/gzip.h"

namespace indexswap {
namespace {

constexpr size_t kCompressFrom = 1024;  // a smaller body fits into one packet anyway

struct CurlDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlHandle = std::unique_ptr<CURL, CurlDeleter>;

struct HeaderDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, HeaderDeleter>;

void InitializeCurlOnce() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

// What the callbacks of one request write to.
struct Sink {
  HttpResponse response;
  bool headers_ended = false;
  size_t max_bytes = 0;
  bool too_long = false;
};

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  Sink& sink = *static_cast<Sink*>(user);
  const size_t bytes = size * count;
  if (sink.response.body.size() + bytes > sink.max_bytes) {
    sink.too_long = true;
    return 0;  // makes curl give up
  }
  sink.response.body.append(data, bytes);
  return bytes;
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  Sink& sink = *static_cast<Sink*>(user);
  const std::string_view line(data, size * count);
  sink.headers_ended = line == "\r\n" || line == "\n";
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  const std::string name = absl::AsciiStrToLower(std::string(line.substr(0, colon)));
  std::string value(line.substr(colon + 1));
  absl::StripAsciiWhitespace(&value);
  if (name == "content-type") sink.response.content_type = std::move(value);
  if (name == "retry-after") sink.response.retry_after = std::move(value);
  return line.size();
}

class CurlTransport : public HttpTransport {
 public:
  CurlTransport(HttpOptions options, std::string shown_url)
      : options_(std::move(options)), shown_url_(std::move(shown_url)) {
    const std::string rest = shown_url_.substr(shown_url_.find("://") + 3);
    const size_t slash = std::min(rest.find('/'), rest.size());
    host_ = rest.substr(0, slash);
    base_path_ = rest.substr(slash);
    const std::string_view port = shown_url_.starts_with("https") ? ":443" : ":80";
    if (host_.ends_with(port)) host_.resize(host_.size() - port.size());
  }

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request) override {
    CurlHandle handle = Take();
    if (handle == nullptr) return absl::UnavailableError("out of memory for an HTTP request");
    absl::StatusOr<HttpResponse> response = Perform(handle.get(), request);
    // The connection of a failed request is in an unknown state; curl closes it itself, but a
    // fresh handle is cheap and certain.
    if (response.ok()) GiveBack(std::move(handle));
    return response;
  }

  const std::string& url() const override { return shown_url_; }

 private:
  CurlHandle Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        CurlHandle handle = std::move(idle_.back());  // the last used: its connection is alive
        idle_.pop_back();
        return handle;
      }
    }
    return CurlHandle(curl_easy_init());
  }

  void GiveBack(CurlHandle handle) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < options_.idle_connections) idle_.push_back(std::move(handle));
  }

  absl::StatusOr<HttpResponse> Perform(CURL* curl, const HttpRequest& request);
  void SetConnection(CURL* curl, const HttpRequest& request) const;
  void SetRequest(CURL* curl, const HttpRequest& request, const std::string& url) const;
  absl::StatusOr<HttpResponse> PerformAsIs(CURL* curl, const HttpRequest& request);
  absl::StatusOr<HeaderList> Headers(const HttpRequest& request) const;
  absl::Status Failure(CURL* curl, CURLcode code, const HttpRequest& request,
                       const char* detail) const;

  const HttpOptions options_;
  const std::string shown_url_;
  std::string host_;       // as in the header
  std::string base_path_;  // what goes before each target; empty or `/…`
  std::mutex mutex_;
  std::vector<CurlHandle> idle_;
};

void CurlTransport::SetConnection(CURL* curl, const HttpRequest& request) const {
  const std::chrono::milliseconds total = options_.request_timeout + request.extra_time;
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // or curl would ask the environment
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, 1L);
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L * 1024);
  curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options_.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(total.count()));
  // curl sends a request again by itself when a reused connection dies before it answers.
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, request.at_most_once ? 1L : 0L);
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, options_.ca_file.c_str());
  }
  if (options_.compress) curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
  if (!options_.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(curl, CURLOPT_USERNAME, options_.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, options_.password.c_str());
  }
}

void CurlTransport::SetRequest(CURL* curl, const HttpRequest& request,
                               const std::string& url) const {
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  if (request.method == HttpMethod::kGet && request.body.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    return;
  }
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, ToString(request.method));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
}

// The headers of a request, signed if that is asked for.
absl::StatusOr<HeaderList> CurlTransport::Headers(const HttpRequest& request) const {
  HeaderList list(curl_slist_append(nullptr, "Expect:"));
  const auto add = [&list](const std::string& line) {
    curl_slist_append(list.get(), line.c_str());
  };
  std::vector<HttpHeader> headers = request.headers;
  if (request.body.empty()) {
    add("Content-Type:");  // or a POST without a body says it is a form
  } else {
    headers.push_back({"Content-Type", request.content_type});
  }
  if (options_.aws) {
    const std::string target = base_path_ + request.target;
    const size_t question = std::min(target.find('?'), target.size());
    AwsRequest signed_request;
    signed_request.method = ToString(request.method);
    signed_request.host = host_;
    signed_request.path = target.substr(0, question);
    signed_request.query = target.substr(std::min(question + 1, target.size()));
    signed_request.headers = headers;
    signed_request.body = request.body;
    absl::StatusOr<std::vector<HttpHeader>> added =
        SignAwsRequest(signed_request, *options_.aws, std::chrono::system_clock::now());
    if (!added.ok()) return added.status();
    headers.insert(headers.end(), added->begin(), added->end());
    add("Host: " + host_);  // what was signed
  }
  for (const HttpHeader& header : headers) add(header.name + ": " + header.value);
  return list;
}

absl::StatusOr<HttpResponse> CurlTransport::Perform(CURL* curl, const HttpRequest& request) {
  if (!options_.compress || request.body.size() < kCompressFrom) return PerformAsIs(curl, request);
  const absl::StatusOr<std::string> body = Gzip(request.body);
  if (!body.ok()) return body.status();
  HttpRequest compressed = request;
  compressed.body = *body;
  compressed.headers.push_back({"Content-Encoding", "gzip"});
  return PerformAsIs(curl, compressed);
}

absl::StatusOr<HttpResponse> CurlTransport::PerformAsIs(CURL* curl, const HttpRequest& request) {
  curl_easy_reset(curl);  // options only: the connection stays
  const std::string url = options_.url + request.target;
  char detail[CURL_ERROR_SIZE] = "";
  Sink sink;
  sink.max_bytes = options_.max_response_bytes;
  absl::StatusOr<HeaderList> headers = Headers(request);
  if (!headers.ok()) return headers.status();

  SetConnection(curl, request);
  SetRequest(curl, request, url);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers->get());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sink);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &sink);

  const CURLcode code = curl_easy_perform(curl);
  if (sink.too_long) {
    return absl::UnknownError(absl::StrFormat("%s %s%s: the answer is longer than %u bytes",
                                              ToString(request.method), shown_url_, request.target,
                                              options_.max_response_bytes));
  }
  if (code != CURLE_OK) return Failure(curl, code, request, detail);
  if (!sink.headers_ended) {  // curl takes a connection closed there for the end of the answer
    return absl::UnknownError(absl::StrFormat(
        "%s %s%s: the answer was cut off", ToString(request.method), shown_url_, request.target));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  sink.response.status = static_cast<int>(status);
  return std::move(sink.response);
}

absl::Status CurlTransport::Failure(CURL* curl, CURLcode code, const HttpRequest& request,
                                    const char* detail) const {
  const std::string message =
      absl::StrFormat("%s %s%s: %s", ToString(request.method), shown_url_, request.target,
                      *detail != '\0' ? detail : curl_easy_strerror(code));
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CACERT_BADFILE:
      return absl::InvalidArgumentError(message);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_OUT_OF_MEMORY:
      return absl::UnavailableError(message);
    default:
      break;
  }
  long sent = 0;  // bytes of requests; 0 while connecting
  curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
  return sent == 0 ? absl::UnavailableError(message) : absl::UnknownError(message);
}

// `url` without credentials and trailing slashes; an error when it is no http(s) URL.
absl::StatusOr<std::string> CheckUrl(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
  const bool http = url.starts_with("http://") || url.starts_with("https://");
  if (!http || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return absl::InvalidArgumentError(
        absl::StrFormat("\"%s\" is no URL such as http://127.0.0.1:9200", url));
  }
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD}) {
    char* text = nullptr;
    if (curl_url_get(parsed.get(), part, &text, 0) == CURLUE_OK) {
      curl_free(text);
      return absl::InvalidArgumentError(
          "credentials do not belong in the URL: give user and password on their own");
    }
  }
  return url.substr(0, url.find_last_not_of('/') + 1);
}

}  // namespace

const char* ToString(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet:
      return "GET";
    case HttpMethod::kPut:
      return "PUT";
    case HttpMethod::kPost:
      return "POST";
    case HttpMethod::kDelete:
      return "DELETE";
  }
  return "?";
}

absl::StatusOr<std::unique_ptr<HttpTransport>> NewCurlTransport(HttpOptions options) {
  InitializeCurlOnce();
  absl::StatusOr<std::string> url = CheckUrl(options.url);
  if (!url.ok()) return url.status();
  if (options.aws && !options.user.empty()) {
    return absl::InvalidArgumentError(
        "a request is either signed for AWS or carries user and password: set only one of them");
  }
  options.url = *url;
  return std::make_unique<CurlTransport>(std::move(options), *url);
}

std::string PercentEncode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' ||
        c == '~') {
      out += c;
    } else {
      out += absl::StrFormat("%%%02X", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace indexswap
