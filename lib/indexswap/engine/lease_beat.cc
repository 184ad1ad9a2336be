// The lease keeper shows that it is alive, and judges by that whether it still may write.
#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include "indexswap/engine/lease.h"

namespace indexswap {

void LeaseKeeper::StartBeating() {
  const std::lock_guard lock(mutex_);
  stop_ = false;
  beating_ = std::thread([this] { BeatLoop(); });
}

absl::Status LeaseKeeper::Confirm() const {
  const std::lock_guard lock(mutex_);
  if (lost_) return Lost();
  if (epoch_ == 0) return absl::FailedPreconditionError("the lease has not been taken");
  const auto now = options_.clock->Monotonic();
  if (!IsDoubtful(now)) return absl::OkStatus();
  return absl::UnavailableError(absl::StrFormat(
      "the store has not confirmed for %d ms that this process still holds the lease %s: nothing "
      "is begun or acknowledged until it does",
      std::chrono::duration_cast<std::chrono::milliseconds>(now - confirmed_).count(),
      LeaseName(query_.release, epoch_)));
}

void LeaseKeeper::Beat() {
  // A workflow writes the record itself, or ends the beating: then this beat is left out.
  const std::unique_lock workflow(workflow_, std::try_to_lock);
  if (!workflow.owns_lock()) return;
  Fence fence;
  LeaseRecord record;
  const auto asked = options_.clock->Monotonic();
  bool doubtful = false;
  {
    const std::lock_guard lock(mutex_);
    if (stop_ || lost_ || epoch_ == 0) return;
    record_.beat += 1;
    record_.journal_position = JournalPosition();
    record = record_;
    fence = {query_.release, epoch_};
    doubtful = IsDoubtful(asked);
  }
  absl::Status status = store_.WriteLease(fence, record);
  if (status.ok() && doubtful) status = CheckHighest(fence);
  const std::lock_guard lock(mutex_);
  if (status.ok()) confirmed_ = asked;
  if (status.code() != absl::StatusCode::kAborted) return;  // a beat that got lost is no harm
  // Fenced off by oneself: Force is going on to the next epoch, or has gone there meanwhile.
  if (forcing_ || epoch_ != fence.epoch) return;
  lost_ = true;
  observer_.OnNote(Observer::Severity::kError, std::string(Lost().message()));
}

// Whether a rival may have judged this process to be dead at `now`: half of the time-out is on the
// safe side of whatever comes between this and what it is asked for.
bool LeaseKeeper::IsDoubtful(LeaseWatch::Time now) const {
  return now - confirmed_ > options_.lease.timeout / 2;
}

// A beat after a long silence may still get through while a rival, who has created the next lease
// already, is about to take this one away.
absl::Status LeaseKeeper::CheckHighest(const Fence& fence) {
  const auto state = Inspect();
  if (!state.ok()) return state.status();
  const bool highest = !state->leases.empty() && state->leases.back().epoch == fence.epoch;
  return highest ? absl::OkStatus() : absl::AbortedError("there is a higher lease");
}

void LeaseKeeper::BeatLoop() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, options_.lease.beat, [this] { return stop_ || lost_; });
      if (stop_ || lost_) return;
    }
    Beat();
  }
}

void LeaseKeeper::StopBeating() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (beating_.joinable()) beating_.join();
}

}  // namespace indexswap
