#include "indexswap/engine/lease.h"

#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <algorithm>
#include <set>

#include "indexswap/engine/release_state.h"

namespace indexswap {
namespace {

// How many times a lease that does not beat is looked at before it is taken over.
constexpr int kLooks = 20;

// Whether the lease may be taken without watching it: it was given back, or its owner was a
// process of the same state folder, whose lock this process now holds.
bool MayBeTaken(const Lease& lease, const EngineOptions& options) {
  if (!lease.record) return false;
  if (lease.record->free) return true;
  return options.owner_lock_held && !options.owner.state_id.empty() &&
         lease.record->owner.state_id == options.owner.state_id;
}

// Above every epoch that has left a trace, so that versions never fall back even if somebody has
// deleted the leases by hand.
uint64_t HighestEpoch(const StoreState& state) {
  uint64_t highest = state.leases.empty() ? 0 : state.leases.back().epoch;
  for (const IndexState& index : state.indexes) {
    if (!index.write_epochs.empty()) highest = std::max(highest, index.write_epochs.back());
  }
  return highest;
}

// The highest number that was ever given to a generation, as far as anything still tells.
uint64_t HighestGeneration(const StoreState& state) {
  uint64_t highest = 0;
  for (const Lease& lease : state.leases) {
    if (lease.record) highest = std::max(highest, lease.record->highest_generation);
  }
  for (const IndexState& index : state.indexes) {
    if (const auto name = ParseIndexName(index.name)) highest = std::max(highest, name->generation);
  }
  return highest;
}

std::vector<std::string> WritableIndexes(const std::vector<IndexState>& indexes) {
  std::vector<std::string> names;
  for (const IndexState& index : indexes) {
    if (index.meta && index.meta->state != BuildState::kAbandoned) names.push_back(index.name);
  }
  return names;
}

absl::Status Refuse(const std::string& release, const Lease& found) {
  return absl::FailedPreconditionError(absl::StrFormat(
      "another writer holds the lease %s and is alive: %s. Wait for it to end, or stop it",
      LeaseName(release, found.epoch),
      found.record ? Describe(found.record->owner) : "it has not said who it is"));
}

// kUnknown for every answer that leaves open what was done, so that it differs from an error that
// came before anything was sent.
absl::Status AsSent(const absl::Status& status) {
  return LeaseKeeper::OutcomeIsUnknown(status) ? absl::UnknownError(std::string(status.message()))
                                               : status;
}

bool IsTransient(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnknown ||
         status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kDataLoss ||
         status.code() == absl::StatusCode::kResourceExhausted;
}

}  // namespace

std::string Describe(const LeaseOwner& owner) {
  return absl::StrFormat("host %s, pid %d%s", owner.host, owner.pid,
                         owner.address.empty() ? "" : ", at " + owner.address);
}

LeaseKeeper::LeaseKeeper(IndexStore& store, StateQuery query, const EngineOptions& options,
                         Observer& observer)
    : store_(store),
      query_(std::move(query)),
      options_(options),
      observer_(observer),
      watch_(options.lease.timeout) {
  record_.owner = options.owner;
}

LeaseKeeper::~LeaseKeeper() { StopBeating(); }

absl::Status LeaseKeeper::Lost() const {
  return absl::AbortedError(absl::StrFormat(
      "the lease %s was taken over by another writer; this process changes nothing any more",
      LeaseName(query_.release, epoch_)));
}

absl::StatusOr<Fence> LeaseKeeper::Current() const {
  std::unique_lock lock(mutex_);
  // While Force is between two epochs, neither is right.
  wake_.wait(lock, [this] { return !forcing_ || lost_; });
  if (lost_) return Lost();
  if (epoch_ == 0) return absl::FailedPreconditionError("the lease has not been taken");
  return Fence{query_.release, epoch_};
}

void LeaseKeeper::NoteLost() {
  const std::lock_guard lock(mutex_);
  lost_ = true;
  wake_.notify_all();
}

absl::Status LeaseKeeper::WhyFenced(const Fence& fence) {
  const absl::StatusOr<Fence> now = Current();
  if (!now.ok()) return now.status();
  if (now->epoch != fence.epoch) return absl::OkStatus();
  const auto state = store_.Read(query_);
  if (!state.ok()) return state.status();
  if (state->leases.empty() || state->leases.back().epoch != fence.epoch) {
    NoteLost();
    return Current().status();
  }
  return absl::NotFoundError(
      "an index can't be written to: it is gone, or somebody has removed its private write alias");
}

absl::StatusOr<StoreState> LeaseKeeper::Inspect() { return ReadForWriter(store_, query_); }

uint64_t LeaseKeeper::JournalPosition() const {
  return options_.journal_position ? options_.journal_position() : 0;
}

absl::Status LeaseKeeper::Acquire() {
  const std::lock_guard workflow(workflow_);
  bool unsettled = false;
  {
    const std::lock_guard lock(mutex_);
    if (lost_) return Lost();
    if (epoch_ != 0 && !unsettled_) return absl::OkStatus();
    unsettled = unsettled_;
  }
  if (unsettled) return Settle();
  auto state = Inspect();
  if (!state.ok()) return state.status();
  if (!state->leases.empty() && !MayBeTaken(state->leases.back(), options_)) {
    if (absl::Status s = WatchForBeat(state->leases.back()); !s.ok()) return s;
    state = Inspect();  // watching took its time
    if (!state.ok()) return state.status();
  }
  if (absl::Status s = TakeSurely(*state); !s.ok()) return s;
  StartBeating();
  return absl::OkStatus();
}

absl::StatusOr<LeaseAttempt> LeaseKeeper::Try() {
  const std::lock_guard workflow(workflow_);
  LeaseAttempt attempt;
  {
    const std::lock_guard lock(mutex_);
    if (lost_) return Lost();
    attempt.taken = epoch_ != 0;
    if (attempt.taken) return attempt;
  }
  const auto state = Inspect();
  if (!state.ok()) {
    watch_.Forget();
    return state.status();
  }
  if (!state->leases.empty()) attempt.holder = state->leases.back();
  if (attempt.holder && !MayBeTaken(*attempt.holder, options_)) {
    const auto verdict = watch_.Look(*attempt.holder, options_.clock->Monotonic());
    attempt.silent = watch_.silent();
    if (verdict != LeaseWatch::Verdict::kDead) return attempt;
  }
  watch_.Forget();
  const absl::Status taken = TakeNext(*state);
  // Another was quicker: the next look finds it.
  if (taken.code() == absl::StatusCode::kFailedPrecondition) return attempt;
  if (!taken.ok()) return taken;
  StartBeating();
  attempt.taken = true;
  return attempt;
}

absl::Status LeaseKeeper::WatchForBeat(const Lease& lease) {
  observer_.OnNote(Observer::Severity::kInfo,
                   absl::StrFormat("the lease %s is not free (%s): watching for %d ms whether its "
                                   "owner is alive",
                                   LeaseName(query_.release, lease.epoch),
                                   lease.record ? Describe(lease.record->owner) : "no owner",
                                   options_.lease.timeout.count()));
  Clock& clock = *options_.clock;
  const auto end = clock.Monotonic() + options_.lease.timeout;
  LeaseWatch watch(options_.lease.timeout);
  watch.Look(lease, clock.Monotonic());
  while (clock.Monotonic() < end) {
    clock.SleepFor(std::max(options_.lease.timeout / kLooks, std::chrono::milliseconds(1)));
    const auto state = Inspect();
    if (!state.ok()) return state.status();
    if (state->leases.empty()) return absl::OkStatus();
    const Lease& now = state->leases.back();
    if (MayBeTaken(now, options_)) return absl::OkStatus();
    const bool alive = watch.Look(now, clock.Monotonic()) == LeaseWatch::Verdict::kAlive;
    if (alive) return Refuse(query_.release, now);
  }
  return absl::OkStatus();
}

// What kept `fence` from being taken. kUnknown: an earlier request of this process, which has come
// late, or one that can't be seen yet.
absl::Status LeaseKeeper::WhoTook(const Fence& fence) {
  const auto now = Inspect();
  if (!now.ok()) return now.status();
  if (now->leases.empty() || now->leases.back().epoch < fence.epoch) {
    return absl::UnknownError(absl::StrFormat("the lease %s is taken, and can't be seen yet",
                                              LeaseName(query_.release, fence.epoch)));
  }
  const Lease& holder = now->leases.back();
  if (!holder.record || holder.record->owner.id != options_.owner.id) {
    return Refuse(query_.release, holder);
  }
  return absl::UnknownError(
      absl::StrFormat("an earlier request of this process has created the lease %s",
                      LeaseName(query_.release, holder.epoch)));
}

absl::Status LeaseKeeper::TakeNext(const StoreState& state) {
  const Fence fence{query_.release, HighestEpoch(state) + 1};
  const uint64_t highest_generation = HighestGeneration(state);
  LeaseRecord record;
  {
    const std::lock_guard lock(mutex_);
    record = record_;
  }
  record.beat += 1;
  record.free = false;
  record.highest_generation = std::max(record.highest_generation, highest_generation);
  if (options_.before_epoch) {
    std::optional<Lease> last;
    if (!state.leases.empty()) last = state.leases.back();
    if (absl::Status s = options_.before_epoch(last, fence.epoch); !s.ok()) return s;
  }
  record.journal_position = JournalPosition();
  const auto asked = options_.clock->Monotonic();
  observer_.OnStep("lease.create.before");
  const absl::Status created = store_.CreateLease(fence, record);
  if (created.code() == absl::StatusCode::kAlreadyExists ||
      created.code() == absl::StatusCode::kAborted) {
    return WhoTook(fence);
  }
  if (!created.ok()) return AsSent(created);
  observer_.OnStep("lease.create.after");
  const absl::Status taken = store_.TakeOver(fence, WritableIndexes(state.indexes));
  if (!taken.ok()) return AsSent(taken);
  observer_.OnStep("lease.takeover.after");
  const std::lock_guard lock(mutex_);
  epoch_ = fence.epoch;
  unsettled_ = false;
  record_ = record;
  confirmed_ = asked;
  return absl::OkStatus();
}

// Takes the lease that may be taken, also where the answer to that is lost.
absl::Status LeaseKeeper::TakeSurely(const StoreState& state) {
  const absl::Status taken = TakeNext(state);
  if (taken.code() != absl::StatusCode::kUnknown) return taken;
  observer_.OnNote(Observer::Severity::kWarning,
                   absl::StrFormat("the answer to the taking of the lease was lost (%s); taking "
                                   "the next one",
                                   std::string(taken.message())));
  const absl::Status known = UntilKnown(state.leases.empty() ? 0 : state.leases.back().epoch);
  if (known.code() != absl::StatusCode::kUnknown) return known;
  // Whatever became of it: the holder of a lease that nobody uses changes nothing.
  return absl::UnavailableError(absl::StrFormat(
      "the lease was not taken, and nothing else was begun: %s", std::string(known.message())));
}

// Takes what comes after the lease of `epoch`, or after an earlier try of one's own of which the
// answer was lost.
absl::Status LeaseKeeper::TakeOverFromOneself(uint64_t epoch) {
  const auto state = Inspect();
  if (!state.ok()) return state.status();
  const bool own = state->leases.empty() || !state->leases.back().record ||
                   state->leases.back().epoch == epoch ||
                   state->leases.back().record->owner.id == options_.owner.id;
  return own ? TakeNext(*state) : Refuse(query_.release, state->leases.back());
}

bool LeaseKeeper::OutcomeIsUnknown(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnknown ||
         status.code() == absl::StatusCode::kDataLoss;
}

class LeaseKeeper::ForcingScope {
 public:
  explicit ForcingScope(LeaseKeeper& keeper) : keeper_(keeper) { Set(true); }
  ~ForcingScope() { Set(false); }

