// A clock that stands still until somebody sleeps on it or moves it.
#ifndef INDEXSWAP_TESTING_FAKE_CLOCK_H_
#define INDEXSWAP_TESTING_FAKE_CLOCK_H_

#include <indexswap/clock.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

namespace indexswap::testing {

// Sleeping takes no time: it moves the clock on and returns. Thread-safe.
class FakeClock : public Clock {
 public:
  // Begins on 2026-01-01T00:00:00Z.
  std::chrono::system_clock::time_point Now() override {
    const std::lock_guard lock(mutex_);
    return std::chrono::system_clock::time_point(std::chrono::seconds(1767225600)) + passed_;
  }

  std::chrono::steady_clock::time_point Monotonic() override {
    const std::lock_guard lock(mutex_);
    return std::chrono::steady_clock::time_point(std::chrono::hours(1)) + passed_;
  }

  void SleepFor(std::chrono::milliseconds duration) override {
    Advance(duration);
    std::function<void()> hook;
    {
      const std::lock_guard lock(mutex_);
      ++sleeps_;
      hook = on_sleep_;
    }
    if (hook) hook();
  }

  // Nobody is waited for: the clock has moved on.
  void WaitFor(std::condition_variable&, std::unique_lock<std::mutex>& lock,
               std::chrono::milliseconds duration) override {
    lock.unlock();
    SleepFor(duration);
    lock.lock();
  }

  void Advance(std::chrono::milliseconds duration) {
    const std::lock_guard lock(mutex_);
    passed_ += duration;
  }

  // Called by the sleeper after each sleep: what somebody else does meanwhile.
  void set_on_sleep(std::function<void()> hook) {
    const std::lock_guard lock(mutex_);
    on_sleep_ = std::move(hook);
  }

  // Time since the beginning.
  std::chrono::milliseconds passed() {
    const std::lock_guard lock(mutex_);
    return passed_;
  }

  int sleeps() {
    const std::lock_guard lock(mutex_);
    return sleeps_;
  }

 private:
  std::mutex mutex_;
  std::chrono::milliseconds passed_{0};
  std::function<void()> on_sleep_;
  int sleeps_ = 0;
};

}  // namespace indexswap::testing

#endif  // INDEXSWAP_TESTING_FAKE_CLOCK_H_
