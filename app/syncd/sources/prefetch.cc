#include "syncd/sources/prefetch.h"

#include <algorithm>

namespace syncd {
namespace {

constexpr uint16_t kLeast = 2;      // one is being read while the next is on its way
constexpr uint64_t kSample = 2;     // messages before the first change: no more come until then
constexpr double kRise = 1.0 / 4;   // of the average towards a larger message
constexpr double kFall = 1.0 / 32;  // and towards a smaller one

}  // namespace

PrefetchPolicy::PrefetchPolicy(uint16_t messages_max, size_t bytes_max)
    : messages_max_(std::max<uint16_t>(messages_max, 1)),
      bytes_max_(bytes_max / 2),
      current_(std::min(kLeast, messages_max_)) {}

std::optional<uint16_t> PrefetchPolicy::Observe(size_t bytes) {
  ++observed_;
  const double difference = static_cast<double>(bytes) - average_;
  const double weight = observed_ == 1 ? 1 : difference > 0 ? kRise : kFall;
  average_ += difference * weight;
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
