// The HTTP interface of `syncd serve`: listens, guards, counts, and turns requests into calls of
// the daemon's Api. The calls and their answers are described in docs/http.md.
#ifndef SYNCD_HTTP_SERVER_H_
#define SYNCD_HTTP_SERVER_H_

#include <absl/status/statusor.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "syncd/http/api.h"

namespace syncd {

struct ApiServerOptions {
  std::string listen = "127.0.0.1:8088";  // host:port; port 0: any that is free
  std::string base_path;                  // `/integration`: everything also under this prefix
  // What calls that change something must bring; none: they need nothing, and the server listens
  // on loopback only. Without white space, not empty.
  std::optional<std::string> token;
  size_t body_bytes_max = 4 << 20;  // a request's body; 413 above it
  // Connections served at the same time. A slow client holds one for the time-outs below at most.
  size_t threads = 16;

  // Each for the whole of what it bounds, not for a byte.
  std::chrono::milliseconds head_timeout{5'000};    // a request's head, from its first byte on
  std::chrono::milliseconds body_timeout{30'000};   // its body
  std::chrono::milliseconds write_timeout{10'000};  // sending the answer
  std::chrono::milliseconds idle_timeout{5'000};    // between requests; less while others wait
};

// A running server. Start and Stop are called by one thread; everything else may be called by any.
class ApiServer {
 public:
  // Listens and serves. `api` must outlive the server. Errors: kInvalidArgument (an option makes no
  // sense; no token, and an address that other machines reach), kUnavailable (can't listen there).
  static absl::StatusOr<std::unique_ptr<ApiServer>> Start(const ApiServerOptions& options,
                                                          Api* api);
  // As Stop(0).
  virtual ~ApiServer() = default;

  // Where it listens in fact, as host:port.
  virtual const std::string& address() const = 0;

  // Accepts no more requests, finishes the answers in progress for at most `grace`, and cuts what
  // is left. Then waits for the calls of the Api that still run: it is the Api's to let them
  // return. Returns whether nothing had to be cut. May be called again.
  virtual bool Stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace syncd

#endif  // SYNCD_HTTP_SERVER_H_
