#include "indexswap/engine/reader_watch.h"

#include <atomic>
#include <thread>

#include "bulk_writer_world.h"

namespace indexswap {
namespace {

using std::chrono::microseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ReaderGaugeTest, ComparesWithWhat99Of100SearchesTook) {
  std::vector<microseconds> idle(99, microseconds(1000));
  idle.emplace_back(90'000);  // one slow search makes no slow store
  ReaderGauge gauge(idle, 1.5);
  EXPECT_EQ(gauge.idle(), microseconds(1000));
  for (size_t i = 1; i < ReaderGauge::kWindow; ++i) {
    EXPECT_EQ(gauge.Add(microseconds(1500)), std::nullopt);
  }
  EXPECT_EQ(gauge.Add(microseconds(1500)), false);
  for (size_t i = 1; i < ReaderGauge::kWindow; ++i) gauge.Add(microseconds(i == 1 ? 1501 : 1000));
  EXPECT_EQ(gauge.Add(microseconds(1000)), true);
  for (size_t i = 1; i < ReaderGauge::kWindow; ++i) gauge.Add(microseconds(1000));
  EXPECT_EQ(gauge.Add(microseconds(1000)), false) << "each window by itself";
  EXPECT_EQ(gauge.samples(), 3 * ReaderGauge::kWindow);
  EXPECT_EQ(gauge.slow(), 1u);
}

// Answers probes with the latencies that the test sets.
class Probed : public testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  absl::StatusOr<microseconds> Probe(const std::string&) override {
    ++probes;
    if (broken) return absl::UnavailableError("gone");
    return microseconds(latency_us);
  }

  std::atomic<int64_t> latency_us = 1000;
  std::atomic<bool> broken = false;
  std::atomic<int> probes = 0;
};

class ReaderWatchTest : public ::testing::Test {
 protected:
  ReaderWatch Watch(std::vector<std::string> aliases) {
    return {store_, std::move(aliases), 1.5, clock_, notes_, [this](bool slow) {
              const std::lock_guard lock(mutex_);
              said_.push_back(slow);
            }};
  }

  // Waits until the watch has said `slow` once more.
  void Await(bool slow) {
    {
      const std::lock_guard lock(mutex_);
      said_.clear();
    }
    while (true) {
      const std::lock_guard lock(mutex_);
      if (!said_.empty() && said_.back() == slow) return;
      std::this_thread::yield();
    }
  }

  Probed store_{testing::MakeMemoryStore()};
  FakeClock clock_;
  Notes notes_;
  std::mutex mutex_;
  std::vector<bool> said_;
};

TEST_F(ReaderWatchTest, SaysWhenReadersAreSlowAndWhenTheyAreNot) {
  ReaderWatch watch = Watch({"all", "some"});
  watch.Start();
  Await(false);
  store_.latency_us = 2000;
  Await(true);
  store_.latency_us = 1400;
  Await(false);
  const auto report = watch.Stop();
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->idle, microseconds(1000));
  EXPECT_GT(report->slow, 0u);
  EXPECT_GT(report->searches, report->slow);
  EXPECT_THAT(notes_.all(), IsEmpty());
  const int probes = store_.probes;
  std::this_thread::yield();
  EXPECT_EQ(store_.probes, probes) << "it has stopped";
}

TEST_F(ReaderWatchTest, WithoutAnythingToSearchItDoesNothing) {
  ReaderWatch watch = Watch({});
  watch.Start();
  EXPECT_FALSE(watch.Stop().has_value());
  EXPECT_EQ(store_.probes, 0);
}

TEST_F(ReaderWatchTest, WhatCannotBeMeasuredIsNotedOnce) {
  store_.broken = true;
  ReaderWatch watch = Watch({"all"});
  watch.Start();
  EXPECT_FALSE(watch.Stop().has_value());
  EXPECT_THAT(notes_.all(), ElementsAre(HasSubstr("can't be measured")));
}

TEST_F(ReaderWatchTest, FailuresInBetweenAreNoFigures) {
  ReaderWatch watch = Watch({"all"});
  watch.Start();
  Await(false);
  store_.broken = true;
  const int before = store_.probes;
  while (store_.probes < before + 20) std::this_thread::yield();
  store_.broken = false;
  Await(false);
  EXPECT_EQ(watch.Stop()->slow, 0u);
}

}  // namespace
}  // namespace indexswap
