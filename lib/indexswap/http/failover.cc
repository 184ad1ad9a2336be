#include "indexswap/http/failover.h"

#include <atomic>
#include <string>
#include <utility>

namespace indexswap {
namespace {

class FailoverTransport : public HttpTransport {
 public:
  explicit FailoverTransport(std::vector<std::unique_ptr<HttpTransport>> endpoints)
      : endpoints_(std::move(endpoints)) {
    for (const auto& endpoint : endpoints_) {
      shown_url_ += (shown_url_.empty() ? "" : ",") + endpoint->url();
    }
  }

  absl::StatusOr<HttpResponse> Send(const HttpRequest& request) override {
    const size_t first = current_;
    absl::Status lost;     // the last answer that was
    absl::Status refused;  // the last endpoint that was not reached
    for (size_t i = 0; i < endpoints_.size(); ++i) {
      const size_t endpoint = (first + i) % endpoints_.size();
      absl::StatusOr<HttpResponse> response = endpoints_[endpoint]->Send(request);
      if (response.ok()) {
        if (i > 0) MoveOn(first, endpoint);
        return response;
      }
      if (response.status().code() == absl::StatusCode::kUnknown) {
        if (request.at_most_once) {
          MoveOn(first, (endpoint + 1) % endpoints_.size());
          return response;
        }
        lost = response.status();
      } else if (response.status().code() == absl::StatusCode::kUnavailable) {
        refused = response.status();
      } else {
        return response;
      }
    }
    // Whatever came later: the request may have been carried out.
    return lost.ok() ? refused : lost;
  }

  const std::string& url() const override { return shown_url_; }

 private:
  // Unless another thread has already done so.
  void MoveOn(size_t from, size_t to) { current_.compare_exchange_strong(from, to); }

  const std::vector<std::unique_ptr<HttpTransport>> endpoints_;
  std::string shown_url_;
  std::atomic<size_t> current_{0};
};

}  // namespace

std::unique_ptr<HttpTransport> NewFailoverTransport(
    std::vector<std::unique_ptr<HttpTransport>> endpoints) {
  if (endpoints.size() == 1) return std::move(endpoints[0]);
  return std::make_unique<FailoverTransport>(std::move(endpoints));
}

}  // namespace indexswap
