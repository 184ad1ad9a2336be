// The writer's lease: taken, shown to be alive, forced anew, given back.
#ifndef INDEXSWAP_ENGINE_LEASE_H_
#define INDEXSWAP_ENGINE_LEASE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/engine.h>
#include <indexswap/observer.h>
#include <indexswap/options.h>
#include <indexswap/store.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "indexswap/engine/lease_watch.h"

namespace indexswap {

// Holds the lease of one release for one process, and beats while it does. Thread-safe.
class LeaseKeeper {
 public:
  // Nothing is owned; everything must outlive the keeper.
  LeaseKeeper(IndexStore& store, StateQuery query, const EngineOptions& options,
              Observer& observer);
  // Stops beating; the lease stays as it is. Call Release for an orderly end.
  ~LeaseKeeper();

  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  // Takes the lease unless this process has it. kFailedPrecondition names a holder that beats;
  // kUnimplemented when a newer program has written what is live, or the lease;
  // kAborted when this process has had it and lost it. Goes on with a Force that ended in vain:
  // until that is through, nothing may be sent.
  absl::Status Acquire();

  // One look for one who waits: takes the lease if that needs no more waiting. See
  // Engine::TryLease.
  absl::StatusOr<LeaseAttempt> Try();

  // Takes the next epoch over from oneself: whatever was sent under the old one has now either
  // happened, visibly, or never will. Tries until `outcome_timeout`, then kUnknown.
  absl::Status Force();

  // Whether `status` leaves open what its request did, so that Force has to settle it.
  static bool OutcomeIsUnknown(const absl::Status& status);

  // Says in the lease that it is free, and stops beating. OK when it is not held.
  absl::Status Release();

  // The fence for a request; waits while Force is between two epochs. kFailedPrecondition when the
  // lease was never taken, kAborted when it was lost.
  absl::StatusOr<Fence> Current() const;

  // Whether the lease is held beyond doubt. See Engine::ConfirmLease. Never waits.
  absl::Status Confirm() const;

  // The highest number that a generation of this release ever had. Valid while the lease is held.
  uint64_t highest_generation() const;

  // Makes `generation` durable in the lease as one that has been given away.
  absl::Status NoteGeneration(uint64_t generation);

  // To be told of every kAborted that the store answered: the lease is lost for good.
  void NoteLost();

  // Why writes under `fence` were fenced. OK: this process has stepped to a later epoch, so they
  // can be sent again. kAborted: the lease is another's, which is noted. kNotFound: the lease is
  // still this process's, so an index is gone, or somebody has removed its private alias. Otherwise
  // an error of the store, which could not say.
  absl::Status WhyFenced(const Fence& fence);

 private:
  class ForcingScope;

  absl::StatusOr<StoreState> Inspect();
  uint64_t JournalPosition() const;
  absl::Status WatchForBeat(const Lease& lease);
  absl::Status WhoTook(const Fence& fence);
  absl::Status TakeNext(const StoreState& state);
  absl::Status TakeSurely(const StoreState& state);
  absl::Status TakeOverFromOneself(uint64_t epoch);
  absl::Status UntilKnown(uint64_t epoch);
  absl::Status Settle();
  void StartBeating();
  absl::Status Lost() const;
  bool IsDoubtful(LeaseWatch::Time now) const;
  absl::Status CheckHighest(const Fence& fence);
  void Beat();
  void BeatLoop();
  void StopBeating();

  IndexStore& store_;
  const StateQuery query_;
  const EngineOptions& options_;
  Observer& observer_;

  std::mutex workflow_;  // held for the whole of Acquire, Try, Force and Release
  LeaseWatch watch_;     // of Try; guarded by workflow_
  mutable std::mutex mutex_;
  mutable std::condition_variable wake_;
  uint64_t epoch_ = 0;  // 0: not held
  LeaseRecord record_;
  LeaseWatch::Time confirmed_;  // when the last request was sent that proves it to be held
  bool lost_ = false;
  bool forcing_ = false;    // Force is taking the next epoch over from this one
  bool unsettled_ = false;  // a request of this epoch may still be carried out: Force it first
  bool stop_ = false;
  std::thread beating_;
};

// `host 10.0.0.5, pid 17, at 127.0.0.1:8088`.
std::string Describe(const LeaseOwner& owner);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_LEASE_H_
