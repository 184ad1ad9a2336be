// All generations that are kept up to date, and what ties them together: what the live one has
// answered for may be acknowledged, and a swap finds its target as far as readers have seen.
#ifndef SYNCD_SYNC_WARM_SET_H_
#define SYNCD_SYNC_WARM_SET_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "syncd/readmodel/event_log.h"
#include "syncd/sync/warm_generation.h"

namespace syncd {

// Thread-safe.
class WarmSet {
 public:
  // Nothing is owned; everything must outlive it. `callbacks.answered` is called when what may be
  // acknowledged has risen. `give_up`: `[bulk] give_up`, for a document that the server fails with.
  WarmSet(std::string state_dir, indexswap::Engine& engine, EventLog& log, WarmCallbacks callbacks,
          std::chrono::milliseconds give_up = indexswap::BulkOptions().give_up);

  // Takes over what `status` says: the live generation, and every other complete one that has a
  // file and is not cold. Those that are in the set and not complete, such as a build, stay.
  absl::Status Adopt(const indexswap::ReleaseStatus& status);

  // Keeps `generation` up to date from now on. A build that is not loaded yet does not drain.
  void Add(uint64_t generation, bool drains);
  void StartDraining(uint64_t generation);
  void Remove(uint64_t generation);
  bool Has(uint64_t generation) const;
  // The live one, as the last swap or rollback of this process, or Adopt, has left it.
  std::optional<uint64_t> live() const;
  // Whether it is kept up to date, and has not turned cold.
  bool IsWarm(uint64_t generation) const;

  // Which one is live. Nothing: none is.
  void SetLive(std::optional<uint64_t> live);

  // There are new events in the log.
  void Wake();

  // The position up to which events may be acknowledged: what the live generation has answered for;
  // all of the log while nothing is live; 0 when the live generation is not kept up to date here.
  uint64_t Acknowledged() const;

  // Returns when `generation` has nearly caught up, so that a Hold is short. kCancelled when
  // `stopped` says so; kFailedPrecondition when it is cold.
  absl::Status WaitUntilNear(uint64_t generation, const std::function<bool()>& stopped);

  // To be held from a Hold to its Release and the SetLive in between: one swap or rollback at a
  // time.
  std::unique_lock<std::mutex> LockSwap() { return std::unique_lock(swapping_); }

  // Stops events at the live generation, and brings `target` at least as far; for at most
  // `pause_max`, then kDeadlineExceeded, and events go on. Otherwise they stand still until
  // Release. Returns the documents that the target's index has, by family; see
  // indexswap::HoldEvents. If the target is no warm one: kFailedPrecondition.
  absl::StatusOr<std::map<std::string, uint64_t>> Hold(uint64_t target,
                                                       std::chrono::milliseconds pause_max);
  void Release();

  absl::Status Requeue(uint64_t generation, const std::string& family, const std::string& id);

  // How each is doing, ascending; cold ones of this process too.
  std::vector<WarmState> states() const;

  // The lowest cursor of all that are warm: events up to there are in every file.
  uint64_t LowestCursor() const;

 private:
  std::shared_ptr<WarmGeneration> Find(uint64_t generation) const;

  const std::string state_dir_;
  indexswap::Engine& engine_;
  EventLog& log_;
  const WarmCallbacks callbacks_;
  const std::chrono::milliseconds give_up_;

  std::mutex swapping_;
  mutable std::mutex mutex_;
  std::optional<uint64_t> live_;
  std::map<uint64_t, std::shared_ptr<WarmGeneration>> generations_;
};

// Those of `status` that WarmSet::Adopt takes over: complete, with one of `files`, and not cold.
// Pure.
std::vector<uint64_t> KeptWarm(const indexswap::ReleaseStatus& status,
                               const std::vector<uint64_t>& files,
                               const std::map<uint64_t, std::string>& cold);

// Whether a generation has caught up with the log, when nothing keeps it up to date now: from its
// file alone. What it lacks, in events.
absl::StatusOr<uint64_t> LagOfFile(const std::string& state_dir, uint64_t generation,
                                   uint64_t head);

}  // namespace syncd

#endif  // SYNCD_SYNC_WARM_SET_H_
