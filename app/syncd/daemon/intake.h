// Takes live events in: from their queues into the journal, and acknowledges them once the live
// index has answered for them.
#ifndef SYNCD_DAEMON_INTAKE_H_
#define SYNCD_DAEMON_INTAKE_H_

#include <absl/status/status.h>
#include <indexswap/observer.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/sources/source.h"

namespace syncd {

// What an intake tells and asks. Called from its threads; must return quickly.
struct IntakeCallbacks {
  std::function<void()> journalled;  // there is something new in the log
  // Up to which position messages may be acknowledged; nothing: none may be at the moment.
  std::function<std::optional<uint64_t>()> acknowledged;
  std::function<void(indexswap::Observer::Severity, const std::string&)> note;
  std::function<void(std::string_view)> step;  // a named step; see cli/steps.h
};

// How one channel is doing.
struct IntakeState {
  std::string channel;
  std::string queue;
  std::string trouble;          // why nothing is read at the moment; empty: it is
  uint64_t unacknowledged = 0;  // messages journalled and not yet acknowledged
};

// One event channel, read on a thread of its own for as long as the intake lives: a queue that is
// gone, or held by another consumer, is tried again for ever.
class ChannelIntake {
 public:
  using MakeSource = std::function<absl::StatusOr<std::unique_ptr<Source>>()>;

  // `log` is not owned.
  ChannelIntake(std::string channel, MakeSource make, EventLog& log, IntakeCallbacks callbacks);

  // Stops reading, acknowledges what may be, and hands the rest back to the queue.
  ~ChannelIntake();

  IntakeState state() const;

 private:
  struct Pending {
    uint64_t needed = 0;  // the position that the live index must have answered for
    Position position;    // everything up to it may be acknowledged then
    uint64_t messages = 0;
  };

  void Run();
  absl::Status Serve(Source& source);
  absl::Status Take(Source& source);
  absl::Status Journal(const std::vector<Message>& messages);
  absl::Status Isolate(const std::vector<Message>& messages);
  void Acknowledge(Source& source);
  void LookWhetherItIsOver(Source& source);
  size_t MayAcknowledge() const;
  void Trouble(const absl::Status& status);
  void Pause();

  const std::string channel_;
  const MakeSource make_;
  EventLog& log_;
  const IntakeCallbacks callbacks_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  IntakeState state_;
  std::atomic<bool> stop_{false};
  std::chrono::milliseconds wait_{0};
  // Of the intake's thread.
  std::deque<Pending> pending_;
  std::chrono::steady_clock::time_point looked_at_;
  std::thread thread_;
};

}  // namespace syncd

#endif  // SYNCD_DAEMON_INTAKE_H_