 private:
  void Set(bool forcing) {
    const std::lock_guard lock(keeper_.mutex_);
    keeper_.forcing_ = forcing;
    keeper_.wake_.notify_all();
  }

  LeaseKeeper& keeper_;
};

absl::Status LeaseKeeper::Force() {
  const std::lock_guard workflow(workflow_);
  if (const auto current = Current(); !current.ok()) return current.status();
  return Settle();
}

// With the workflow's lock, and the lease.
absl::Status LeaseKeeper::Settle() {
  const ForcingScope forcing(*this);
  {
    const std::lock_guard lock(mutex_);
    unsettled_ = true;
  }
  const absl::Status status = UntilKnown(epoch_);
  if (status.ok() || status.code() == absl::StatusCode::kUnknown) return status;
  NoteLost();
  return absl::AbortedError(std::string(status.message()));
}

absl::Status LeaseKeeper::UntilKnown(uint64_t epoch) {
  Clock& clock = *options_.clock;
  const auto end = clock.Monotonic() + options_.outcome_timeout;
  auto wait = options_.bulk.retry_min;
  while (true) {
    const absl::Status status = TakeOverFromOneself(epoch);
    if (!IsTransient(status)) return status;
    if (clock.Monotonic() >= end) {
      return absl::UnknownError(
          absl::StrFormat("the store did not say within %d ms what became of a request whose "
                          "answer was lost: %s",
                          options_.outcome_timeout.count(), std::string(status.message())));
    }
    clock.SleepFor(wait);
    wait = std::min(wait * 2, options_.bulk.retry_max);
  }
}

uint64_t LeaseKeeper::highest_generation() const {
  const std::lock_guard lock(mutex_);
  return record_.highest_generation;
}

absl::Status LeaseKeeper::NoteGeneration(uint64_t generation) {
  const std::lock_guard workflow(workflow_);  // one writer of the record at a time
  const absl::StatusOr<Fence> fence = Current();
  if (!fence.ok()) return fence.status();
  LeaseRecord record;
  {
    const std::lock_guard lock(mutex_);
    record_.highest_generation = std::max(record_.highest_generation, generation);
    record_.beat += 1;
    record_.journal_position = JournalPosition();
    record = record_;
  }
  const absl::Status written = store_.WriteLease(*fence, record);
  if (written.code() == absl::StatusCode::kAborted) NoteLost();
  return written;
}

absl::Status LeaseKeeper::Release() {
  const std::lock_guard workflow(workflow_);
  StopBeating();
  Fence fence;
  LeaseRecord record;
  {
    const std::lock_guard lock(mutex_);
    if (epoch_ == 0 || lost_) return absl::OkStatus();
    fence = {query_.release, epoch_};
    record_.beat += 1;
    record_.free = true;
    record_.journal_position = JournalPosition();
    record = record_;
    epoch_ = 0;
  }
  return store_.WriteLease(fence, record);
}

}  // namespace indexswap
