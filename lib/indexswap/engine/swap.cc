#include "indexswap/engine/swap.h"

#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <algorithm>

#include "indexswap/engine/take_back.h"

namespace indexswap {
namespace {

using std::chrono::microseconds;

// How often a swap that provably did not happen is sent again.
constexpr int kMaxTries = 5;

// Puts the blame for a refused request where it belongs.
absl::Status Explain(const absl::Status& status) {
  const std::string text(status.message());
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
      return absl::FailedPreconditionError(absl::StrFormat(
          "the store has changed since it was read: %s. No alias has moved; look at `status`, then "
          "try again",
          text));
    case absl::StatusCode::kResourceExhausted:
      return absl::FailedPreconditionError(
          absl::StrFormat("the store refuses changes: %s. No alias has moved", text));
    default:
      return status;
  }
}

absl::Status OutcomeStaysUnknown(const absl::Status& why) {
  return absl::UnknownError(absl::StrFormat(
      "whether the aliases have moved is not known: %s. All of them are as before, or all have "
      "moved. Once the store can be reached, run the same command again: whatever takes the lease "
      "next settles it; `status` shows where they are",
      std::string(why.message())));
}

bool Has(const std::vector<Lease>& leases, uint64_t epoch) {
  return std::any_of(leases.begin(), leases.end(),
                     [&](const Lease& lease) { return lease.epoch == epoch; });
}

// The same where the next lease could not be taken, for which `lost` is the reason: what was sent
// under `fence` can no longer arrive once that lease is gone.
absl::StatusOr<bool> FindOutWithoutLease(Core& core, const SwapActions& plan, const Fence& fence,
                                         const absl::Status& lost) {
  Clock& clock = *core.options.clock;
  const auto end = clock.Monotonic() + core.options.outcome_timeout;
  for (bool gone = false;;) {
    const auto view = core.ReadViewSurely();
    if (!view.ok()) return OutcomeStaysUnknown(view.status());
    if (HasHappened(plan, view->aliases)) return true;
    if (gone) return lost;
    gone = !Has(view->leases, fence.epoch);
    if (gone) continue;  // aliases and leases need not be of one moment: once more, behind it
    if (clock.Monotonic() >= end) return OutcomeStaysUnknown(lost);
    clock.SleepFor(core.options.bulk.retry_min);
  }
}

// After a lost answer to what was sent under `fence`: forces the outcome, and says whether the swap
// has happened.
absl::StatusOr<bool> FindOut(Core& core, const SwapActions& plan, const Fence& fence) {
  core.observer.OnNote(Observer::Severity::kWarning,
                       "the answer to the alias request was lost; finding out what it did");
  const absl::Status forced = core.lease.Force();
  if (forced.code() == absl::StatusCode::kUnknown) return OutcomeStaysUnknown(forced);
  if (!forced.ok()) return FindOutWithoutLease(core, plan, fence, forced);
  const auto view = core.ReadViewSurely();
  if (!view.ok()) return OutcomeStaysUnknown(view.status());
  return HasHappened(plan, view->aliases);
}

// Names who has taken over, as far as the store says.
absl::Status Overtaken(Core& core) {
  core.lease.NoteLost();
  const absl::Status lost = core.lease.Current().status();
  const auto view = core.ReadView();
  if (!view.ok() || view->leases.empty() || !view->leases.back().record) return lost;
  const Lease& holder = view->leases.back();
  return absl::Status(
      lost.code(),
      absl::StrFormat("%s; the lease %s is held by %s", std::string(lost.message()),
                      LeaseName(core.release.name, holder.epoch), Describe(holder.record->owner)));
}

// Sends the actions until it is known what became of them. Returns the time from sending to the
// answer; any error but kUnknown: nothing has happened.
absl::StatusOr<microseconds> SendActions(Core& core, const SwapActions& plan) {
  Clock& clock = *core.options.clock;
  auto wait = core.options.bulk.retry_min;
  absl::Status status;
  for (int attempt = 0; attempt < kMaxTries; ++attempt) {
    const absl::StatusOr<Fence> fence = core.lease.Current();
    if (!fence.ok()) return fence.status();
    core.observer.OnStep("swap.before");
    const auto start = clock.Monotonic();
    status = core.store->UpdateAliases(*fence, plan.actions);
    const auto took = std::chrono::duration_cast<microseconds>(clock.Monotonic() - start);
    core.observer.OnStep("swap.after");
    if (LeaseKeeper::OutcomeIsUnknown(status)) {
      const absl::StatusOr<bool> happened = FindOut(core, plan, *fence);
      if (!happened.ok()) return happened.status();
      if (!*happened) continue;
      status = absl::OkStatus();
    }
    if (status.ok()) return took;
    if (status.code() == absl::StatusCode::kAborted) return Overtaken(core);
    if (status.code() != absl::StatusCode::kUnavailable) return Explain(status);
    clock.SleepFor(wait);
    wait *= 2;
  }
  return absl::UnavailableError(
      absl::StrFormat("the aliases have not moved: %s", std::string(status.message())));
}

// Takes the swap back, since somebody else has changed what `difference` says at the same moment.
absl::Status TakeBack(Core& core, const SwapActions& plan, const AliasTable& now,
                      const std::string& difference) {
  const std::string found = absl::StrFormat(
      "the aliases are not as they were set: %s. Somebody else moves them", difference);
  if (!CanBeTakenBack(plan)) return absl::FailedPreconditionError(found);
  core.observer.OnNote(Observer::Severity::kWarning, found + "; the swap is taken back");
  const SwapActions back = PlanTakeBack(plan, now);
  absl::StatusOr<microseconds> sent = microseconds(0);
  if (!back.actions.empty()) sent = SendActions(core, back);
  const auto view = core.ReadView();
  const std::string left =
      view.ok() ? DifferenceFrom(back.wanted, view->aliases) : std::string(view.status().message());
  if (!sent.ok() || !left.empty()) {
    return absl::UnknownError(
        absl::StrFormat("%s. The swap could not be taken back: %s. Look at `status`", found,
                        sent.ok() ? left : std::string(sent.status().message())));
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s. The whole swap was taken back, and what they set was left to them; look at `status`, "
      "then try again",
      found));
}

