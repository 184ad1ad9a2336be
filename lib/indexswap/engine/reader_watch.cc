#include "indexswap/engine/reader_watch.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

namespace indexswap {
namespace {

using std::chrono::milliseconds;

// What any reader may ask.
constexpr char kSearch[] = R"({"size":10,"query":{"match_all":{}}})";

// So many searches make one figure of the quiet time.
constexpr size_t kQuietSamples = 100;
constexpr size_t kFewestFigures = 3;  // of one alone two slow searches make what they like
constexpr milliseconds kQuietPause{50};
constexpr milliseconds kHurriedPause{20};  // somebody waits for the figure
constexpr milliseconds kPause{40};         // under load
// A store that hardly answers searches must not keep the load waiting: 300 of them could time out.
constexpr std::chrono::minutes kLongestWait{1};

std::optional<ReaderGauge::Latency> Middle(std::vector<ReaderGauge::Latency> figures) {
  if (figures.empty()) return std::nullopt;
  std::ranges::sort(figures);
  return figures[(figures.size() - 1) / 2];
}

}  // namespace

ReaderGauge::Latency NinetyNinthOf(std::vector<ReaderGauge::Latency> samples) {
  std::ranges::sort(samples);
  const size_t exceed = samples.size() / 100;
  return samples[samples.size() - 1 - exceed];
}

ReaderGauge::ReaderGauge(Latency idle, double factor)
    : idle_(idle), limit_(static_cast<Latency::rep>(static_cast<double>(idle_.count()) * factor)) {}

bool ReaderGauge::Add(Latency sample) {
  const bool slow = sample > limit_;
  ++samples_;
  if (slow) ++slow_;
  return slow;
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
  if (!aliases_.empty()) thread_ = std::thread([this] { Run(); });
}

bool ReaderWatch::LoadBegins() {
  if (!thread_.joinable()) return false;
  std::unique_lock lock(mutex_);
  load_waits_until_ = clock_.Monotonic() + kLongestWait;
  changed_.notify_all();
  changed_.wait(lock, [this] { return looks_ || stop_; });
  return report_.has_value();
}

void ReaderWatch::Run() {
  const auto idle = Quiet();
  {
    const std::lock_guard lock(mutex_);
    looks_ = true;
    if (idle) report_ = Report{*idle};
  }
  changed_.notify_all();
  if (idle) Look({*idle, factor_});
}

// The middle one of all figures: what else slows the store for a while is not its quiet time, and
// one lucky figure would make every load look slow.
std::optional<ReaderGauge::Latency> ReaderWatch::Quiet() {
  // The first searches after a while of silence are slow by themselves.
  for (size_t i = 0; i < 2 * aliases_.size() && !HasWaitedLong(); ++i) Sample();
  std::vector<ReaderGauge::Latency> figures;
  std::vector<ReaderGauge::Latency> samples;
  size_t tries = 0;  // in all
  while (!(LoadWaits() && tries >= kFewestFigures * kQuietSamples) && !HasWaitedLong()) {
    if (!Sleep(LoadWaits() ? kHurriedPause : kQuietPause)) return Middle(figures);
    if (const auto sample = Sample()) samples.push_back(*sample);
    if (++tries % kQuietSamples == 0 && !samples.empty()) {
      figures.push_back(NinetyNinthOf(std::exchange(samples, {})));
    }
  }
  if (figures.empty() && !samples.empty()) figures.push_back(NinetyNinthOf(std::move(samples)));
  return Middle(std::move(figures));
}

bool ReaderWatch::LoadWaits() {
  const std::lock_guard lock(mutex_);
  return load_waits_until_.has_value();
}

bool ReaderWatch::HasWaitedLong() {
  const std::lock_guard lock(mutex_);
  return load_waits_until_ && clock_.Monotonic() >= *load_waits_until_;
}

std::optional<ReaderWatch::Report> ReaderWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  return report_;
}

std::optional<ReaderGauge::Latency> ReaderWatch::Sample() {
  const std::string& alias = aliases_[next_++ % aliases_.size()];
  const auto found = store_.Search(alias, "", kSearch);
  if (found.ok()) return found->took;
  if (!std::exchange(noted_, true)) {
    observer_.OnNote(
        Observer::Severity::kWarning,
        absl::StrFormat("the latency of readers can't be measured, so the load does not "
                        "make way for them meanwhile: %s",
                        std::string(found.status().message())));
  }
  return std::nullopt;
}

bool ReaderWatch::Sleep(milliseconds pause) {
  const auto until = clock_.Monotonic() + pause;
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const auto left = std::chrono::ceil<milliseconds>(until - clock_.Monotonic());
    if (left.count() <= 0) return true;
    clock_.WaitFor(changed_, lock, left);
  }
  return false;
}

void ReaderWatch::Look(ReaderGauge gauge) {
  while (Sleep(kPause)) {
    const auto sample = Sample();
    if (!sample) continue;
    const bool slow = gauge.Add(*sample);
    {
      const std::lock_guard lock(mutex_);
      report_ = Report{gauge.idle(), gauge.samples(), gauge.slow()};
    }
    on_readers_(slow);
  }
}

}  // namespace indexswap
