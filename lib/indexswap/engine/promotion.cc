#include "indexswap/engine/promotion.h"

#include <absl/strings/str_format.h>
#include <indexswap/inspector.h>
#include <indexswap/names.h>

#include <algorithm>
#include <map>

#include "indexswap/engine/adoption.h"
#include "indexswap/engine/gates.h"
#include "indexswap/engine/preflight.h"
#include "indexswap/engine/swap.h"

namespace indexswap {
namespace {

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

// The first of the gates that stop it, unless that is `counts` alone: it is judged anew behind
// them.
absl::Status FirstFailureBeforeCounts(uint64_t generation, const std::vector<GateResult>& gates) {
  const bool stopped = std::any_of(gates.begin(), gates.end(), [](const GateResult& gate) {
    return !gate.passed && gate.gate != kCountsGate;
  });
  return stopped ? FirstFailure(generation, gates) : absl::OkStatus();
}

// As they are once the aliases have moved: no write comes between the last judgement and that.
std::vector<GateResult> GatesOfLive(std::vector<GateResult> gates) {
  for (GateResult& gate : gates) {
    if (gate.gate != kCountsGate || gate.passed) continue;
    gate.passed = true;
    gate.detail = "right as the aliases moved";
  }
  return gates;
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
  absl::Status judged = FirstFailureBeforeCounts(generation, *gates);
  if (judged.ok() && !input.hold) judged = HoldAndCount(core, meta, input.hold, *gates);
  meta.gates = *gates;
  if (!judged.ok()) {
    if (judged.code() == absl::StatusCode::kFailedPrecondition) NoteRefusal(core, meta);
    return judged;
  }
  GenerationMeta before = meta;
  // Written before the swap, so that the way back is known whatever happens after it.
  meta.gates = GatesOfLive(std::move(meta.gates));
  if (view->live && *view->live != generation) meta.replaces = *view->live;
  if (absl::Status s = HandOnAdoption(core, *view, meta); !s.ok()) return s;
  meta.promoted_at = core.Timestamp();
  core.observer.OnStep("promote.meta.before");
  if (absl::Status s = core.WriteMeta(meta); !s.ok()) return s;
  core.observer.OnStep("promote.meta.after");
  report.gates = before.gates;
  absl::Status done;
  if (input.hold) done = HoldAndCount(core, meta, input.hold, report.gates);
  if (done.ok()) done = SendSwap(core, plan, report);
  if (done.ok()) return report;
  // One that never was live is no way back: its gates have not let it through.
  before.gates = report.gates;
  if (done.code() != absl::StatusCode::kUnknown) NoteRefusal(core, before);
  return done;
}

}  // namespace indexswap
