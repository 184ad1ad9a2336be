#include "syncd/sources/amqp_connection.h"

#include <absl/strings/str_format.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <openssl/ssl.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace syncd {
namespace {

// The frame size that RabbitMQ proposes, too.
constexpr int kFrameBytesMax = 131072;
constexpr int kChannelsMax = 8;

timeval ToTimeval(std::chrono::microseconds duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  return timeval{static_cast<time_t>(seconds.count()),
                 static_cast<suseconds_t>((duration - seconds).count())};
}

amqp_table_entry_t Entry(const char* key, const std::string& value) {
  amqp_table_entry_t entry = {};
  entry.key = amqp_cstring_bytes(key);
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = Bytes(value);
  return entry;
}

amqp_table_entry_t Capability(const char* key) {
  amqp_table_entry_t entry = {};
  entry.key = amqp_cstring_bytes(key);
  entry.value.kind = AMQP_FIELD_KIND_BOOLEAN;
  entry.value.value.boolean = 1;
  return entry;
}

// What a reply code of the broker means to us (AMQP 0-9-1, "reply-code").
absl::StatusCode CodeOf(uint16_t reply_code) {
  switch (reply_code) {
    case AMQP_ACCESS_REFUSED:
    case AMQP_NOT_ALLOWED:  // also: no such virtual host
      return absl::StatusCode::kPermissionDenied;
    case AMQP_NOT_FOUND:
      return absl::StatusCode::kNotFound;
    case AMQP_RESOURCE_LOCKED:
    case AMQP_PRECONDITION_FAILED:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

}  // namespace

std::string AmqpAddress::ForPeople() const {
  return absl::StrFormat("%s:%d%s", host, port, vhost == "/" ? vhost : "/" + vhost);
}

absl::StatusOr<AmqpAddress> ParseAmqpUrl(const std::string& url) {
  std::vector<char> text(url.begin(), url.end());  // librabbitmq parses in place
  text.push_back('\0');
  amqp_connection_info info = {};
  amqp_default_connection_info(&info);
  if (amqp_parse_url(text.data(), &info) != AMQP_STATUS_OK || *info.host == '\0') {
    return absl::InvalidArgumentError(
        "the AMQP URL cannot be read; expected amqp://user:password@host:port/vhost or amqps://…, "
        "with special characters in its parts percent-encoded (it is not shown, as it may hold a "
        "password)");
  }
  const std::string vhost = info.vhost;
  return AmqpAddress{info.ssl != 0, info.host,     info.port,
                     info.user,     info.password, vhost.empty() ? "/" : vhost};
}

amqp_bytes_t Bytes(std::string_view text) {
  return amqp_bytes_t{text.size(), const_cast<char*>(text.data())};
}

std::string Text(amqp_bytes_t bytes) {
  return bytes.len == 0 ? std::string()
                        : std::string(static_cast<const char*>(bytes.bytes), bytes.len);
}

absl::StatusOr<std::unique_ptr<AmqpConnection>> AmqpConnection::Open(const AmqpOptions& options,
                                                                     const std::string& name) {
  absl::StatusOr<AmqpAddress> address = ParseAmqpUrl(options.url);
  if (!address.ok()) return address.status();
  amqp_connection_state_t state = amqp_new_connection();
  if (state == nullptr) return absl::ResourceExhaustedError("no memory for an AMQP connection");
  std::unique_ptr<AmqpConnection> connection(new AmqpConnection(state, address->ForPeople()));
  absl::Status status = connection->Connect(options, *address);
  if (status.ok()) status = connection->LogIn(options, *address, name);
  if (status.ok()) status = connection->OpenChannel();
  if (!status.ok()) return status;
  return connection;
}

AmqpConnection::~AmqpConnection() { amqp_destroy_connection(state_); }

absl::Status AmqpConnection::Connect(const AmqpOptions& options, const AmqpAddress& address) {
  amqp_socket_t* socket = nullptr;
  if (address.tls) {
    socket = amqp_ssl_socket_new(state_);
    if (socket == nullptr) return absl::InternalError("librabbitmq made no TLS socket");
    if (options.ca_file.empty()) {
      SSL_CTX_set_default_verify_paths(static_cast<SSL_CTX*>(amqp_ssl_socket_get_context(socket)));
    } else if (amqp_ssl_socket_set_cacert(socket, options.ca_file.c_str()) != AMQP_STATUS_OK) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "the CA file %s cannot be read; expected certificates in PEM", options.ca_file));
    }
  } else {
    socket = amqp_tcp_socket_new(state_);
    if (socket == nullptr) return absl::InternalError("librabbitmq made no TCP socket");
  }
  timeval timeout = ToTimeval(options.answer_timeout);
  amqp_set_handshake_timeout(state_, &timeout);
  amqp_set_rpc_timeout(state_, &timeout);
  const int code = amqp_socket_open_noblock(socket, address.host.c_str(), address.port, &timeout);
  if (code == AMQP_STATUS_OK) return absl::OkStatus();
  return Broken(code, "connecting");
}

