// What the server counts of its own requests, in Prometheus' terms.
#ifndef SYNCD_HTTP_REQUEST_METRICS_H_
#define SYNCD_HTTP_REQUEST_METRICS_H_

#include <memory>
#include <string>

namespace syncd {

// Thread-safe.
class RequestMetrics {
 public:
  RequestMetrics();
  ~RequestMetrics();

  // `route` is a path with placeholders, never one as sent: the number of series is bounded.
  void Count(const std::string& route, const std::string& method, int status);

  // `syncd_http_requests_total{route,method,status}` as Prometheus text.
  std::string Text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncd

#endif  // SYNCD_HTTP_REQUEST_METRICS_H_