absl::Status ReadBack(Core& core, const SwapActions& plan) {
  const auto view = core.ReadViewSurely();
  if (!view.ok()) {
    return absl::UnknownError(absl::StrFormat(
        "the aliases were moved, but could not be read back: %s. Once the store can be reached, "
        "look at `status`, or run the same command again",
        std::string(view.status().message())));
  }
  const std::string difference = DifferenceFrom(plan.wanted, view->aliases);
  if (difference.empty()) return absl::OkStatus();
  return TakeBack(core, plan, view->aliases, difference);
}

}  // namespace

SwapReport StartReport(const ReleaseView& view, uint64_t to, const SwapActions& plan) {
  SwapReport report;
  report.from = view.live.value_or(0);
  report.to = to;
  report.actions = plan.actions;
  report.pending = plan.pending;
  return report;
}

absl::Status SendSwap(Core& core, const SwapActions& plan, SwapReport& report) {
  const absl::StatusOr<Fence> fence = core.lease.Current();
  if (!fence.ok()) return fence.status();
  if (!plan.actions.empty()) report.request = core.store->Explain(*fence, {}, plan.actions)[0].body;
  const auto took = ExecuteSwap(core, plan);
  if (!took.ok()) return took.status();
  report.swap = *took;
  return absl::OkStatus();
}

absl::StatusOr<microseconds> ExecuteSwap(Core& core, const SwapActions& plan) {
  if (plan.actions.empty()) return microseconds(0);
  const auto took = SendActions(core, plan);
  if (!took.ok()) return took.status();
  if (absl::Status s = ReadBack(core, plan); !s.ok()) return s;
  return took;
}

}  // namespace indexswap
