// One run's receiving half as a pure state machine: which channel is opened, asked to start, waited
// for, and ended, and when that has failed.
//
// The machine does nothing itself: events go in, effects come out, and the runner carries them out.
// Time is part of each event. Not thread-safe.
#ifndef SYNCD_SYNC_RUN_H_
#define SYNCD_SYNC_RUN_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncd {

using RunTime = std::chrono::steady_clock::time_point;

// How a channel is read.
struct RunChannel {
  std::string name;
  std::vector<std::string> after;  // channels that must have ended before
  bool is_file = false;            // the end of the file ends it; nothing is sent
  bool has_start = false;          // a start message asks for the snapshot
  uint64_t owed_markers = 0;       // end markers that earlier runs asked for and did not see
  bool started_before = false;     // this run was interrupted after it had sent the start
  bool ended_before = false;       // this run was interrupted after the channel had ended
  uint64_t records_before = 0;     // received before the interruption
  bool marker_before = false;      // the end marker came before the interruption
  std::optional<uint64_t> expected_before;  // how many records it says there are
  std::chrono::milliseconds quiet{0};       // its own quiet period, where that is longer
};

// How long the machine is patient.
struct RunTimeouts {
  std::chrono::milliseconds start{30'000};
  std::chrono::milliseconds stall{300'000};
  std::chrono::milliseconds quiet{2'000};
  std::chrono::milliseconds owed{60'000};
};

// Where a channel is.
enum class ChannelStage {
  kWaiting,    // for the channels that it comes after
  kOpening,    // its source is being opened
  kDraining,   // what the queue held before the start is read away
  kStarting,   // the start message is being published
  kReceiving,  // records come
  kSettling,   // its end marker has come; waiting whether anything comes behind it
  kEnded,
};

// `waiting`, `opening`, …
std::string_view ToString(ChannelStage stage);

// What has happened.
struct RunEvent {
  enum class Kind {
    kTick,         // time has passed
    kOpened,       // the source consumes
    kMessages,     // `messages` came, with `records` and `markers` in them; committed
    kLeftOver,     // `messages` of before the start came, with `markers` in them; committed
    kQueueCount,   // the queue holds `records` more
    kStartSent,    // the start message is confirmed
    kInterrupted,  // the source has lost its broker, and is reconnecting
    kFileEnded,
  };

  Kind kind = Kind::kTick;
  std::string channel;  // not for kTick
  uint64_t messages = 0;
  uint64_t records = 0;
  uint64_t markers = 0;
  std::optional<uint64_t> expected;  // records, where a marker says how many there are
};

// What is to be done.
struct RunEffect {
  enum class Kind {
    kOpen,        // open the source of `channel`
    kSendStart,   // publish its start message
    kAskCount,    // ask its queue how many messages wait
    kForgetOwed,  // no marker is owed any more: they did not come
    kEnd,         // it has ended: record it, and close the source
    kNote,        // tell people `text`
    kFail,        // the run has failed: `text` says why
  };

  Kind kind;
  std::string channel;
  std::string text;
};

// The state of one channel, for progress.
struct ChannelProgress {
  ChannelStage stage = ChannelStage::kWaiting;
  uint64_t records = 0;
  uint64_t left_over = 0;  // messages from before the start
  uint64_t starts = 0;     // start messages sent
  uint64_t owed = 0;
};

// See the head of this file.
class Run {
 public:
  Run(std::vector<RunChannel> channels, RunTimeouts timeouts, RunTime now);

  // Takes one event to the effects that it calls for, in the order in which to carry them out.
  std::vector<RunEffect> On(const RunEvent& event, RunTime now);

  // Whether messages of `channel` belong to the snapshot now; while it is drained they do not.
  bool Collects(const std::string& channel) const;

  // Whether every channel has ended.
  bool complete() const;

  // `gmc (12000 records, its end marker has not come), tcs (…)`: what the run waits for.
  std::string WaitsFor() const;

  const std::map<std::string, ChannelProgress>& progress() const { return progress_; }

 private:
  struct Clock {
    RunTime started;       // the last start message, or the opening
    RunTime last_message;  // or the opening
    RunTime last_count;    // when the queue was last asked
    bool count_asked = false;
    bool any_message = false;
    bool marker = false;
    std::optional<uint64_t> expected;
  };
  using Effects = std::vector<RunEffect>;

  void Tick(const RunChannel& channel, RunTime now, Effects& effects);
  void TickDraining(const RunChannel& channel, RunTime now, Effects& effects);
  void TickReceiving(const RunChannel& channel, RunTime now, Effects& effects);
  void Opened(const RunChannel& channel, RunTime now, Effects& effects);
  void Messages(const RunChannel& channel, const RunEvent& event, RunTime now, Effects& effects);
  void LeftOver(const RunChannel& channel, const RunEvent& event, RunTime now);
  void QueueCount(const RunChannel& channel, uint64_t count, RunTime now, Effects& effects);
  void AskCount(const RunChannel& channel, RunTime now, Effects& effects);
  void End(const RunChannel& channel, Effects& effects);
  void OpenWhatMayBegin(RunTime now, Effects& effects);
  const RunChannel& Find(const std::string& name) const;

  const std::vector<RunChannel> channels_;
  const RunTimeouts timeouts_;
  std::map<std::string, ChannelProgress> progress_;
  std::map<std::string, Clock> clocks_;
};

}  // namespace syncd

#endif  // SYNCD_SYNC_RUN_H_
