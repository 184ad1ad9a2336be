// How many messages to fetch ahead, so that their bytes stay within a budget.
#ifndef SYNCD_SOURCES_PREFETCH_H_
#define SYNCD_SOURCES_PREFETCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>

namespace syncd {

// RabbitMQ limits what is on its way by messages only. This policy turns a budget of bytes into a
// number of messages by the sizes seen so far: two until some are known, and then half of the
// budget divided by a moving average that rises fast and falls slowly. Half, because sizes vary,
// and because a reader that leaves bytes in the socket for long is cut off by the broker
// (RabbitMQ 3.10 did within 45 s, whatever the heartbeats said). Outlives connections, so that a
// new one begins with what the last one learnt. Not thread-safe.
class PrefetchPolicy {
 public:
  // `messages_max` ≥ 1: never more than these.
  PrefetchPolicy(uint16_t messages_max, size_t bytes_max);

  // The number in force.
  uint16_t current() const { return current_; }

  // Notes a message. A number if the limit should change now, which is then the current one;
  // changes of less than half or twice are not worth the broker's time.
  std::optional<uint16_t> Observe(size_t bytes);

 private:
  const uint16_t messages_max_;
  const size_t bytes_max_;  // half of the budget
  uint16_t current_;
  uint64_t observed_ = 0;
  double average_ = 0;  // bytes a message
};

}  // namespace syncd

#endif  // SYNCD_SOURCES_PREFETCH_H_