absl::Status AmqpConnection::LogIn(const AmqpOptions& options, const AmqpAddress& address,
                                   const std::string& name) {
  // Without these the broker tells neither that it blocks publishers nor that a queue is gone.
  std::array<amqp_table_entry_t, 5> capabilities = {
      Capability("consumer_cancel_notify"), Capability("connection.blocked"),
      Capability("basic.nack"), Capability("publisher_confirms"),
      Capability("authentication_failure_close")};
  const std::string product = "syncd";
  std::array<amqp_table_entry_t, 3> properties = {
      Entry("product", product), Entry("connection_name", name), amqp_table_entry_t{}};
  properties[2].key = amqp_cstring_bytes("capabilities");
  properties[2].value.kind = AMQP_FIELD_KIND_TABLE;
  properties[2].value.value.table = {static_cast<int>(capabilities.size()), capabilities.data()};
  const amqp_table_t table = {static_cast<int>(properties.size()), properties.data()};
  const amqp_rpc_reply_t reply = amqp_login_with_properties(
      state_, address.vhost.c_str(), kChannelsMax, kFrameBytesMax, options.heartbeat_s, &table,
      AMQP_SASL_METHOD_PLAIN, address.user.c_str(), address.password.c_str());
  return FromReply(reply, absl::StrFormat("logging in as %s", address.user));
}

absl::Status AmqpConnection::OpenChannel() {
  amqp_channel_open(state_, kChannel);
  return LastReply("opening a channel");
}

absl::StatusOr<bool> AmqpConnection::ReadFrame(amqp_frame_t& frame,
                                               std::chrono::microseconds timeout) {
  amqp_maybe_release_buffers(state_);
  // Never 0: with a zero time-out librabbitmq 0.11 does not notice that heartbeats are missing.
  timeval wait = ToTimeval(std::max(timeout, std::chrono::microseconds(1)));
  const int code = amqp_simple_wait_frame_noblock(state_, &frame, &wait);
  if (code == AMQP_STATUS_OK) return true;
  last_serviced_ = std::chrono::steady_clock::now();
  if (code == AMQP_STATUS_TIMEOUT) return false;
  return Broken(code, "reading");
}

absl::Status AmqpConnection::Send(amqp_method_number_t method, void* fields) {
  const int code = amqp_send_method(state_, kChannel, method, fields);
  if (code == AMQP_STATUS_OK) return absl::OkStatus();
  return Broken(code, absl::StrFormat("sending %s", amqp_method_name(method)));
}

absl::Status AmqpConnection::KeepAlive() {
  const int heartbeat_s = amqp_get_heartbeat(state_);
  const auto now = std::chrono::steady_clock::now();
  if (heartbeat_s == 0 || now - last_serviced_ < std::chrono::milliseconds(heartbeat_s * 500)) {
    return absl::OkStatus();
  }
  amqp_frame_t frame = {};
  frame.frame_type = AMQP_FRAME_HEARTBEAT;
  last_serviced_ = now;
  const int code = amqp_send_frame(state_, &frame);
  if (code == AMQP_STATUS_OK) return absl::OkStatus();
  return Broken(code, "sending a heartbeat");
}

absl::Status AmqpConnection::LastReply(const std::string& what) {
  return FromReply(amqp_get_rpc_reply(state_), what);
}

absl::Status AmqpConnection::FromReply(const amqp_rpc_reply_t& reply, const std::string& what) {
  switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
      return absl::OkStatus();
    case AMQP_RESPONSE_SERVER_EXCEPTION:
      return Closed(amqp_method_t{reply.reply.id, reply.reply.decoded}, what);
    case AMQP_RESPONSE_LIBRARY_EXCEPTION:
      return Broken(reply.library_error, what);
    case AMQP_RESPONSE_NONE:
      break;
  }
  return Broken(AMQP_STATUS_CONNECTION_CLOSED, what);
}

absl::Status AmqpConnection::Closed(const amqp_method_t& method, const std::string& what) {
  if (method.id == AMQP_CHANNEL_CLOSE_METHOD) {
    const auto* close = static_cast<const amqp_channel_close_t*>(method.decoded);
    absl::Status status(CodeOf(close->reply_code),
                        absl::StrFormat("%s: %s: %s", address_, what, Text(close->reply_text)));
    amqp_channel_close_ok_t ok = {};
    amqp_send_method(state_, kChannel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
    return status;
  }
  if (method.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const auto* close = static_cast<const amqp_connection_close_t*>(method.decoded);
    absl::Status status(CodeOf(close->reply_code),
                        absl::StrFormat("%s: %s: %s", address_, what, Text(close->reply_text)));
    amqp_connection_close_ok_t ok = {};
    amqp_send_method(state_, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
    return status;
  }
  return absl::UnavailableError(
      absl::StrFormat("%s: %s: unexpected answer %s", address_, what, amqp_method_name(method.id)));
}

absl::Status AmqpConnection::Broken(int code, const std::string& what) const {
  return absl::UnavailableError(
      absl::StrFormat("%s: %s: %s", address_, what, amqp_error_string2(code)));
}

void AmqpConnection::Close(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  amqp_channel_close_t close = {};
  close.reply_code = AMQP_REPLY_SUCCESS;
  if (!Send(AMQP_CHANNEL_CLOSE_METHOD, &close).ok()) return;
  while (std::chrono::steady_clock::now() < deadline) {
    amqp_frame_t frame;
    absl::StatusOr<bool> read = ReadFrame(frame, std::chrono::milliseconds(100));
    if (!read.ok()) return;
    if (!*read || frame.frame_type != AMQP_FRAME_METHOD) continue;
    if (frame.payload.method.id == AMQP_CONNECTION_CLOSE_METHOD) return;
    if (frame.payload.method.id == AMQP_CHANNEL_CLOSE_OK_METHOD) {
      timeval wait = ToTimeval(timeout);
      amqp_set_rpc_timeout(state_, &wait);
      amqp_connection_close(state_, AMQP_REPLY_SUCCESS);
      return;
    }
  }
}

}  // namespace syncd
