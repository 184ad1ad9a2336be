// One connection to a broker: librabbitmq's handle, its errors as absl::Status, single frames.
#ifndef SYNCD_SOURCES_AMQP_CONNECTION_H_
#define SYNCD_SOURCES_AMQP_CONNECTION_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <amqp.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "syncd/sources/amqp.h"

namespace syncd {

// Where a broker is and who logs in.
struct AmqpAddress {
  bool tls = false;
  std::string host;
  int port = 0;
  std::string user;
  std::string password;
  std::string vhost;

  // `localhost:5672/`: what may be shown.
  std::string ForPeople() const;
};

// kInvalidArgument, without the URL's text, if it is not an AMQP URL.
absl::StatusOr<AmqpAddress> ParseAmqpUrl(const std::string& url);

// `text` for librabbitmq, without a copy.
amqp_bytes_t Bytes(std::string_view text);

// A copy as a string.
std::string Text(amqp_bytes_t bytes);

// An open connection with channel 1 open. One thread at a time; the destructor drops the
// connection without a farewell, Close says it.
//
// Once a method has returned kUnavailable the connection is dead and only to be destroyed:
// librabbitmq would still hand out what it had buffered.
class AmqpConnection {
 public:
  static constexpr amqp_channel_t kChannel = 1;

  // Connects, logs in and opens channel 1. `name` is shown in the broker's list of connections.
  static absl::StatusOr<std::unique_ptr<AmqpConnection>> Open(const AmqpOptions& options,
                                                              const std::string& name);
  ~AmqpConnection();
  AmqpConnection(const AmqpConnection&) = delete;
  AmqpConnection& operator=(const AmqpConnection&) = delete;

  amqp_connection_state_t state() const { return state_; }
  const std::string& address() const { return address_; }
  int fd() const { return amqp_get_sockfd(state_); }

  // The next frame, of which pointers are valid until the next call. False if none is there
  // within `timeout`. Sends a heartbeat when one is due, and finds out that the peer is silent.
  absl::StatusOr<bool> ReadFrame(amqp_frame_t& frame, std::chrono::microseconds timeout);

  // Sends a method without waiting for its answer.
  absl::Status Send(amqp_method_number_t method, void* fields);

  // Sends a heartbeat if ReadFrame was not called for so long that one is due.
  absl::Status KeepAlive();

  // The outcome of the last synchronous call. After kNotFound, kPermissionDenied and
  // kFailedPrecondition the channel is closed: see ReopenChannel.
  absl::Status LastReply(const std::string& what);

  // What a frame with `channel.close` or `connection.close` says. Answers it.
  absl::Status Closed(const amqp_method_t& method, const std::string& what);

  // kUnavailable for an error code of librabbitmq.
  absl::Status Broken(int code, const std::string& what) const;

  absl::Status OpenChannel();

  // Closes channel 1, which returns its unacknowledged messages, and then the connection. Reads
  // and drops what is still coming. Gives up after `timeout`.
  void Close(std::chrono::milliseconds timeout);

 private:
  AmqpConnection(amqp_connection_state_t state, std::string address)
      : state_(state), address_(std::move(address)) {}

  absl::Status Connect(const AmqpOptions& options, const AmqpAddress& address);
  absl::Status LogIn(const AmqpOptions& options, const AmqpAddress& address,
                     const std::string& name);
  absl::Status FromReply(const amqp_rpc_reply_t& reply, const std::string& what);

  amqp_connection_state_t state_;
  const std::string address_;
  std::chrono::steady_clock::time_point last_serviced_ = std::chrono::steady_clock::now();
};

}  // namespace syncd

#endif  // SYNCD_SOURCES_AMQP_CONNECTION_H_
