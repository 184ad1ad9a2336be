// Looks at how fast readers are while a build is loaded, so that it can make way for them.
#ifndef INDEXSWAP_ENGINE_READER_WATCH_H_
#define INDEXSWAP_ENGINE_READER_WATCH_H_

#include <indexswap/clock.h>
#include <indexswap/observer.h>
#include <indexswap/store.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace indexswap {

// Compares latencies of now with those of a quiet time. Pure.
class ReaderGauge {
 public:
  using Latency = std::chrono::microseconds;

  // So many samples make a figure: the second slowest of them.
  static constexpr size_t kWindow = 10;

  // `idle` are samples of the quiet time; at least one.
  explicit ReaderGauge(std::vector<Latency> idle);

  // The latency that nine of ten searches of the quiet time stayed below.
  Latency idle() const { return idle_; }

  // Takes a sample. Each time that a window is full, how many times as long as in the quiet time
  // nine of ten of its searches took at most.
  std::optional<double> Add(Latency sample);

 private:
  Latency idle_;
  std::vector<Latency> window_;
};

// Searches through aliases, one after the other, ten times a second, on a thread of its own. What
// goes wrong with that is noted once and fails nothing.
class ReaderWatch {
 public:
  // Called from the watch's thread, about once a second.
  using OnReaders = std::function<void(bool slow)>;

  // What it has seen.
  struct Report {
    ReaderGauge::Latency idle{0};
    double slowest = 0;                 // the highest factor
    std::chrono::milliseconds slow{0};  // for how long readers were slower than they may be
  };

  // Nothing is owned. `factor`: how many times the idle latency is still good.
  ReaderWatch(IndexStore& store, std::vector<std::string> aliases, double factor, Clock& clock,
              Observer& observer, OnReaders on_readers);
  ~ReaderWatch();

  ReaderWatch(const ReaderWatch&) = delete;
  ReaderWatch& operator=(const ReaderWatch&) = delete;

  // Measures the quiet time, which takes about a second, and begins to look. Call once, before
  // there is load. Without an alias that can be searched, it does nothing.
  void Start();

  // Ends, and returns what was seen; nothing if it has not looked. May be called again.
  std::optional<Report> Stop();

 private:
  std::optional<ReaderGauge::Latency> Sample();
  bool Sleep();  // until the next sample; false when it is to stop
  void Look(ReaderGauge gauge);

  IndexStore& store_;
  std::vector<std::string> aliases_;
  const double factor_;
  Clock& clock_;
  Observer& observer_;
  const OnReaders on_readers_;
  size_t next_ = 0;
  bool noted_ = false;

  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;             // guarded by mutex_
  std::optional<Report> report_;  // likewise
  std::thread thread_;
};

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_READER_WATCH_H_
