#include "indexswap/engine/rollback.h"

#include <absl/strings/str_format.h>

#include <utility>

#include "indexswap/engine/adoption.h"
#include "indexswap/engine/preflight.h"
#include "indexswap/engine/promotion.h"
#include "indexswap/engine/swap.h"
#include "indexswap/engine/swap_plan.h"
#include "indexswap/engine/view.h"

namespace indexswap {
namespace {

// What there is to be done, and where it leads.
struct WayBack {
  SwapActions plan;
  SwapReport report;
  std::optional<GenerationMeta> target;  // nothing: generation 0
};

// `to`, or the one that the live one replaced.
absl::StatusOr<uint64_t> TargetOf(const ReleaseView& view, std::optional<uint64_t> to) {
  if (to) return *to;
  if (!view.live) return absl::FailedPreconditionError("nothing is live: nothing to go back from");
  if (view.previous) return *view.previous;
  return absl::FailedPreconditionError(absl::StrFormat(
      "generation %d has no complete generation before it; name one with --to", *view.live));
}

absl::StatusOr<WayBack> FindWayBack(Core& core, const ReleaseView& view,
                                    std::optional<uint64_t> to) {
  const auto target = TargetOf(view, to);
  if (!target.ok()) return target.status();
  WayBack way;
  if (*target == 0) {
    if (absl::Status s = PlanReturn(core, view, way.plan); !s.ok()) return s;
  } else {
    const auto found = RequireComplete(view, *target);
    if (!found.ok()) return found.status();
    way.target = *(*found)->meta;
    if (way.target->promoted_at.empty()) return NeverLive(*target);
    const absl::Status planned = PlanActions(view, way.target->aliases, *target, way.plan);
    if (!planned.ok()) return planned;
  }
  way.report = StartReport(view, *target, way.plan);
  return way;
}

}  // namespace

absl::Status NeverLive(uint64_t generation) {
  return absl::FailedPreconditionError(absl::StrFormat(
      "generation %d has never been live, so there is no way back to it; `sync --promote %d` makes "
      "it live, if its gates let it",
      generation, generation));
}

absl::StatusOr<SwapReport> RollBack(Core& core, std::optional<uint64_t> to,
                                    const HoldEvents& hold) {
  const auto view = core.ReadView();
  if (!view.ok()) return view.status();
  auto way = FindWayBack(core, *view, to);
  if (!way.ok()) return way.status();
  if (hold && way->target) {
    if (const auto held = hold(way->report.to); !held.ok()) return held.status();
    if (absl::Status s = RefreshIndexes(core, *way->target); !s.ok()) return s;
  }
  if (absl::Status s = SendSwap(core, way->plan, way->report); !s.ok()) return s;
  return std::move(way->report);
}

absl::StatusOr<SwapReport> ExplainRollBack(Core& core, std::optional<uint64_t> to) {
  const auto view = ReadForPlan(core);
  if (!view.ok()) return view.status();
  auto way = FindWayBack(core, *view, to);
  if (!way.ok()) return way.status();
  SwapReport report = std::move(way->report);
  auto blocks = JudgeBlocks(core, *view, /*creates=*/false);
  if (!blocks.ok()) return blocks.status();
  report.gates = {*std::move(blocks)};
  report.state = StateOf(core, *view);
  ExplainRequests(core, *view, {}, report);
  return report;
}

}  // namespace indexswap
