// Looks at how fast readers are while a build is loaded, so that it can make way for them.
#ifndef INDEXSWAP_ENGINE_READER_WATCH_H_
#define INDEXSWAP_ENGINE_READER_WATCH_H_

#include <indexswap/clock.h>
#include <indexswap/observer.h>
#include <indexswap/store.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
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

  // So many samples make a figure.
  static constexpr size_t kWindow = 10;

  // `idle` are samples of the quiet time, at least one; `factor`: how many times as long a search
  // may take as 99 of 100 of these took at most.
  ReaderGauge(std::vector<Latency> idle, double factor);

  // The latency that 99 of 100 searches of the quiet time did not exceed.
  Latency idle() const { return idle_; }

  // Takes a sample. Each time that a window is full: whether any of its searches took too long.
  std::optional<bool> Add(Latency sample);

  // Samples so far, and how many of them took too long.
  uint64_t samples() const { return samples_; }
  uint64_t slow() const { return slow_; }

 private:
  const Latency idle_;
  const Latency limit_;
  uint64_t samples_ = 0;
  uint64_t slow_ = 0;
  uint64_t slow_before_ = 0;  // this window
};

// Searches through aliases, one after the other, 25 times a second, on a thread of its own. What
// goes wrong with that is noted once and fails nothing.
class ReaderWatch {
 public:
  // Called from the watch's thread, about twice a second.
  using OnReaders = std::function<void(bool slow)>;

  // What it has seen.
  struct Report {
    ReaderGauge::Latency idle{0};  // that 99 of 100 searches did not exceed before the load
    uint64_t searches = 0;
    uint64_t slow = 0;  // of these took longer than `factor` times `idle`
  };

  // Nothing is owned. `factor`: how many times the idle latency is still good.
  ReaderWatch(IndexStore& store, std::vector<std::string> aliases, double factor, Clock& clock,
              Observer& observer, OnReaders on_readers);
  ~ReaderWatch();

  ReaderWatch(const ReaderWatch&) = delete;
  ReaderWatch& operator=(const ReaderWatch&) = delete;

  // Measures the quiet time, which takes some seconds, and begins to look. Call once, before
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
