// The hand-over between a connection's I/O thread and the reader of the source.
#ifndef SYNCD_SOURCES_DELIVERY_QUEUE_H_
#define SYNCD_SOURCES_DELIVERY_QUEUE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "syncd/sources/source.h"

namespace syncd {

// A bounded queue of messages in one direction, and acknowledgements and one question (how many
// messages wait?) in the other. Thread-safe: one I/O thread, one reader, Interrupt from anywhere.
//
// It keeps the rule of the connection's number: what belonged to a lost connection is neither
// handed out nor acknowledged.
class DeliveryQueue {
 public:
  // `bytes_max`: of bodies; one message is admitted in any case. `wake_io` is called, without a
  // lock held, when the I/O thread has something to do.
  DeliveryQueue(size_t bytes_max, std::function<void()> wake_io);

  // --- for the I/O thread ---

  // A new connection stands. Everything of the one before is dropped.
  void Connected();

  // Messages in order of delivery; their positions get the number of the connection.
  void Push(std::vector<Message>& messages);

  // The bytes that may be read now. 0: the I/O thread is woken once the reader has made room.
  size_t Room();

  // The highest delivery to acknowledge, if there is a new one.
  std::optional<uint64_t> TakeAck();

  // Whether the reader waits for a count, and its answer: what is ready at the broker. The
  // messages in this queue are added here.
  bool TakeQuestion();
  void Answer(absl::StatusOr<uint64_t> ready);

  // The connection is lost: everything of it is dropped, and `status` is what the next Pop
  // returns; once, unless the same text was the last reported since Connected.
  void Lost(const absl::Status& status);

  // Something fails, but what was delivered stays valid: like Lost, except that nothing is dropped.
  void Report(const absl::Status& status);

  // All is well again after Report: the same text is reported when it comes back.
  void Recovered();

  // Drops those of `deliveries` that the reader does not have yet, and returns them.
  std::vector<uint64_t> Withdraw(const std::set<uint64_t>& deliveries);

  // There will be no other connection: every Pop returns `status`.
  void Fail(const absl::Status& status);

  // --- for the reader ---

  absl::StatusOr<std::optional<Message>> Pop(std::chrono::milliseconds timeout);

  // kInvalidArgument for a position that was not handed out.
  absl::Status Ack(const Position& position);

  absl::StatusOr<uint64_t> Ask(std::chrono::milliseconds timeout);

  // --- from any thread ---

  void Interrupt();

  // The most bytes that were in the queue at one moment.
  size_t bytes_highest() const;
  uint64_t connection() const;

 private:
  void Drop();  // with mutex_ held

  const size_t bytes_max_;
  const std::function<void()> wake_io_;

  mutable std::mutex mutex_;
  std::condition_variable reader_;  // a message, a status, an answer, an interrupt
  std::deque<Message> messages_;
  size_t bytes_ = 0;
  size_t bytes_highest_ = 0;
  uint64_t connection_ = 0;
  uint64_t popped_ = 0;      // the last delivery of this connection that the reader has
  uint64_t ack_wanted_ = 0;  // by the reader
  uint64_t ack_taken_ = 0;   // by the I/O thread
  bool io_waits_ = false;    // for room
  bool asked_ = false;       // the I/O thread has not seen the question yet
  std::optional<absl::StatusOr<uint64_t>> answer_;
  absl::Status pending_;  // to be reported once
  std::string last_reported_;
  absl::Status failed_;  // for good
  bool interrupted_ = false;
};

}  // namespace syncd

#endif  // SYNCD_SOURCES_DELIVERY_QUEUE_H_
