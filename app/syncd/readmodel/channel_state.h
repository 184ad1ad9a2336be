// What has come through one channel of a build.
#ifndef SYNCD_READMODEL_CHANNEL_STATE_H_
#define SYNCD_READMODEL_CHANNEL_STATE_H_

#include <cstdint>
#include <optional>
#include <string>

namespace syncd {

// Counters of one channel. A record is an item of a message, or a message that is no JSON.
struct ChannelState {
  std::string name;
  uint64_t messages = 0;             // bodies received
  uint64_t records = 0;              // good and rejected ones
  uint64_t rejected = 0;             // records that could be no entity: each is a dead letter
  uint64_t empty = 0;                // messages that assign nothing and end nothing
  uint64_t markers = 0;              // end markers
  std::optional<uint64_t> expected;  // what the last marker said of the number of records
  bool ended = false;                // set by MarkEnded
  uint64_t starts = 0;               // start messages sent, set by NoteStart
  uint64_t left_over = 0;            // messages from before the start, set by NoteLeftOver
};

// What one message brought.
struct IngestResult {
  uint64_t records = 0;
  uint64_t rejected = 0;
  bool empty = false;
  bool ended = false;  // it has the channel's end marker
  std::optional<uint64_t> expected;
};

}  // namespace syncd

#endif  // SYNCD_READMODEL_CHANNEL_STATE_H_
