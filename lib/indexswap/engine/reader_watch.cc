#include "indexswap/engine/reader_watch.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

namespace indexswap {
namespace {

using std::chrono::milliseconds;

constexpr int kIdleSamples = 150;
constexpr milliseconds kIdlePause{20};
constexpr milliseconds kPause{40};

// The sample that a hundredth of them exceeds.
ReaderGauge::Latency NinetyNinthOf(std::vector<ReaderGauge::Latency> samples) {
  std::ranges::sort(samples);
  const size_t exceed = samples.size() / 100;
  return samples[samples.size() - 1 - exceed];
}

}  // namespace

ReaderGauge::ReaderGauge(std::vector<Latency> idle, double factor)
    : idle_(NinetyNinthOf(std::move(idle))),
      limit_(static_cast<Latency::rep>(static_cast<double>(idle_.count()) * factor)) {}

std::optional<bool> ReaderGauge::Add(Latency sample) {
  if (sample > limit_) ++slow_;
  if (++samples_ % kWindow != 0) return std::nullopt;
  return slow_ > std::exchange(slow_before_, slow_);
}

ReaderWatch::ReaderWatch(IndexStore& store, std::vector<std::string> aliases, double factor,
                         Clock& clock, Observer& observer, OnReaders on_readers)
    : store_(store),
      aliases_(std::move(aliases)),
      factor_(factor),
      clock_(clock),
      observer_(observer),
      on_readers_(std::move(on_readers)) {}

ReaderWatch::~ReaderWatch() { Stop(); }

void ReaderWatch::Start() {
  if (aliases_.empty()) return;
  // The first searches after a while of silence are slow by themselves.
  for (size_t i = 0; i < 2 * aliases_.size(); ++i) Sample();
  std::vector<ReaderGauge::Latency> idle;
  for (int i = 0; i < kIdleSamples; ++i) {
    if (const auto sample = Sample()) idle.push_back(*sample);
    clock_.SleepFor(kIdlePause);
  }
  if (idle.empty()) return;
  ReaderGauge gauge(std::move(idle), factor_);
  {
    const std::lock_guard lock(mutex_);
    report_ = Report{gauge.idle()};
  }
  thread_ = std::thread([this, gauge = std::move(gauge)]() mutable { Look(std::move(gauge)); });
}

std::optional<ReaderWatch::Report> ReaderWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  return report_;
}

std::optional<ReaderGauge::Latency> ReaderWatch::Sample() {
  const std::string& alias = aliases_[next_++ % aliases_.size()];
  const auto took = store_.Probe(alias);
  if (took.ok()) return *took;
  if (!std::exchange(noted_, true)) {
    observer_.OnNote(
        Observer::Severity::kWarning,
        absl::StrFormat("the latency of readers can't be measured, so the load does not "
                        "make way for them meanwhile: %s",
                        std::string(took.status().message())));
  }
  return std::nullopt;
}

bool ReaderWatch::Sleep() {
  const auto until = clock_.Monotonic() + kPause;
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const auto left = std::chrono::ceil<milliseconds>(until - clock_.Monotonic());
    if (left.count() <= 0) return true;
    clock_.WaitFor(stopped_, lock, left);
  }
  return false;
}

void ReaderWatch::Look(ReaderGauge gauge) {
  while (Sleep()) {
    const auto sample = Sample();
    if (!sample) continue;
    const auto slow = gauge.Add(*sample);
    {
      const std::lock_guard lock(mutex_);
      report_ = Report{gauge.idle(), gauge.samples(), gauge.slow()};
    }
    if (slow) on_readers_(*slow);
  }
}

}  // namespace indexswap
