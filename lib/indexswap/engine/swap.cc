#include "indexswap/engine/swap.h"

#include <absl/strings/str_format.h>
#include <indexswap/inspector.h>
#include <indexswap/names.h>

#include <algorithm>
#include <map>

#include "indexswap/engine/adoption.h"
#include "indexswap/engine/creation.h"
#include "indexswap/engine/gates.h"
#include "indexswap/engine/preflight.h"
#include "indexswap/engine/state_hash.h"
#include "indexswap/engine/take_back.h"

namespace indexswap {
namespace {

using std::chrono::microseconds;

// How often a swap that provably did not happen is sent again.
constexpr int kMaxTries = 5;

// Judges again what depends on the store as it is now; keeps the judgements of the build itself.
absl::StatusOr<std::vector<GateResult>> JudgeAgain(Core& core, const ReleaseView& view,
                                                   const GenerationMeta& meta,
                                                   const std::vector<std::string>& overrides) {
  auto judged =
      JudgeStoreGates({*core.store, core.release, meta, view.aliases, core.options.gates});
  if (!judged.ok()) return judged.status();
  const bool adopts = std::any_of(meta.gates.begin(), meta.gates.end(),
                                  [](const GateResult& gate) { return gate.gate == kChangedGate; });
  if (adopts && meta.adopted) {
    auto changed = JudgeChanged(*core.store, *meta.adopted);
    if (!changed.ok()) return changed.status();
    judged->push_back(*std::move(changed));
  }
  auto blocks = JudgeBlocks(core, view, /*creates=*/false);
  if (!blocks.ok()) return blocks.status();
  judged->push_back(*std::move(blocks));
  std::vector<GateResult> gates;
  for (const GateResult& recorded : meta.gates) {
    const auto again = std::find_if(judged->begin(), judged->end(), [&](const GateResult& gate) {
      return gate.gate == recorded.gate;
    });
    gates.push_back(again == judged->end() ? recorded : *again);
    // An override that was given before is asked for anew: what it let through may have changed.
    // What let the build begin has done so.
    const bool begun = again == judged->end() && IsJudgedBeforeBuild(recorded.gate);
    if (gates.back().overridden && !begun) gates.back().passed = gates.back().overridden = false;
  }
  if (absl::Status s = Override(overrides, gates); !s.ok()) return s;
  return gates;
}

// As long as anything is left of what was there before, the next generation knows of it too: the
// one that took it over may be pruned.
absl::Status HandOnAdoption(Core& core, const ReleaseView& view, GenerationMeta& meta) {
  if (meta.adopted || !view.adoption) return absl::OkStatus();
  const auto gone = GoneFrom(*core.store, *view.adoption);
  if (!gone.ok()) return gone.status();
  if (gone->size() < view.adoption->indexes.size()) meta.adopted = view.adoption;
  return absl::OkStatus();
}

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

// Judges `counts` last: nothing is written between this and the swap.
absl::Status HoldAndCount(Core& core, const GenerationMeta& meta, const HoldEvents& hold,
                          std::vector<GateResult>& gates) {
  std::map<std::string, uint64_t> expected = meta.documents;
  if (hold) {
    auto held = hold(meta.generation);
    if (!held.ok()) return held.status();
    expected = *std::move(held);
    if (absl::Status s = RefreshIndexes(core, meta); !s.ok()) return s;
  }
  auto counts = JudgeCounts(*core.store, meta, expected);
  if (!counts.ok()) return counts.status();
  for (GateResult& gate : gates) {
    if (gate.gate == counts->gate) gate = *counts;
  }
  return FirstFailure(meta.generation, {*counts});
}

// Keeps why a generation did not go live, and that it did not. Whoever reads it may miss that; the
// outcome of the promotion is what counts.
void NoteRefusal(Core& core, const GenerationMeta& meta) {
  if (const absl::Status s = core.WriteMeta(meta); !s.ok()) {
    core.observer.OnNote(Observer::Severity::kWarning,
                         absl::StrFormat("that generation %d did not go live was not recorded: %s",
                                         meta.generation, std::string(s.message())));
  }
}

// The number that Begin would take, as far as the store tells.
uint64_t NextNumber(const ReleaseView& view) {
  uint64_t next = view.generations.empty() ? 1 : view.generations.rbegin()->first + 1;
  for (const Lease& lease : view.leases) {
    if (lease.record) next = std::max(next, lease.record->highest_generation + 1);
  }
  return next;
}

}  // namespace

absl::StatusOr<const GenerationView*> RequireComplete(const ReleaseView& view,
                                                      uint64_t generation) {
  const GenerationView* found = view.Find(generation);
  if (found == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrFormat("there is no generation %d; `status` lists those that exist", generation));
  }
  if (!found->newer.empty()) return absl::UnimplementedError(found->newer);
  if (!found->complete) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "generation %d is not complete (%s): aliases move only to a sealed one", generation,
        found->meta ? ToString(found->meta->state) : "not made by indexswap"));
  }
  return found;
}

