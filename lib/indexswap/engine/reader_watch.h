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

  // `idle`: the latency that 99 of 100 searches of the quiet time did not exceed; `factor`: how
  // many times as long a search may take.
  ReaderGauge(Latency idle, double factor);

  Latency idle() const { return idle_; }

  // Takes a sample; whether it took too long.
  bool Add(Latency sample);

  // Samples so far, and how many of them took too long.
  uint64_t samples() const { return samples_; }
  uint64_t slow() const { return slow_; }

 private:
  const Latency idle_;
  const Latency limit_;
  uint64_t samples_ = 0;
  uint64_t slow_ = 0;
};

// The latency that 99 of 100 of these did not exceed; `samples`: at least one.
ReaderGauge::Latency NinetyNinthOf(std::vector<ReaderGauge::Latency> samples);

// Searches through aliases, one after the other, on a thread of its own: 20 times a second while
// the store is quiet, 25 times a second while it is loaded. What goes wrong with that is noted once
// and fails nothing.
class ReaderWatch {
 public:
  // Called from the watch's thread after each search: whether it took too long.
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

  // Begins to measure the quiet time. Call once. Without an alias, it does nothing.
  void Start();

  // There will be load from now on. Returns when there are enough searches of the quiet time, which
  // takes some seconds if Start was just before; false if it can't be measured. Of a store that is
  // slow to answer, it takes what has come in a minute.
  bool LoadBegins();

  // Ends, and returns what was seen; nothing if it has not looked. May be called again.
  std::optional<Report> Stop();

 private:
  std::optional<ReaderGauge::Latency> Sample();
  bool Sleep(std::chrono::milliseconds pause);  // false when it is to stop
  void Run();
  std::optional<ReaderGauge::Latency> Quiet();
  bool LoadWaits();      // LoadBegins was called
  bool HasWaitedLong();  // so long ago that it must not wait any longer
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
  std::condition_variable changed_;
  bool stop_ = false;             // guarded by mutex_
  bool looks_ = false;            // likewise: the quiet time is measured, or cannot be
  std::optional<Report> report_;  // likewise
  // Likewise; from the call of LoadBegins on.
  std::optional<std::chrono::steady_clock::time_point> load_waits_until_;
  std::thread thread_;
};

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_READER_WATCH_H_
