#include "indexswap/engine/reader_pace.h"

#include <algorithm>
#include <bit>

namespace indexswap {
namespace {

// A slow search counts so much, and each search takes one off: one of a hundred may be slow, since
// that is how slow the others have been measured by (ReaderGauge).
constexpr int kSlow = 100;
constexpr int kTooMany = 250;
constexpr int kTooManyBehindStepUp = 150;
constexpr int kFewEnough = 50;
constexpr int kMostDebt = 10 * kSlow;

}  // namespace

ReaderPace::ReaderPace(int most, bool careful)
    : most_(most),
      fewer_(std::bit_width(static_cast<unsigned>(most)) - 1),
      down_(careful ? fewer_ + kHalvings + 1 : 0) {}

void ReaderPace::Note(bool slow) {
  ++searches_;
  slow_ = std::max(slow_ - 1, 0) + (slow ? kSlow : 0);
  debt_ = std::min(std::max(debt_ - 1, 0) + (slow ? kSlow : 0), kMostDebt);
  const bool just_went_up = went_up_ && searches_ <= kHold;
  if (slow_ > (just_went_up ? kTooManyBehindStepUp : kTooMany)) {
    StepDown();
  } else if (searches_ >= hold_ && debt_ < kFewEnough) {
    StepUp();
  }
}

void ReaderPace::StepDown() {
  down_ = std::min(down_ + 1, fewer_ + kHalvings + kRests);
  hold_ = std::min(hold_ * 2, kHoldMax);
  went_up_ = false;
  slow_ = 0;
  searches_ = 0;
}

void ReaderPace::StepUp() {
  if (went_up_) hold_ = std::max(hold_ / 2, kHold);  // the last one has held
  down_ = std::max(down_ - 1, 0);
  went_up_ = true;
  searches_ = 0;
}

int ReaderPace::requests() const { return std::max(most_ >> std::min(down_, fewer_), 1); }

int ReaderPace::halvings() const { return std::clamp(down_ - fewer_, 0, kHalvings); }

int ReaderPace::rest() const { return (1 << std::max(down_ - fewer_ - kHalvings, 0)) - 1; }

}  // namespace indexswap
