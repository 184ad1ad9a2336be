// What can be seen of queues without taking anything out of them.
#ifndef SYNCD_SOURCES_QUEUE_INSPECTOR_H_
#define SYNCD_SOURCES_QUEUE_INSPECTOR_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace syncd {

// A queue of a broker.
struct BrokerQueue {
  uint64_t messages = 0;  // ready to be handed out
  uint64_t consumers = 0;
};

// Looks at a broker. One thread at a time. Errors: kNotFound, there is no such thing;
// kPermissionDenied, the broker refuses the user; kUnavailable, it is not reached; kInvalidArgument
// for a URL that is none.
class BrokerInspector {
 public:
  virtual ~BrokerInspector() = default;

  // Logs in. The others do so by themselves.
  virtual absl::Status Connect() = 0;
  virtual absl::Status FindExchange(const std::string& exchange) = 0;
  virtual absl::StatusOr<BrokerQueue> FindQueue(const std::string& queue) = 0;
};

// A queue of SQS.
struct SqsQueue {
  bool fifo = false;
  uint64_t waiting = 0;                // to be handed out, or delayed
  uint64_t hidden = 0;                 // handed out to somebody, and neither deleted nor given back
  std::chrono::seconds visibility{0};  // for how long, unless a receiver asks for another time
  std::string dead_letters;            // the queue that takes what was received too often; or empty
  uint64_t receives_max = 0;           // … and how often that is
};

// Looks at queues of SQS. Errors as above, and kUnauthenticated where credentials are missing.
class SqsInspector {
 public:
  virtual ~SqsInspector() = default;
  virtual absl::StatusOr<SqsQueue> FindQueue(const std::string& url) = 0;
};

}  // namespace syncd

#endif  // SYNCD_SOURCES_QUEUE_INSPECTOR_H_
