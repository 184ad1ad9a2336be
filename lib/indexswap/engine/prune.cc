#include "indexswap/engine/prune.h"

#include <absl/strings/str_format.h>
#include <absl/time/time.h>
#include <indexswap/names.h>

#include "indexswap/engine/view.h"

namespace indexswap {
namespace {

// Since a time of a `_meta`; nothing if there is none.
std::optional<std::chrono::seconds> Since(Core& core, const std::string& time) {
  absl::Time then;
  if (!absl::ParseTime(absl::RFC3339_full, time, &then, nullptr)) return std::nullopt;
  return absl::ToChronoSeconds(absl::FromChrono(core.options.clock->Now()) - then);
}

// When the aliases came to where they are: the moment that the live generation was promoted.
std::optional<std::chrono::seconds> SinceLastSwap(Core& core, const ReleaseView& view) {
  const GenerationView* live = view.live ? view.Find(*view.live) : nullptr;
  if (live == nullptr || !live->meta) return std::nullopt;
  return Since(core, live->meta->promoted_at);
}

// Without the lease nobody can know that an unfinished build's owner is dead, unless it has said
// that it is done.
bool SomebodyMayBuild(const ReleaseView& view, bool lease_held) {
  if (lease_held || view.leases.empty()) return false;
  const Lease& lease = view.leases.back();
  return !lease.record || !lease.record->free;
}

std::vector<RetentionCandidate> Candidates(Core& core, const ReleaseView& view, bool lease_held) {
  const auto since = SinceLastSwap(core, view);
  std::vector<RetentionCandidate> candidates;
  for (const auto& [number, generation] : view.generations) {
    RetentionCandidate candidate;
    candidate.generation = number;
    candidate.ours = generation.meta.has_value();
    if (generation.meta) candidate.state = generation.meta->state;
    candidate.complete = generation.complete;
    candidate.has_public_alias = generation.has_public_alias;
    candidate.live = view.live == number;
    candidate.previous = view.previous == number;
    candidate.newer_than_live = view.live && number > *view.live;
    candidate.owner_alive = core.building == number || SomebodyMayBuild(view, lease_held);
    if (generation.meta && !generation.meta->promoted_at.empty()) candidate.since_left = since;
    if (generation.meta) candidate.age = Since(core, generation.meta->sealed_at);
    for (const auto& [family, index] : generation.families) candidate.bytes += index.bytes;
    candidates.push_back(candidate);
  }
  return candidates;
}

// In one request, so either all of them are gone or none is.
absl::Status Delete(Core& core, const std::vector<std::string>& indexes) {
  bool lost = false;
  return core.Change([&](const Fence& fence) {
    const absl::Status status = core.store->DeleteIndexes(fence, indexes);
    if (lost && status.code() == absl::StatusCode::kNotFound) return absl::OkStatus();
    lost = LeaseKeeper::OutcomeIsUnknown(status);
    return status;
  });
}

}  // namespace

absl::StatusOr<PruneReport> PruneGenerations(Core& core, bool dry_run) {
  const auto read = core.ReadView();
  if (!read.ok()) return read.status();
  const ReleaseView& view = *read;
  PruneReport report;
  // Whoever holds the lease knows in a dry run, too, that nobody else builds.
  const bool lease_held = !dry_run || core.lease.Current().ok();
  report.verdicts = JudgeRetention(core.options.retention, Candidates(core, view, lease_held));
  for (RetentionVerdict& verdict : report.verdicts) {
    const std::string& newer = view.Find(verdict.generation)->newer;
    if (!newer.empty()) verdict.reason = newer;
  }
  if (view.adoption) {
    // Its indexes are none of ours, so nothing below could delete them; said for people.
    report.verdicts.insert(report.verdicts.begin(),
                           {0, false, "what was there before the adoption: never pruned"});
  }
  for (const RetentionVerdict& verdict : report.verdicts) {
    if (!verdict.prune) continue;
    const std::vector<std::string> indexes = view.Find(verdict.generation)->Indexes();
    if (!dry_run) {
      core.observer.OnStep("prune.before");
      if (absl::Status s = Delete(core, indexes); !s.ok()) return s;
      core.observer.OnStep("prune.after");
    }
    report.deleted.insert(report.deleted.end(), indexes.begin(), indexes.end());
  }
  return report;
}

}  // namespace indexswap
