#include "indexswap/engine/reader_pace.h"

#include <algorithm>
#include <bit>

namespace indexswap {

ReaderPace::ReaderPace(int most, bool careful)
    : most_(most),
      fewer_(std::bit_width(static_cast<unsigned>(most)) - 1),
      down_(careful ? fewer_ + kHalvings + 1 : 0) {}

void ReaderPace::Note(bool slow) {
  if (slow) {
    down_ = std::min(down_ + 1, fewer_ + kHalvings + kRests);
    first_ = false;
    good_ = 0;
  } else if (++good_ >= (first_ ? kGoodAtFirst : kGood)) {
    down_ = std::max(down_ - 1, 0);
    good_ = 0;
  }
}

int ReaderPace::requests() const { return std::max(most_ >> std::min(down_, fewer_), 1); }

int ReaderPace::halvings() const { return std::clamp(down_ - fewer_, 0, kHalvings); }

int ReaderPace::rest() const { return (1 << std::max(down_ - fewer_ - kHalvings, 0)) - 1; }

}  // namespace indexswap
