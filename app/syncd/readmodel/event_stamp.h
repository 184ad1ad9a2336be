// What a queue tells of a message beside its body.
#ifndef SYNCD_READMODEL_EVENT_STAMP_H_
#define SYNCD_READMODEL_EVENT_STAMP_H_

#include <cstdint>
#include <optional>
#include <string>

namespace syncd {

// What is known of a message beside its body.
struct EventStamp {
  std::optional<int64_t> sent_ms;  // when the queue took it, since 1970
  std::string sequence;            // its number in an SQS FIFO queue; empty: none
  std::string message_id;          // the queue's own; empty: none
  int64_t arrival_ms = 0;          // when syncd took it, since 1970
  uint64_t arrival = 0;            // rises with every message that syncd takes

  auto operator<=>(const EventStamp&) const = default;
};

}  // namespace syncd

#endif  // SYNCD_READMODEL_EVENT_STAMP_H_