absl::Status RefreshIndexes(Core& core, const GenerationMeta& meta) {
  for (const std::string& family : meta.families) {
    const absl::Status refreshed = core.store->Refresh(IndexName(family, meta.generation));
    if (!refreshed.ok()) return refreshed;
  }
  return absl::OkStatus();
}

SwapReport StartReport(const ReleaseView& view, uint64_t to, const SwapActions& plan) {
  SwapReport report;
  report.from = view.live.value_or(0);
  report.to = to;
  report.actions = plan.actions;
  report.pending = plan.pending;
  return report;
}

void ExplainRequests(Core& core, const ReleaseView& view,
                     const std::vector<IndexDefinition>& created, SwapReport& report) {
  const uint64_t epoch = view.leases.empty() ? 1 : view.leases.back().epoch + 1;
  const Fence fence = core.lease.Current().value_or(Fence{core.release.name, epoch});
  report.requests = core.store->Explain(fence, created, report.actions);
  if (!report.actions.empty()) report.request = report.requests.back().body;
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

absl::StatusOr<SwapReport> PromoteGeneration(Core& core, uint64_t generation,
                                             const PromoteInput& input) {
  auto view = core.ReadView();
  if (!view.ok()) return view.status();
  const auto target = RequireComplete(*view, generation);
  if (!target.ok()) return target.status();
  GenerationMeta meta = *(*target)->meta;
  if (meta.adopted && view->live.value_or(0) == 0) {
    if (absl::Status s = NoteAdoption(core.release, *view, meta); !s.ok()) return s;
  }
  SwapActions plan;
  if (absl::Status s = PlanActions(*view, meta.aliases, generation, plan); !s.ok()) return s;
  SwapReport report = StartReport(*view, generation, plan);
  report.gates = meta.gates;
  const bool already_live = view->live == generation && plan.actions.empty();
  if (already_live) return report;  // a run that was killed just after its swap

  auto gates = JudgeAgain(core, *view, meta, input.overrides);
  if (!gates.ok()) return gates.status();
  if (absl::Status s = FirstFailure(generation, *gates); !s.ok()) {
    meta.gates = *gates;
    NoteRefusal(core, meta);
    return s;
  }
  if (!input.hold) {
    if (absl::Status s = HoldAndCount(core, meta, input.hold, *gates); !s.ok()) return s;
  }
  const GenerationMeta before = meta;
  // Written before the swap, so that the way back is known whatever happens after it.
  meta.gates = *gates;
  if (view->live && *view->live != generation) meta.replaces = *view->live;
  if (absl::Status s = HandOnAdoption(core, *view, meta); !s.ok()) return s;
  meta.promoted_at = core.Timestamp();
  core.observer.OnStep("promote.meta.before");
  if (absl::Status s = core.WriteMeta(meta); !s.ok()) return s;
  core.observer.OnStep("promote.meta.after");
  report.gates = meta.gates;
  absl::Status done;
  if (input.hold) done = HoldAndCount(core, meta, input.hold, report.gates);
  if (done.ok()) done = SendSwap(core, plan, report);
  if (done.ok()) return report;
  // One that never was live is no way back: its gates have not let it through.
  if (done.code() != absl::StatusCode::kUnknown) NoteRefusal(core, before);
  return done;
}

absl::StatusOr<ReleaseView> ReadForPlan(Core& core) {
  auto view = core.ReadView();
  if (!view.ok()) return RefusedByBlock(view.status());
  return view;
}

absl::StatusOr<SwapReport> ExplainSwap(Core& core, uint64_t to) {
  const auto view = ReadForPlan(core);
  if (!view.ok()) return view.status();
  std::vector<AliasSpec> aliases = core.release.aliases;
  const bool is_next = to == 0;
  if (is_next) {
    to = NextNumber(*view);
  } else if (const GenerationView* found = view->Find(to); found != nullptr && found->meta) {
    aliases = found->meta->aliases;
  }
  SwapActions plan;
  if (absl::Status s = PlanActions(*view, aliases, to, plan); !s.ok()) return s;
  SwapReport report = StartReport(*view, to, plan);
  std::vector<IndexDefinition> created;
  if (is_next) {
    auto gates = JudgeBeforeBuild(core, *view, to);
    if (!gates.ok()) return gates.status();
    report.gates = *std::move(gates);
    GenerationMeta meta = NewMeta(core.release, to, kBuildIdToCome, kTimeToCome);
    meta.gates = report.gates;
    created = DefineIndexes(core.release, meta);
  } else {
    auto blocks = JudgeBlocks(core, *view, /*creates=*/false);
    if (!blocks.ok()) return blocks.status();
    report.gates = {*std::move(blocks)};
  }
  report.state = StateOf(core, *view);
  ExplainRequests(core, *view, created, report);
  return report;
}

std::string StateOf(const Core& core, const ReleaseView& view) {
  return StateHash(view, core.release.plan_hash, NextNumber(view));
}

absl::StatusOr<std::string> ReadState(Core& core) {
  const auto view = ReadForPlan(core);
  if (!view.ok()) return view.status();
  return StateOf(core, *view);
}

}  // namespace indexswap
