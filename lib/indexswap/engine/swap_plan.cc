#include "indexswap/engine/swap_plan.h"

#include <indexswap/inspector.h>

#include <algorithm>

#include "indexswap/engine/creation.h"
#include "indexswap/engine/preflight.h"
#include "indexswap/engine/state_hash.h"
#include "indexswap/engine/swap.h"

namespace indexswap {
namespace {

// The number that Begin would take, as far as the store tells.
uint64_t NextNumber(const ReleaseView& view) {
  uint64_t next = view.generations.empty() ? 1 : view.generations.rbegin()->first + 1;
  for (const Lease& lease : view.leases) {
    if (lease.record) next = std::max(next, lease.record->highest_generation + 1);
  }
  return next;
}

}  // namespace

void ExplainRequests(Core& core, const ReleaseView& view,
                     const std::vector<IndexDefinition>& created, SwapReport& report) {
  const uint64_t epoch = view.leases.empty() ? 1 : view.leases.back().epoch + 1;
  const Fence fence = core.lease.Current().value_or(Fence{core.release.name, epoch});
  report.requests = core.store->Explain(fence, created, report.actions);
  if (!report.actions.empty()) report.request = report.requests.back().body;
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
