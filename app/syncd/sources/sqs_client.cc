#include "syncd/sources/sqs_client.h"

#include <absl/strings/str_format.h>
#include <curl/curl.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace syncd {
namespace {

// Ten messages of a MiB, their encoding, and their attributes.
constexpr size_t kAnswerBytesMax = size_t{64} << 20;
constexpr size_t kIdleHandlesMax = 16;

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

// One call that runs.
struct Call {
  std::unique_ptr<CURL, EasyDeleter> easy;
  std::unique_ptr<curl_slist, ListDeleter> headers;
  std::string body;
  std::string answer;
  SqsClient::Done done;
  char detail[CURL_ERROR_SIZE] = "";
};

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  std::string& answer = static_cast<Call*>(user)->answer;
  const size_t bytes = size * count;
  if (answer.size() + bytes > kAnswerBytesMax) return 0;  // makes curl give up
  answer.append(data, bytes);
  return bytes;
}

// Where calls go.
struct Endpoint {
  std::string url;   // scheme, host, port; ends with the path
  std::string host;  // as in the header
  std::string path;
};

// The part `part` of a URL; empty if it has none.
std::string PartOf(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string copy = text;
  curl_free(text);
  return copy;
}

absl::StatusOr<Endpoint> ParseEndpoint(const SqsOptions& options, const std::string& queue_url) {
  const std::string& text = options.endpoint.empty() ? queue_url : options.endpoint;
  const std::unique_ptr<CURLU, void (*)(CURLU*)> url(curl_url(), curl_url_cleanup);
  const bool http = text.starts_with("http://") || text.starts_with("https://");
  if (!http || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK ||
      !PartOf(url.get(), CURLUPART_USER).empty()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "\"%s\" is no URL of a queue or of an SQS server; expected one such as "
        "https://sqs.eu-west-2.amazonaws.com/123456789012/name, without credentials",
        text));
  }
  Endpoint endpoint;
  const std::string scheme = PartOf(url.get(), CURLUPART_SCHEME);
  const std::string port = PartOf(url.get(), CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
  endpoint.host = PartOf(url.get(), CURLUPART_HOST) + (port.empty() ? "" : ":" + port);
  endpoint.path = options.endpoint.empty() ? "/" : PartOf(url.get(), CURLUPART_PATH);
  endpoint.url = scheme + "://" + endpoint.host + endpoint.path;
  return endpoint;
}

class CurlSqsClient : public SqsClient {
 public:
  CurlSqsClient(const SqsOptions& options, Endpoint endpoint, std::string region)
      : ca_file_(options.ca_file),
        connect_timeout_(options.answer_timeout),
        endpoint_(std::move(endpoint)),
        signing_{"sqs", std::move(region), options.credentials},
        multi_(curl_multi_init()) {
    const size_t kept = options.connections + 4;
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(kept));
  }

  ~CurlSqsClient() override {
    for (const auto& [easy, call] : calls_) curl_multi_remove_handle(multi_.get(), easy);
  }

  void Start(const std::string& action, std::string body, std::chrono::milliseconds timeout,
             Done done) override;
  void Run(std::chrono::milliseconds wait) override;
  void Wake() override { curl_multi_wakeup(multi_.get()); }

 private:
  absl::Status Sign(const std::string& action, Call& call) const;
  void SetOptions(Call& call, std::chrono::milliseconds timeout) const;
  void Finish(CURL* easy, CURLcode code);
  absl::Status Failure(const Call& call, CURLcode code) const;

  const std::string ca_file_;
  const std::chrono::milliseconds connect_timeout_;
  const Endpoint endpoint_;
  const indexswap::AwsSigning signing_;
  const std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::map<CURL*, std::unique_ptr<Call>> calls_;
  std::vector<std::unique_ptr<CURL, EasyDeleter>> idle_;
  std::vector<std::pair<Done, absl::Status>> failed_;  // before they were sent
};

