// The source over RabbitMQ: a thread that owns the connection, and a queue to the reader.
#ifndef SYNCD_SOURCES_AMQP_SOURCE_H_
#define SYNCD_SOURCES_AMQP_SOURCE_H_

#include <absl/status/status.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "syncd/sources/amqp.h"
#include "syncd/sources/amqp_session.h"
#include "syncd/sources/delivery_queue.h"
#include "syncd/sources/prefetch.h"
#include "syncd/sources/wakeup.h"

namespace syncd {

// See MakeAmqpSource for what it promises. librabbitmq is called on `thread_` only.
class AmqpSource : public Source {
 public:
  AmqpSource(AmqpOptions options, std::string queue);
  ~AmqpSource() override;

  std::string Describe() const override { return "amqp queue " + queue_; }
  absl::Status Open() override;
  absl::StatusOr<std::optional<Message>> Next(std::chrono::milliseconds timeout) override;
  absl::Status Ack(const Position& position) override;
  absl::Status Close() override;
  absl::StatusOr<uint64_t> Waiting() override;
  void Interrupt() override;

  // For tests and metrics; from any thread.
  struct Stats {
    uint64_t connections = 0;       // made so far
    size_t buffered_bytes_max = 0;  // the most that was fetched ahead of the reader
    uint16_t prefetch = 0;          // messages, in force now
  };
  Stats stats() const;

 private:
  using Clock = std::chrono::steady_clock;

  void Run();
  absl::Status Serve(AmqpSession& session);
  absl::Status Exchange(AmqpSession& session);
  absl::StatusOr<bool> Receive(AmqpSession& session, size_t room);
  void Pause(const absl::Status& status);
  bool IsFinal(const absl::Status& status) const;
  void ReportOpened(const absl::Status& status);

  const AmqpOptions options_;
  const std::string queue_;
  Wakeup wakeup_;
  DeliveryQueue deliveries_;
  std::thread thread_;
  std::atomic<bool> stop_ = false;
  std::atomic<uint16_t> prefetch_now_ = 0;

  std::mutex mutex_;
  std::condition_variable opened_changed_;
  std::optional<absl::Status> opened_;  // what came of the first attempt to connect

  // Of thread_ alone.
  PrefetchPolicy prefetch_;
  std::vector<Message> batch_;
  std::chrono::milliseconds pause_{0};
  Clock::time_point lost_at_;
  uint64_t ready_ = 0;  // messages at the broker, by its last answer
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace syncd

#endif  // SYNCD_SOURCES_AMQP_SOURCE_H_
