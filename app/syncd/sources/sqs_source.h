// The source over SQS: a thread that speaks to the server, and a queue to the reader.
#ifndef SYNCD_SOURCES_SQS_SOURCE_H_
#define SYNCD_SOURCES_SQS_SOURCE_H_

#include <absl/status/status.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "syncd/sources/delivery_queue.h"
#include "syncd/sources/sqs.h"
#include "syncd/sources/sqs_client.h"
#include "syncd/sources/sqs_session.h"

namespace syncd {

// See MakeSqsSource for what it promises.
class SqsSource : public Source {
 public:
  SqsSource(SqsOptions options, std::string queue_url);
  ~SqsSource() override;

  std::string Describe() const override { return "sqs queue " + queue_url_; }
  absl::Status Open() override;
  absl::StatusOr<std::optional<Message>> Next(std::chrono::milliseconds timeout) override;
  absl::Status Ack(const Position& position) override { return deliveries_.Ack(position); }
  absl::Status Close() override;
  absl::StatusOr<uint64_t> Waiting() override;
  void Interrupt() override { deliveries_.Interrupt(); }

  // For tests and metrics; from any thread.
  const SqsCounters& counters() const { return counters_; }
  size_t buffered_bytes_max() const { return deliveries_.bytes_highest(); }

 private:
  void Run();
  void ReportOpened(const absl::Status& status);

  const SqsOptions options_;
  const std::string queue_url_;
  DeliveryQueue deliveries_;
  SqsCounters counters_;
  std::unique_ptr<SqsClient> client_;  // from Open to Close; but for Wake, of thread_ alone
  std::thread thread_;
  std::atomic<bool> stop_ = false;

  std::mutex mutex_;
  std::condition_variable opened_changed_;
  std::optional<absl::Status> opened_;  // what came of looking at the queue
};

}  // namespace syncd

#endif  // SYNCD_SOURCES_SQS_SOURCE_H_
