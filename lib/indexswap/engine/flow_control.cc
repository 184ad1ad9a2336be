#include "indexswap/engine/flow_control.h"

#include <algorithm>
#include <utility>

namespace indexswap {
namespace {

using std::chrono::milliseconds;

milliseconds Until(FlowControl::Time then, FlowControl::Time now) {
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(then - now));
}

}  // namespace

Backoff::Backoff(milliseconds min, milliseconds max)
    : min_(std::max(min, milliseconds(1))), max_(std::max(max, min_)), next_(min_) {}

milliseconds Backoff::Next() {
  const milliseconds wait = next_;
  next_ = std::min(next_ * 2, max_);
  return wait;
}

FlowControl::FlowControl(const BulkOptions& options)
    : most_(std::max(options.in_flight, 1)),
      limit_(most_),
      readers_(most_, false),
      probe_wait_(options.retry_min, options.retry_max) {}

std::optional<milliseconds> FlowControl::WaitToSend(uint64_t sender, Time now) const {
  if (pause_ && sender != prober_) return std::nullopt;
  if (pause_) return Until(next_probe_, now);
  if (in_flight_ >= limit()) return std::nullopt;
  return readers_.rest() > 0 ? Until(rested_, now) : milliseconds(0);
}

FlowControl::Turn FlowControl::Begin(Time now) {
  ++in_flight_;
  return {++turns_, now};
}

void FlowControl::End(const Turn& turn, Load load, Time now) {
  --in_flight_;
  rested_ = now + (now - turn.began) * readers_.rest();
  if (load == Load::kPressure && turn.number > cut_after_) {
    // What was sent before the last cut says nothing about whether that was enough.
    Cut();
  } else if (load == Load::kClean && ++clean_ >= limit_) {
    clean_ = 0;
    limit_ = std::min(limit_ + 1, most_);
  }
}

void FlowControl::Cut() {
  limit_ = std::max(limit_ / 2, 1);
  clean_ = 0;
  cut_after_ = turns_;
  ++cuts_;
}

bool FlowControl::Block(uint64_t sender, const std::string& cause, Time now) {
  const bool begins = !pause_;
  if (!begins && sender != prober_) return false;
  if (begins) {
    pause_ = Pause{cause, now};
    prober_ = sender;
    probe_wait_.Reset();
  }
  pause_->cause = cause;
  next_probe_ = now + probe_wait_.Next();
  return begins;
}

std::optional<FlowControl::Pause> FlowControl::Through(uint64_t sender) {
  if (!pause_ || sender != prober_) return std::nullopt;
  return std::exchange(pause_, std::nullopt);
}

}  // namespace indexswap
