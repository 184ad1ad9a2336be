// One consumer on one connection, frame by frame and without blocking.
#ifndef SYNCD_SOURCES_AMQP_SESSION_H_
#define SYNCD_SOURCES_AMQP_SESSION_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "syncd/sources/amqp.h"
#include "syncd/sources/amqp_connection.h"
#include "syncd/sources/prefetch.h"
#include "syncd/sources/source.h"

namespace syncd {

// Lives as long as its connection: after any error it is only to be destroyed. One thread.
//
// Deliveries are assembled here rather than by librabbitmq, whose readers of whole messages block
// in the middle of one. Deliveries, acknowledgements and counts share one channel, so a count
// comes behind the deliveries made before it.
class AmqpSession {
 public:
  // Connects, looks at the queue and starts to consume. Errors as in MakeAmqpSource's Open.
  // `prefetch` must outlive the session.
  static absl::StatusOr<std::unique_ptr<AmqpSession>> Start(const AmqpOptions& options,
                                                            const std::string& queue,
                                                            PrefetchPolicy& prefetch);

  int fd() const { return connection_->fd(); }

  // Appends complete messages (with tags, without the number of the connection) until nothing is
  // there at the moment (false), or `bytes` or a fixed number of messages are reached (true).
  absl::StatusOr<bool> Read(size_t bytes, std::vector<Message>& messages);

  // Acknowledges everything up to `tag`, which was delivered in this session.
  absl::Status Ack(uint64_t tag);

  // Asks how many messages are ready in the queue; TakeCount has the answer after some Read. What
  // had left the queue by then has been read before the answer; what leaves it meanwhile counts
  // twice.
  absl::Status AskCount();
  std::optional<uint64_t> TakeCount();

  // To be called at least once a second while Read is not.
  absl::Status KeepAlive() { return connection_->KeepAlive(); }

  // Hands unacknowledged messages back and says good-bye.
  void Close() { connection_->Close(options_.answer_timeout); }

 private:
  AmqpSession(const AmqpOptions& options, std::string queue, PrefetchPolicy& prefetch,
              std::unique_ptr<AmqpConnection> connection);

  absl::Status FindQueue();
  absl::Status Consume();
  absl::StatusOr<uint32_t> CountConsumers();
  absl::Status Missing() const;
  absl::Status Occupied(uint32_t consumers) const;
  absl::Status Handle(const amqp_frame_t& frame, std::vector<Message>& messages);
  absl::Status HandleMethod(const amqp_method_t& method);
  absl::Status HandleCount(uint64_t ready);
  absl::Status SendCount();
  absl::Status StartBody(uint64_t bytes, std::vector<Message>& messages);
  absl::Status Complete(std::vector<Message>& messages);
  absl::Status ChangePrefetch(uint16_t messages);

  // One message that is being received.
  struct Delivery {
    Message message;
    uint64_t missing_bytes = 0;
  };

  const AmqpOptions options_;
  const std::string queue_;
  std::unique_ptr<AmqpConnection> connection_;
  PrefetchPolicy& prefetch_;
  std::optional<Delivery> delivery_;
  bool counting_ = false;            // AskCount to TakeCount
  std::optional<uint64_t> counted_;  // between the first answer and the second
  std::optional<uint64_t> count_;
  std::string consumer_tag_;
  uint64_t consumers_started_ = 0;
};

}  // namespace syncd

#endif  // SYNCD_SOURCES_AMQP_SESSION_H_
