// One opening of an SQS queue: what its thread does.
#ifndef SYNCD_SOURCES_SQS_SESSION_H_
#define SYNCD_SOURCES_SQS_SESSION_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "syncd/sources/delivery_queue.h"
#include "syncd/sources/sqs.h"
#include "syncd/sources/sqs_client.h"
#include "syncd/sources/sqs_ledger.h"
#include "syncd/sources/sqs_protocol.h"

namespace syncd {

// What a source has done so far; read from any thread.
struct SqsCounters {
  std::atomic<uint64_t> received = 0;
  std::atomic<uint64_t> corrupt = 0;     // bodies with a wrong MD5
  std::atomic<uint64_t> deleted = 0;     // acknowledged and gone
  std::atomic<uint64_t> stale = 0;       // could not be deleted: they come again
  std::atomic<uint64_t> extended = 0;    // hidden for longer
  std::atomic<uint64_t> given_back = 0;  // unacknowledged
};

// Fetches into `deliveries`, and does what the reader says there. One thread. References must
// outlive the session.
class SqsSession {
 public:
  SqsSession(const SqsOptions& options, const std::string& queue_url, SqsClient& client,
             DeliveryQueue& deliveries, SqsCounters& counters);

  // Looks at the queue. Errors as in MakeSqsSource's Open; kCancelled if `stop` comes first.
  absl::Status Check(const std::atomic<bool>& stop);

  // Works until `stop` (OK), or an error that trying again can't mend.
  absl::Status Serve(const std::atomic<bool>& stop);

  // Deletes what is acknowledged and gives back the rest, within the options' close_timeout.
  void Finish();

 private:
  using Clock = std::chrono::steady_clock;
  enum Kind { kReceive, kDelete, kExtend, kKinds };

  // Calls of one kind: how many run, and when the next may begin after a failure.
  struct Lane {
    size_t running = 0;
    bool broken = false;
    Clock::time_point retry_at;
    std::chrono::milliseconds pause{0};
  };

  void Step();
  void StartReceives();
  void StartReceive();
  void OnReceived(absl::StatusOr<SqsAnswer> answer);
  void Deliver(std::vector<SqsReceived> received);
  void StartDeletes();
  void OnDeleted(const std::vector<SqsReceipt>& batch, absl::StatusOr<SqsAnswer> answer);
  void Extend();
  void OnExtended(const std::vector<SqsReceipt>& batch, Clock::time_point sent_at,
                  absl::StatusOr<SqsAnswer> answer);
  void WithdrawUnordered();
  void StartGivingBack();
  void AnswerQuestion();

  bool MayStart(Kind kind) const;
  bool Succeeded(Kind kind, const absl::Status& status);
  void Fail(Lane& lane, const absl::Status& status);
  absl::Status Judge(const absl::StatusOr<SqsAnswer>& answer, const char* verb) const;
  absl::Status Missing() const;

  const SqsOptions options_;
  const std::string queue_url_;
  SqsClient& client_;
  DeliveryQueue& deliveries_;
  SqsCounters& counters_;
  SqsLedger ledger_;
  Lane lanes_[kKinds];
  bool fifo_ = false;
  size_t connections_ = 1;  // that wait for messages, by what came lately
  bool finishing_ = false;
  uint64_t last_delivery_ = 0;
  size_t answer_bytes_ = 0;  // a large receive, as they were lately
  size_t giving_back_ = 0;   // calls that run
  Clock::time_point next_scan_;
  std::optional<Clock::time_point> missing_since_;
  absl::Status final_;  // why it ends by itself
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace syncd

#endif  // SYNCD_SOURCES_SQS_SESSION_H_
