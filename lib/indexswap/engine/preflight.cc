#include "indexswap/engine/preflight.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <indexswap/engine.h>
#include <indexswap/inspector.h>
#include <indexswap/names.h>

#include <algorithm>
#include <set>
#include <string>

#include "indexswap/engine/gates.h"
#include "indexswap/engine/judgement.h"
#include "indexswap/json/replicas.h"

namespace indexswap {
namespace {

constexpr char kBlocksGate[] = "blocks";
constexpr char kCapacityGate[] = "capacity";
constexpr char kTemplatesGate[] = "templates";
constexpr char kNothingTold[] = "this store tells nothing of it";

std::string Text(const absl::Status& status) { return std::string(status.message()); }

// Notes what can't be seen: OK then, and for what was seen; the store's errors otherwise.
template <typename Facts>
absl::Status Seen(const absl::StatusOr<Facts>& facts, Judgement& gate) {
  if (facts.ok()) return absl::OkStatus();
  if (!IsAccessDenied(facts.status())) return facts.status();
  gate.Note("not checked: " + Text(facts.status()));
  return absl::OkStatus();
}

uint64_t BytesOf(const ReleaseView& view, std::optional<uint64_t> generation) {
  uint64_t bytes = 0;
  const GenerationView* found = generation ? view.Find(*generation) : nullptr;
  if (found == nullptr) return 0;
  for (const auto& [family, index] : found->families) bytes += index.bytes;
  return bytes;
}

absl::StatusOr<GateResult> JudgeCapacity(Core& core, StoreInspector& inspector,
                                         const ReleaseView& view) {
  Judgement capacity(kCapacityGate);
  const auto disks = inspector.Disks();
  if (absl::Status s = Seen(disks, capacity); !s.ok()) return s;
  if (!disks.ok()) return capacity.Result();
  const RoomEstimate room = EstimateRoom(core.release, BytesOf(view, view.live), *disks);
  if (room.disks == 0) {
    capacity.Note(kNothingTold);
  } else if (room.until_flood == 0 || room.build > room.until_flood) {
    capacity.Fail(Describe(room) + ": make room, prune what is no longer kept, or add disk");
  } else {
    capacity.Note(Describe(room));
  }
  return capacity.Result();
}

// The indexes that aliases will be moved off, and back to.
std::set<std::string> IndexesOfSwap(const ReleaseView& view) {
  std::set<std::string> names;
  for (const auto& [alias, targets] : view.aliases) {
    for (const AliasTarget& target : targets) names.insert(target.index);
  }
  if (const GenerationView* live = view.live ? view.Find(*view.live) : nullptr) {
    for (const std::string& index : live->Indexes()) names.insert(index);
  }
  return names;
}

// Those whose private aliases move with the lease.
std::set<std::string> IndexesOfLease(const ReleaseView& view) {
  std::set<std::string> names;
  for (const auto& [number, generation] : view.generations) {
    for (const auto& [family, index] : generation.families) {
      const bool written = index.meta && index.meta->state != BuildState::kAbandoned;
      if (written) names.insert(index.name);
    }
  }
  return names;
}

void JudgeWholeStore(const BlockFacts& found, bool creates, Judgement& blocks) {
  const std::string what = absl::StrFormat("the whole store has the block %s", found.block);
  // OpenSearch sets it while disks are full, and lifts it some time after the indexes' own.
  if (found.block == "create_index" && !creates) return blocks.Note(what);
  blocks.Fail(what + ": nothing can be built or swapped; lift it first");
}

// `of_lease`: it keeps the lease from being taken, too.
void JudgeBlock(const BlockFacts& found, bool of_lease, Judgement& blocks) {
  const std::string what = absl::StrFormat("%s has the block %s", found.index, found.block);
  if (found.block == "read_only" || found.block == "metadata") {
    const char* refuses = of_lease ? "the swap, the way back, and the lease that both need"
                                   : "the swap and the way back";
    return blocks.Fail(absl::StrFormat("%s, which refuses %s: set index.blocks.%s of it to null",
                                       what, refuses, found.block),
                       /*final=*/of_lease);
  }
  blocks.Note(what);  // `read_only_allow_delete`, too: the swap lifts it on what it names
}

void JudgeTemplate(const TemplateFacts& found, Judgement& templates) {
  const std::string name =
      absl::StrFormat("template %s (%s)", found.name, absl::StrJoin(found.indexes, ", "));
  if (found.data_stream) {
    return templates.Fail(name + " makes a data stream of these names: no index can be created");
  }
  if (!found.aliases.empty()) {
    return templates.Fail(absl::StrFormat(
        "%s puts new indexes under the alias %s at once: readers would see a half-full index; "
        "leave these names out of its patterns",
        name, absl::StrJoin(found.aliases, ", ")));
  }
  templates.Note(name + " matches");
}

absl::StatusOr<GateResult> JudgeTemplates(Core& core, StoreInspector& inspector,
                                          uint64_t generation) {
  Judgement templates(kTemplatesGate);
  std::vector<std::string> names;
  for (const FamilySpec& family : core.release.families) {
    names.push_back(IndexName(family.name, generation));
  }
  const auto found = inspector.Templates(names);
  if (absl::Status s = Seen(found, templates); !s.ok()) return s;
  if (!found.ok()) return templates.Result();
  for (const TemplateFacts& one : *found) JudgeTemplate(one, templates);
  if (found->empty()) templates.Note("none matches the names of new indexes");
  return templates.Result();
}

GateResult NothingTold(std::string_view gate) {
  return {std::string(gate), true, false, kNothingTold};
}

}  // namespace

RoomEstimate EstimateRoom(const ReleaseSpec& release, uint64_t live_bytes,
                          const std::vector<DiskFacts>& disks) {
  RoomEstimate room;
  room.live = live_bytes;
  room.disks = disks.size();
  for (const DiskFacts& disk : disks) {
    room.until_low += disk.until_low;
    room.until_flood += disk.until_flood;
  }
  for (const FamilySpec& family : release.families) {
    room.replicas =
        std::max(room.replicas, ReplicasOn(std::max<uint64_t>(1, disks.size()), family.settings));
  }
  room.build = live_bytes * (1 + room.replicas);
  return room;
}

std::string Describe(const RoomEstimate& room) {
  return absl::StrFormat(
      "the next build takes about %d bytes (as the live one, %d, with %d replicas), beside all "
      "that is kept; %d bytes until the low watermark, %d until the flood stage, on %d disks",
      room.build, room.live, room.replicas, room.until_low, room.until_flood, room.disks);
}

absl::StatusOr<GateResult> JudgeBlocks(Core& core, const ReleaseView& view, bool creates) {
  StoreInspector* inspector = core.store->inspector();
  if (inspector == nullptr) return NothingTold(kBlocksGate);
  Judgement blocks(kBlocksGate);
  std::set<std::string> names = IndexesOfSwap(view), of_lease;
  if (!core.lease.Current().ok()) of_lease = IndexesOfLease(view);
  names.insert(of_lease.begin(), of_lease.end());
  const auto found = inspector->Blocks({names.begin(), names.end()});
  if (absl::Status s = Seen(found, blocks); !s.ok()) return s;
  if (!found.ok()) return blocks.Result();
  for (const BlockFacts& one : *found) {
    if (one.index.empty()) {
      JudgeWholeStore(one, creates, blocks);
    } else {
      JudgeBlock(one, of_lease.contains(one.index), blocks);
    }
  }
  if (found->empty()) blocks.Note("none on what is live");
  return blocks.Result();
}

absl::StatusOr<std::vector<GateResult>> JudgeBeforeBuild(Core& core, const ReleaseView& view,
                                                         uint64_t generation) {
  StoreInspector* inspector = core.store->inspector();
  auto blocks = JudgeBlocks(core, view, /*creates=*/true);
  if (!blocks.ok()) return blocks.status();
  if (inspector == nullptr) {
    return std::vector<GateResult>{NothingTold(kCapacityGate), *blocks,
                                   NothingTold(kTemplatesGate)};
  }
  auto capacity = JudgeCapacity(core, *inspector, view);
  if (!capacity.ok()) return capacity.status();
  auto templates = JudgeTemplates(core, *inspector, generation);
  if (!templates.ok()) return templates.status();
  return std::vector<GateResult>{*capacity, *blocks, *templates};
}

bool IsJudgedBeforeBuild(std::string_view gate) {
  return gate == kCapacityGate || gate == kTemplatesGate || gate == kBlocksGate;
}

absl::Status StopsBuild(const std::vector<std::string>& overrides, std::vector<GateResult>& gates) {
  if (absl::Status s = Override(overrides, gates, OverridesOf::kAnyPhase); !s.ok()) return s;
  for (const GateResult& gate : gates) {
    if (gate.passed) continue;
    return absl::FailedPreconditionError(absl::StrFormat(
        "the gate %s stopped the sync before anything was created: %s. %s", gate.gate, gate.detail,
        gate.final ? "No override helps"
                   : absl::StrFormat("`sync --override %s` begins all the same", gate.gate)));
  }
  return absl::OkStatus();
}

}  // namespace indexswap
