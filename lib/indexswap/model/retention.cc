#include <absl/strings/str_format.h>
#include <indexswap/retention.h>

namespace indexswap {
namespace {

bool IsTooOld(const RetentionPolicy& policy, const RetentionCandidate& candidate) {
  return policy.max_age.count() > 0 && candidate.age && *candidate.age > policy.max_age;
}

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
  if (candidate.complete && candidate.newer_than_live && !IsTooOld(policy, candidate)) {
    return "newer than the live one: it can still be promoted";
  }
  if (candidate.since_left && *candidate.since_left < policy.grace) {
    return absl::StrFormat("searches may still run on it: left %d s ago, grace is %d s",
                           candidate.since_left->count(), policy.grace.count());
  }
  return "";
}

// What is kept of the complete ones so far.
struct Kept {
  int generations = 0;
  uint64_t bytes = 0;
};

// Why the policy lets a complete one go; empty if it keeps it.
std::string Surplus(const RetentionPolicy& policy, const Kept& kept,
                    const RetentionCandidate& candidate) {
  if (IsTooOld(policy, candidate)) {
    return absl::StrFormat("sealed %d s ago, kept for %d s", candidate.age->count(),
                           policy.max_age.count());
  }
  if (kept.generations >= policy.generations) {
    return absl::StrFormat("older than the %d kept", policy.generations);
  }
  if (policy.max_bytes > 0 && kept.bytes + candidate.bytes > policy.max_bytes) {
    return absl::StrFormat("with its %d bytes the kept ones would take %d, at most %d",
                           candidate.bytes, kept.bytes + candidate.bytes, policy.max_bytes);
  }
  return "";
}

}  // namespace

std::vector<RetentionVerdict> JudgeRetention(const RetentionPolicy& policy,
                                             const std::vector<RetentionCandidate>& candidates) {
  // The live and the previous generation count towards the number to keep, then the newest.
  Kept kept;
  const auto keep = [&kept](const RetentionCandidate& candidate) {
    ++kept.generations;
    kept.bytes += candidate.bytes;
  };
  for (const RetentionCandidate& c : candidates) {
    if (c.ours && c.complete && (c.live || c.previous)) keep(c);
  }
  std::vector<RetentionVerdict> verdicts(candidates.size());
  for (size_t i = candidates.size(); i-- > 0;) {
    const RetentionCandidate& candidate = candidates[i];
    RetentionVerdict& verdict = verdicts[i];
    verdict.generation = candidate.generation;
    verdict.reason = Protection(policy, candidate);
    if (!verdict.reason.empty()) continue;
    if (candidate.complete) verdict.reason = Surplus(policy, kept, candidate);
    if (candidate.complete && verdict.reason.empty()) {
      keep(candidate);
      verdict.reason = absl::StrFormat("one of the %d newest complete ones", policy.generations);
      continue;
    }
    verdict.prune = true;
    if (candidate.complete) continue;
    const bool abandoned = candidate.state == BuildState::kAbandoned;
    verdict.reason = abandoned ? "abandoned" : "an unfinished build";
  }
  return verdicts;
}

}  // namespace indexswap