absl::Status CurlSqsClient::Sign(const std::string& action, Call& call) const {
  indexswap::AwsRequest request;
  request.method = "POST";
  request.host = endpoint_.host;
  request.path = endpoint_.path;
  request.headers = {{"Content-Type", "application/x-amz-json-1.0"},
                     {"X-Amz-Target", "AmazonSQS." + action}};
  request.body = call.body;
  const auto added = indexswap::SignAwsRequest(request, signing_, std::chrono::system_clock::now());
  if (!added.ok()) return added.status();
  request.headers.insert(request.headers.end(), added->begin(), added->end());
  request.headers.push_back({"Host", endpoint_.host});
  call.headers.reset(curl_slist_append(nullptr, "Expect:"));
  for (const indexswap::HttpHeader& header : request.headers) {
    curl_slist_append(call.headers.get(), (header.name + ": " + header.value).c_str());
  }
  return absl::OkStatus();
}

void CurlSqsClient::SetOptions(Call& call, std::chrono::milliseconds timeout) const {
  CURL* easy = call.easy.get();
  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_URL, endpoint_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // or curl would ask the environment
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout_.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  if (!ca_file_.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file_.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call.headers.get());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call.body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &call);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call.detail);
}

void CurlSqsClient::Start(const std::string& action, std::string body,
                          std::chrono::milliseconds timeout, Done done) {
  auto call = std::make_unique<Call>();
  call->body = std::move(body);
  call->done = std::move(done);
  if (absl::Status status = Sign(action, *call); !status.ok()) {
    failed_.emplace_back(std::move(call->done), std::move(status));
    return;
  }
  if (idle_.empty()) {
    call->easy.reset(curl_easy_init());
  } else {
    call->easy = std::move(idle_.back());
    idle_.pop_back();
  }
  CURL* easy = call->easy.get();
  if (easy != nullptr) SetOptions(*call, timeout);
  if (easy == nullptr || curl_multi_add_handle(multi_.get(), easy) != CURLM_OK) {
    failed_.emplace_back(std::move(call->done),
                         absl::UnavailableError("out of memory for an HTTP request"));
    return;
  }
  calls_[easy] = std::move(call);
}

void CurlSqsClient::Run(std::chrono::milliseconds wait) {
  int running = 0;
  curl_multi_perform(multi_.get(), &running);
  if (running == static_cast<int>(calls_.size()) && failed_.empty()) {
    curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait.count()), nullptr);
    curl_multi_perform(multi_.get(), &running);
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg == CURLMSG_DONE) Finish(message->easy_handle, message->data.result);
  }
  const auto failed = std::exchange(failed_, {});
  for (const auto& [done, status] : failed) done(status);
}

void CurlSqsClient::Finish(CURL* easy, CURLcode code) {
  const auto found = calls_.find(easy);
  const std::unique_ptr<Call> call = std::move(found->second);
  calls_.erase(found);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_multi_remove_handle(multi_.get(), easy);
  if (code != CURLE_OK) return call->done(Failure(*call, code));
  // The connection belongs to the multi handle: an easy handle is only memory.
  if (idle_.size() < kIdleHandlesMax) idle_.push_back(std::move(call->easy));
  call->done(SqsAnswer{static_cast<int>(status), std::move(call->answer)});
}

absl::Status CurlSqsClient::Failure(const Call& call, CURLcode code) const {
  return absl::UnavailableError(absl::StrFormat(
      "%s: %s", endpoint_.url, *call.detail != '\0' ? call.detail : curl_easy_strerror(code)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqsClient>> SqsClient::Make(const SqsOptions& options,
                                                           const std::string& queue_url) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  absl::StatusOr<Endpoint> endpoint = ParseEndpoint(options, queue_url);
  if (!endpoint.ok()) return endpoint.status();
  std::string region = options.region.empty() ? AwsRegionOf(queue_url) : options.region;
  if (region.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s does not say in which AWS region the queue is: configure the region", queue_url));
  }
  if (options.credentials == nullptr) {
    return absl::InvalidArgumentError("no source of AWS credentials for " + queue_url);
  }
  return std::make_unique<CurlSqsClient>(options, *std::move(endpoint), std::move(region));
}

}  // namespace syncd
