#include "syncd/sources/delivery_queue.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

namespace syncd {

DeliveryQueue::DeliveryQueue(size_t bytes_max, std::function<void()> wake_io)
    : bytes_max_(std::max<size_t>(bytes_max, 1)), wake_io_(std::move(wake_io)) {}

void DeliveryQueue::Drop() {
  messages_.clear();
  bytes_ = 0;
  popped_ = 0;
  ack_wanted_ = 0;
  ack_taken_ = 0;
}

void DeliveryQueue::Connected() {
  std::lock_guard lock(mutex_);
  Drop();
  ++connection_;
  io_waits_ = false;
  failed_ = absl::OkStatus();
  last_reported_.clear();
}

void DeliveryQueue::Push(std::vector<Message>& messages) {
  {
    std::lock_guard lock(mutex_);
    for (Message& message : messages) {
      message.position.connection = connection_;
      bytes_ += message.body.size();
      messages_.push_back(std::move(message));
    }
    bytes_highest_ = std::max(bytes_highest_, bytes_);
  }
  reader_.notify_all();
}

size_t DeliveryQueue::Room() {
  std::lock_guard lock(mutex_);
  if (bytes_ < bytes_max_) return bytes_max_ - bytes_;
  io_waits_ = true;
  return 0;
}

std::optional<uint64_t> DeliveryQueue::TakeAck() {
  std::lock_guard lock(mutex_);
  if (ack_wanted_ <= ack_taken_) return std::nullopt;
  ack_taken_ = ack_wanted_;
  return ack_taken_;
}

bool DeliveryQueue::TakeQuestion() {
  std::lock_guard lock(mutex_);
  return std::exchange(asked_, false);
}

void DeliveryQueue::Answer(absl::StatusOr<uint64_t> ready) {
  {
    std::lock_guard lock(mutex_);
    if (ready.ok()) *ready += messages_.size();
    answer_ = std::move(ready);
  }
  reader_.notify_all();
}

void DeliveryQueue::Lost(const absl::Status& status) {
  {
    std::lock_guard lock(mutex_);
    Drop();
    answer_ = status;
    const std::string text(status.message());
    if (text == last_reported_) return;
    last_reported_ = text;
    pending_ = status;
  }
  reader_.notify_all();
}

void DeliveryQueue::Report(const absl::Status& status) {
  {
    std::lock_guard lock(mutex_);
    const std::string text(status.message());
    if (text == last_reported_) return;
    last_reported_ = text;
    pending_ = status;
  }
  reader_.notify_all();
}

void DeliveryQueue::Recovered() {
  std::lock_guard lock(mutex_);
  last_reported_.clear();
}

std::vector<uint64_t> DeliveryQueue::Withdraw(const std::set<uint64_t>& deliveries) {
  std::lock_guard lock(mutex_);
  std::vector<uint64_t> withdrawn;
  std::erase_if(messages_, [&](const Message& message) {
    if (!deliveries.contains(message.position.delivery)) return false;
    withdrawn.push_back(message.position.delivery);
    bytes_ -= message.body.size();
    return true;
  });
  return withdrawn;
}

void DeliveryQueue::Fail(const absl::Status& status) {
  {
    std::lock_guard lock(mutex_);
    Drop();
    answer_ = status;
    failed_ = status;
  }
  reader_.notify_all();
}

absl::StatusOr<std::optional<Message>> DeliveryQueue::Pop(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  reader_.wait_for(lock, timeout, [this] {
    return interrupted_ || !pending_.ok() || !failed_.ok() || !messages_.empty();
  });
  if (interrupted_) return absl::CancelledError("reading was interrupted");
  if (!pending_.ok()) return std::exchange(pending_, absl::OkStatus());
  if (!failed_.ok()) return failed_;
  if (messages_.empty()) return std::optional<Message>();
  std::optional<Message> message(std::move(messages_.front()));
  messages_.pop_front();
  bytes_ -= message->body.size();
  popped_ = message->position.delivery;
  // Half of the room, so that the I/O thread is not woken for every message.
  const bool wake = io_waits_ && bytes_ <= bytes_max_ / 2;
  if (wake) io_waits_ = false;
  lock.unlock();
  if (wake) wake_io_();
  return message;
}

absl::Status DeliveryQueue::Ack(const Position& position) {
  {
    std::lock_guard lock(mutex_);
    if (position.connection != 0 && position.connection < connection_) return absl::OkStatus();
    // Between a loss and the next connection nothing is handed out, and nothing to acknowledge.
    if (position.connection == connection_ && popped_ == 0) return absl::OkStatus();
    if (position.connection != connection_ || position.delivery == 0 ||
        position.delivery > popped_) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "delivery %d of connection %d was never handed out; the last was %d of connection %d",
          position.delivery, position.connection, popped_, connection_));
    }
    if (position.delivery <= ack_wanted_) return absl::OkStatus();
    ack_wanted_ = position.delivery;
  }
  wake_io_();
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> DeliveryQueue::Ask(std::chrono::milliseconds timeout) {
  {
    std::lock_guard lock(mutex_);
    if (!failed_.ok()) return failed_;
    answer_.reset();
    asked_ = true;
  }
  wake_io_();
  std::unique_lock lock(mutex_);
  if (!reader_.wait_for(lock, timeout, [this] { return answer_.has_value(); })) {
    asked_ = false;
    return absl::UnavailableError("the broker did not say in time how many messages wait");
  }
  return *std::exchange(answer_, std::nullopt);
}

void DeliveryQueue::Interrupt() {
  {
    std::lock_guard lock(mutex_);
    interrupted_ = true;
  }
  reader_.notify_all();
}

size_t DeliveryQueue::bytes_highest() const {
  std::lock_guard lock(mutex_);
  return bytes_highest_;
}

uint64_t DeliveryQueue::connection() const {
  std::lock_guard lock(mutex_);
  return connection_;
}

}  // namespace syncd
