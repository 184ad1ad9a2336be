// SQS's JSON protocol (AWS JSON 1.0): bodies of calls, and what answers say. Pure.
#ifndef SYNCD_SOURCES_SQS_PROTOCOL_H_
#define SYNCD_SOURCES_SQS_PROTOCOL_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "syncd/sources/queue_inspector.h"
#include "syncd/sources/source.h"

namespace syncd {

// The most entries of a batch, and messages of an answer.
inline constexpr size_t kSqsBatch = 10;

// An answer, of any HTTP status.
struct SqsAnswer {
  int status = 0;
  std::string body;
};

// One received message; its position is not set.
struct SqsReceived {
  Message message;
  std::string receipt;  // the handle by which it is deleted
  std::string group;    // of a FIFO queue, otherwise empty
  bool intact = true;   // the body has the MD5 that the server says
};

// One message in a batch call, under its delivery number.
struct SqsReceipt {
  uint64_t delivery = 0;
  std::string handle;
};

// What a batch call did not do for one message.
struct SqsFailure {
  uint64_t delivery = 0;
  bool final = false;  // the sender's fault: another try would fail, too (a stale handle)
  std::string code;
};

// What is asked of a queue's attributes.
struct SqsQueueFacts {
  uint64_t waiting = 0;  // visible or delayed
  bool fifo = false;
};

std::string AttributesBody(const std::string& queue_url);
std::string ReceiveBody(const std::string& queue_url, size_t messages, std::chrono::seconds wait,
                        std::chrono::seconds visibility);
std::string DeleteBody(const std::string& queue_url, const std::vector<SqsReceipt>& receipts);
std::string VisibilityBody(const std::string& queue_url, const std::vector<SqsReceipt>& receipts,
                           std::chrono::seconds visibility);

// The meaning of an answer: OK; kNotFound, no such queue; kPermissionDenied; kUnavailable, for now
// (throttled, too many messages in flight, a failure of the server); otherwise kInvalidArgument.
// `what` begins the message: `receive from https://…`.
absl::Status StatusOfAnswer(const SqsAnswer& answer, std::string_view what);

// What successful answers hold. kInternal for a body that can't be one.
absl::StatusOr<std::vector<SqsReceived>> ParseReceived(const std::string& body);
absl::StatusOr<std::vector<SqsFailure>> ParseBatch(const std::string& body);
absl::StatusOr<SqsQueueFacts> ParseAttributes(const std::string& body);
absl::StatusOr<SqsQueue> ParseQueue(const std::string& body);

}  // namespace syncd

#endif  // SYNCD_SOURCES_SQS_PROTOCOL_H_
