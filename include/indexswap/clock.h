// Time, so that tests can do without the real one.
#ifndef INDEXSWAP_CLOCK_H_
#define INDEXSWAP_CLOCK_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace indexswap {

// A clock. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // The time of day; may jump.
  virtual std::chrono::system_clock::time_point Now() = 0;

  // Time that only goes forward, also when the time of day is set.
  virtual std::chrono::steady_clock::time_point Monotonic() = 0;

  // Blocks the calling thread.
  virtual void SleepFor(std::chrono::milliseconds duration) = 0;

  // Blocks the calling thread until `changed` is notified, or for `duration`; may return early. The
  // lock is given up meanwhile, and held again on return.
  virtual void WaitFor(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
                       std::chrono::milliseconds duration) = 0;

  // The machine's own clock; lives for ever.
  static Clock* Real();
};

}  // namespace indexswap

#endif  // INDEXSWAP_CLOCK_H_
