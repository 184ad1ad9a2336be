#include "indexswap/engine/lease_watch.h"

#include <utility>

namespace indexswap {

LeaseWatch::Verdict LeaseWatch::Look(const Lease& lease, Time now) {
  std::optional<uint64_t> beat;
  if (lease.record) beat = lease.record->beat;
  const bool looked = std::exchange(looking_, true);
  const bool same = looked && lease.epoch == epoch_ && beat == beat_;
  if (!same || now - last_ > timeout_ / 2) since_ = now;
  epoch_ = lease.epoch;
  beat_ = beat;
  last_ = now;
  if (looked && !same) return Verdict::kAlive;
  return now - since_ >= timeout_ ? Verdict::kDead : Verdict::kUndecided;
}

std::chrono::milliseconds LeaseWatch::silent() const {
  if (!looking_) return std::chrono::milliseconds(0);
  return std::chrono::duration_cast<std::chrono::milliseconds>(last_ - since_);
}

}  // namespace indexswap
