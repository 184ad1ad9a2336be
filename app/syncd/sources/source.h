// The port to where messages come from: a queue or a file.
#ifndef SYNCD_SOURCES_SOURCE_H_
#define SYNCD_SOURCES_SOURCE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace syncd {

// Identifies one delivery to the source that made it. Positions of one connection ascend in order
// of delivery; those of a dead connection are never acknowledged.
struct Position {
  uint64_t connection = 0;  // counts up at each (re)connect
  uint64_t delivery = 0;    // the tag in that connection; for a file, the number of the line (1…)

  auto operator<=>(const Position&) const = default;
};

// One message as it came.
struct Message {
  std::string body;
  Position position;
  bool redelivered = false;

  // Facts of SQS; what another source doesn't know stays as it is here.
  std::optional<int64_t> sent_ms;  // when the queue got it, ms since 1970 (SentTimestamp)
  std::string sequence;            // a FIFO queue's SequenceNumber; as decimal numbers, it rises
  std::string message_id;          // the same each time that the message comes
  uint32_t receive_count = 0;      // how often it was handed out (approximate); 0: unknown
};

// One stream of messages. All methods are called from one thread, except Interrupt.
//
// Errors: kFailedPrecondition, another consumer holds the queue, or there is no such queue (the
// message names queue and, where known, the count of consumers, and the remedy); kUnavailable, the
// connection is lost and the source is reconnecting by itself (call Next again); anything else is
// final for this source.
class Source {
 public:
  virtual ~Source() = default;

  // What it reads, for people: `amqp queue reval.queue.connection.syncdata` or a file's path.
  virtual std::string Describe() const = 0;

  // Connects and starts to consume. Returns once the broker has confirmed the consumer.
  virtual absl::Status Open() = 0;

  // The next message; nothing if none came within `timeout`. For a file: kOutOfRange at its end.
  virtual absl::StatusOr<std::optional<Message>> Next(std::chrono::milliseconds timeout) = 0;

  // Everything delivered up to and including `position` is safe and need not come again. A
  // position of an earlier connection is ignored: the broker has already given it back.
  virtual absl::Status Ack(const Position& position) = 0;

  // Hands everything that is not acknowledged back, and stops consuming. Idempotent.
  virtual absl::Status Close() = 0;

  // Messages that wait at the source, not counting those delivered to this reader; 0 for a file.
  virtual absl::StatusOr<uint64_t> Waiting() = 0;

  // Makes a running and every later Next return kCancelled. From any thread.
  virtual void Interrupt() = 0;
};

// Where start messages are published.
class Publisher {
 public:
  virtual ~Publisher() = default;

  // Publishes a persistent, mandatory message of `content_type` application/json, encoding UTF-8,
  // with no `__TypeId__`, and waits for the broker's confirmation. kNotFound when no queue is bound
  // to (exchange, routing_key), or the exchange does not exist; kUnavailable when the broker was
  // not reached; kUnknown when the confirmation was lost. Thread-safe.
  virtual absl::Status Publish(const std::string& exchange, const std::string& routing_key,
                               const std::string& body) = 0;
};

}  // namespace syncd

#endif  // SYNCD_SOURCES_SOURCE_H_
