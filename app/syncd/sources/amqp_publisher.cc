// Publishes start messages, each confirmed by the broker.
//
// A start message is rare (a few a day) and may come hours after the one before, so no thread
// keeps the connection alive in between: one that was idle for longer than its heartbeat is
// replaced rather than trusted.
#include <absl/strings/str_format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "syncd/sources/amqp.h"
#include "syncd/sources/amqp_connection.h"

namespace syncd {
namespace {

using Clock = std::chrono::steady_clock;
constexpr amqp_channel_t kChannel = AmqpConnection::kChannel;

// An error of the broker's whole connection is one of reaching it.
absl::Status Unreached(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kNotFound) return status;
  return absl::UnavailableError(status.message());
}

class AmqpPublisher : public Publisher {
 public:
  explicit AmqpPublisher(AmqpOptions options) : options_(std::move(options)) {}

  absl::Status Publish(const std::string& exchange, const std::string& routing_key,
                       const std::string& body) override {
    std::lock_guard lock(mutex_);
    if (absl::Status status = Connect(); !status.ok()) return status;
    const std::string what =
        absl::StrFormat("publishing to exchange '%s' with routing key '%s'", exchange, routing_key);
    absl::Status status = Send(exchange, routing_key, body, what);
    if (status.ok()) status = AwaitConfirmation(what);
    used_at_ = Clock::now();
    // Unroutable leaves the channel as it was; after all else a new connection is the sure way.
    if (!status.ok() && !returned_) connection_.reset();
    return status;
  }

 private:
  absl::Status Connect() {
    if (connection_ != nullptr && Stale()) connection_.reset();
    if (connection_ != nullptr) return absl::OkStatus();
    auto connection = AmqpConnection::Open(options_, "syncd publishing");
    if (!connection.ok()) return Unreached(connection.status());
    amqp_confirm_select((*connection)->state(), kChannel);
    absl::Status status = (*connection)->LastReply("asking for confirmations");
    if (!status.ok()) return Unreached(status);
    connection_ = *std::move(connection);
    return absl::OkStatus();
  }

  // Whether the kept connection is old, or has something to say, which can only be a farewell.
  bool Stale() {
    if (Clock::now() - used_at_ > std::chrono::seconds(std::max(options_.heartbeat_s, 1))) {
      return true;
    }
    amqp_frame_t frame;
    absl::StatusOr<bool> read = connection_->ReadFrame(frame, std::chrono::microseconds(0));
    return !read.ok() || *read;
  }

  // An error here means that the message did not reach the broker as a whole.
  absl::Status Send(const std::string& exchange, const std::string& routing_key,
                    const std::string& body, const std::string& what) {
    returned_ = false;
    amqp_basic_properties_t properties = {};
    properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_CONTENT_ENCODING_FLAG |
                        AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.content_type = amqp_cstring_bytes("application/json");
    properties.content_encoding = amqp_cstring_bytes("UTF-8");
    properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
    const int code =
        amqp_basic_publish(connection_->state(), kChannel, Bytes(exchange), Bytes(routing_key),
                           /*mandatory=*/1, /*immediate=*/0, &properties, Bytes(body));
    return code == AMQP_STATUS_OK ? absl::OkStatus() : connection_->Broken(code, what);
  }

  // Reads until the broker has confirmed, returned or refused the one message on its way.
  absl::Status AwaitConfirmation(const std::string& what) {
    std::string blocked;  // the alarm's reason
    Clock::time_point deadline = Clock::now() + options_.answer_timeout;
    while (Clock::now() < deadline) {
      amqp_frame_t frame;
      absl::StatusOr<bool> read = connection_->ReadFrame(frame, std::chrono::milliseconds(100));
      if (!read.ok()) return absl::UnknownError(read.status().message());
      if (!*read || frame.frame_type != AMQP_FRAME_METHOD) continue;
      const amqp_method_t& method = frame.payload.method;
      if (method.id == AMQP_CONNECTION_BLOCKED_METHOD) {
        blocked = Text(static_cast<amqp_connection_blocked_t*>(method.decoded)->reason);
        deadline = Clock::now() + options_.blocked_timeout;
      } else if (method.id == AMQP_CONNECTION_UNBLOCKED_METHOD) {
        blocked.clear();
        deadline = Clock::now() + options_.answer_timeout;
      } else if (method.id == AMQP_BASIC_RETURN_METHOD) {
        returned_ = true;  // its confirmation follows
      } else if (method.id == AMQP_BASIC_ACK_METHOD) {
        return returned_ ? Unroutable(what) : absl::OkStatus();
      } else if (method.id == AMQP_BASIC_NACK_METHOD) {
        return absl::UnavailableError(
            absl::StrFormat("%s: %s: the broker refused the message: is a queue at its maximum "
                            "length?",
                            connection_->address(), what));
      } else if (method.id == AMQP_CHANNEL_CLOSE_METHOD) {
        return connection_->Closed(method, what);  // no such exchange; no right to publish
      } else if (method.id == AMQP_CONNECTION_CLOSE_METHOD) {
        return absl::UnknownError(connection_->Closed(method, what).message());
      }
    }
    returned_ = false;
    if (blocked.empty()) {
      return absl::UnknownError(absl::StrFormat("%s: %s: no confirmation came within %d ms",
                                                connection_->address(), what,
                                                options_.answer_timeout.count()));
    }
    return absl::UnknownError(absl::StrFormat(
        "%s: %s: the broker blocks publishers: %s; free its memory or disk (the message may still "
        "be published when the alarm is over)",
        connection_->address(), what, blocked));
  }

  absl::Status Unroutable(const std::string& what) const {
    return absl::NotFoundError(
        absl::StrFormat("%s: %s: no queue is bound: bind one, or set [amqp] declare = true",
                        connection_->address(), what));
  }

  const AmqpOptions options_;
  std::mutex mutex_;  // guards all below
  std::unique_ptr<AmqpConnection> connection_;
  Clock::time_point used_at_;
  bool returned_ = false;  // the message on its way was unroutable
};

}  // namespace

std::unique_ptr<Publisher> MakeAmqpPublisher(AmqpOptions options) {
  return std::make_unique<AmqpPublisher>(std::move(options));
}

}  // namespace syncd
