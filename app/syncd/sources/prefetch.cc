#include "syncd/sources/prefetch.h"

#include <algorithm>

namespace syncd {
namespace {

constexpr uint16_t kInitial = 8;
constexpr uint16_t kLeast = 2;   // one is being read while the next is on its way
constexpr uint64_t kSample = 4;  // messages before the first change
constexpr double kWeight = 1.0 / 16;

}  // namespace

PrefetchPolicy::PrefetchPolicy(uint16_t messages_max, size_t bytes_max)
    : messages_max_(std::max<uint16_t>(messages_max, 1)),
      bytes_max_(bytes_max),
      current_(std::min(kInitial, messages_max_)) {}

std::optional<uint16_t> PrefetchPolicy::Observe(size_t bytes) {
  ++observed_;
  const double weight = std::max(kWeight, 1.0 / static_cast<double>(observed_));
  average_ += (static_cast<double>(bytes) - average_) * weight;
  if (observed_ < kSample) return std::nullopt;
  const double fitting = static_cast<double>(bytes_max_) / std::max(average_, 1.0);
  const uint16_t least = std::min(kLeast, messages_max_);
  const uint16_t wanted =
      fitting >= messages_max_ ? messages_max_ : std::max(least, static_cast<uint16_t>(fitting));
  const bool raise = wanted >= 2 * current_ || (wanted > current_ && wanted == messages_max_);
  const bool lower = 2 * wanted <= current_;
  if (!raise && !lower) return std::nullopt;
  current_ = wanted;
  return current_;
}

}  // namespace syncd
