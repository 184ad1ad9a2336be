// How fast a bulk writer may send: decided from what the store answers, without threads and clocks.
#ifndef INDEXSWAP_ENGINE_FLOW_CONTROL_H_
#define INDEXSWAP_ENGINE_FLOW_CONTROL_H_

#include <indexswap/options.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "indexswap/engine/reader_pace.h"

namespace indexswap {

// The waits between tries of one batch: twice as long each time.
class Backoff {
 public:
  // `min` and `max` of a wait.
  Backoff(std::chrono::milliseconds min, std::chrono::milliseconds max);

  // How long to wait before the next try.
  std::chrono::milliseconds Next();

  // Something got through: the next wait is the shortest again.
  void Reset() { next_ = min_; }

 private:
  const std::chrono::milliseconds min_;
  const std::chrono::milliseconds max_;
  std::chrono::milliseconds next_;
};

// Requests in flight by additive increase and multiplicative decrease, and the pause while a block
// is set. A sender is whoever has a batch to bring through; its number is the caller's choice. Not
// thread-safe.
class FlowControl {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // What an answer says about how much the store bears.
  enum class Load {
    kClean,     // it took everything
    kPressure,  // it had no room for some of it
    kOther,     // neither: lost, fenced, blocked
  };

  // Writing stands still, because the store does not take anything until somebody does something.
  struct Pause {
    std::string cause;  // for people
    Time since;
  };

  // One request: given out by Begin, taken back by End.
  struct Turn {
    uint64_t number = 0;
    Time began;
  };

  // Begins with `options.in_flight` requests, which is the most there ever are.
  explicit FlowControl(const BulkOptions& options);

  // For how long `sender` has to wait before it may send. Zero: it may now. Nothing: until another
  // answer has come, or the pause is over.
  std::optional<std::chrono::milliseconds> WaitToSend(uint64_t sender, Time now) const;

  // A request is sent, respectively has come back.
  Turn Begin(Time now);
  void End(const Turn& turn, Load load, Time now);

  // `sender` has met a block. The first one to do so probes from then on, alone, at growing
  // intervals. True if writing pauses from now on.
  bool Block(uint64_t sender, const std::string& cause, Time now);

  // An answer without a block has come for `sender`. If it is the one who probes, the pause is
  // over, and returned.
  std::optional<Pause> Through(uint64_t sender);

  // From now on it begins with little, until it has been seen that readers bear more.
  void ReadersFirst() { readers_ = ReaderPace(most_, true); }

  // Whether a reader's search was too slow: see ReaderPace.
  void Readers(bool slow) { readers_.Note(slow); }

  // A request has at most this part of what it may have: one over two to the power of this.
  int halvings() const { return readers_.halvings(); }

  const std::optional<Pause>& pause() const { return pause_; }

  // How many requests may be in flight now, and how often that was cut for pressure.
  int limit() const { return std::min(limit_, readers_.requests()); }
  uint64_t cuts() const { return cuts_; }

 private:
  void Cut();

  const int most_;
  int limit_;
  int in_flight_ = 0;
  int clean_ = 0;           // clean answers since the limit last changed
  uint64_t turns_ = 0;      // ever begun
  uint64_t cut_after_ = 0;  // turns begun when the limit was last cut
  uint64_t cuts_ = 0;

  ReaderPace readers_;
  Time rested_;  // until then nothing is sent, for readers

  std::optional<Pause> pause_;
  uint64_t prober_ = 0;  // meaningful while paused, as is what follows
  Backoff probe_wait_;
  Time next_probe_;
};

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_FLOW_CONTROL_H_
