#include <absl/strings/str_format.h>
#include <indexswap/retention.h>

namespace indexswap {
namespace {

// Why a generation must stay whatever the policy says; empty if nothing protects it.
std::string Protection(const RetentionPolicy& policy, const RetentionCandidate& candidate) {
  if (!candidate.ours) return "not made by indexswap: its _meta is missing or contradicts itself";
  if (candidate.live) return "live";
  if (candidate.has_public_alias) return "an alias points at it";
  if (candidate.previous) return "previous: the way back";
  if (candidate.state == BuildState::kBuilding && candidate.owner_alive) {
    return "being built: its writer is alive";
  }
  // One that was rolled back from, or that a gate stopped: the next swap decides over it.
  if (candidate.complete && candidate.newer_than_live) {
    return "newer than the live one: it can still be promoted";
  }
  if (candidate.since_left && *candidate.since_left < policy.grace) {
    return absl::StrFormat("searches may still run on it: left %d s ago, grace is %d s",
                           candidate.since_left->count(), policy.grace.count());
  }
  return "";
}

}  // namespace

std::vector<RetentionVerdict> JudgeRetention(const RetentionPolicy& policy,
                                             const std::vector<RetentionCandidate>& candidates) {
  // The live and the previous generation count towards the number to keep, then the newest.
  int kept = 0;
  for (const RetentionCandidate& c : candidates) {
    if (c.ours && c.complete && (c.live || c.previous)) ++kept;
  }
  std::vector<RetentionVerdict> verdicts(candidates.size());
  for (size_t i = candidates.size(); i-- > 0;) {
    const RetentionCandidate& candidate = candidates[i];
    RetentionVerdict& verdict = verdicts[i];
    verdict.generation = candidate.generation;
    verdict.reason = Protection(policy, candidate);
    if (!verdict.reason.empty()) continue;
    if (candidate.complete && kept < policy.generations) {
      ++kept;
      verdict.reason = absl::StrFormat("one of the %d newest complete ones", policy.generations);
      continue;
    }
    verdict.prune = true;
    verdict.reason = candidate.state == BuildState::kAbandoned ? "abandoned"
                     : !candidate.complete
                         ? "an unfinished build"
                         : absl::StrFormat("older than the %d kept", policy.generations);
  }
  return verdicts;
}

}  // namespace indexswap
