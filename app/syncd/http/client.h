// A client of the HTTP interface, for commands that find a daemon at work.
#ifndef SYNCD_HTTP_CLIENT_H_
#define SYNCD_HTTP_CLIENT_H_

#include <absl/status/statusor.h>

#include <chrono>
#include <optional>
#include <string>

#include "syncd/http/api.h"

namespace syncd {

struct ApiClientOptions {
  std::string address;               // host:port, as the daemon's lock file says
  std::optional<std::string> token;  // sent with every call
  std::chrono::milliseconds connect_timeout{3'000};
  std::chrono::milliseconds answer_timeout{60'000};  // from the request sent to its answer
};

// Each call uses a connection of its own. Thread-safe, since it never changes.
//
// An answer of any status is an ApiAnswer: what a 409 means is the caller's. Errors:
//   kUnavailable      the daemon was not reached, nothing was asked of it; or a Get was not
//                     answered, which leaves nothing in doubt
//   kUnknown          asked, and the answer was lost: nobody knows what it did
//   kInvalidArgument  the address is none
//   kInternal         the answer is not JSON: something else listens there
class ApiClient {
 public:
  explicit ApiClient(ApiClientOptions options) : options_(std::move(options)) {}

  // `path` begins with a slash: `/api/status`.
  absl::StatusOr<ApiAnswer> Get(const std::string& path) const;
  absl::StatusOr<ApiAnswer> Delete(const std::string& path) const;
  // With a JSON body, or none if it is empty.
  absl::StatusOr<ApiAnswer> Post(const std::string& path, const std::string& json) const;

 private:
  absl::StatusOr<ApiAnswer> Send(const std::string& method, const std::string& path,
                                 const std::string& json) const;

  const ApiClientOptions options_;
};

}  // namespace syncd

#endif  // SYNCD_HTTP_CLIENT_H_
