// Judges from looks at somebody's lease whether its owner is alive: by whether it beats, on the
// clock of the one who looks. Clocks of different machines are never compared.
#ifndef INDEXSWAP_ENGINE_LEASE_WATCH_H_
#define INDEXSWAP_ENGINE_LEASE_WATCH_H_

#include <indexswap/store.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace indexswap {

// A series of looks. Not thread-safe.
class LeaseWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  enum class Verdict {
    kUndecided,  // it has not beaten since the series began, but not for long enough
    kAlive,      // it has beaten, or another has taken it, since the last look
    kDead,       // no beat in `timeout` of looking
  };

  explicit LeaseWatch(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  // The lease in force as it was read at `now`. A pause of half the time-out between two looks
  // begins the series anew: who did not look, or could not, does not know whether the other could.
  Verdict Look(const Lease& lease, Time now);

  // The store could not be read: the owner may have been cut off from it as well.
  void Forget() { looking_ = false; }

  // For how long it has been looked at without a beat.
  std::chrono::milliseconds silent() const;

 private:
  const std::chrono::milliseconds timeout_;
  bool looking_ = false;
  uint64_t epoch_ = 0;
  std::optional<uint64_t> beat_;  // nothing: the owner has not written its record yet
  Time since_;                    // the first look that saw this beat
  Time last_;
};

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_LEASE_WATCH_H_
