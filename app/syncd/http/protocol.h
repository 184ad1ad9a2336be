// Speaks HTTP/1.1 on one connection: requests in, answers of a handler out.
#ifndef SYNCD_HTTP_PROTOCOL_H_
#define SYNCD_HTTP_PROTOCOL_H_

#include <chrono>
#include <cstddef>
#include <memory>

#include "syncd/http/connections.h"
#include "syncd/http/message.h"

namespace syncd {

// What one request may take. Times are for the whole of it, so that a client that sends or reads a
// byte now and then doesn't hold a thread for longer.
struct ProtocolLimits {
  size_t body_bytes_max = 0;
  std::chrono::milliseconds head_timeout{0};   // from the first byte to the end of the head
  std::chrono::milliseconds body_timeout{0};   // the body
  std::chrono::milliseconds write_timeout{0};  // from the first byte of the answer to its last
  std::chrono::milliseconds idle_timeout{0};   // from an answer to the next request
};

// Thread-safe: one connection a thread. Nothing is thrown.
class Protocol {
 public:
  // The handler must outlive it.
  Protocol(const ProtocolLimits& limits, HttpHandler* handler);
  ~Protocol();

  // Serves requests until the client or the signals end it. The socket is left open. An answer that
  // is being made is sent before the stop signal ends the connection.
  void Serve(int socket, const ConnectionSignals& signals);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncd

#endif  // SYNCD_HTTP_PROTOCOL_H_
