#include "syncd/sync/rollback.h"

#include <absl/strings/str_format.h>
#include <indexswap/inspector.h>

#include <algorithm>
#include <filesystem>

#include "syncd/readmodel/event_file.h"
#include "syncd/sync/expected_state.h"
#include "syncd/sync/state_files.h"
#include "syncd/sync/unknown_outcome.h"

namespace syncd {
namespace {

// A sick store may take longer than one pause; the way back must not end with that.
constexpr int kTries = 10;

// Whether events up to its cursor are missing in a generation's file: then nobody can say how many.
bool HasGaps(const std::string& state_dir, uint64_t generation, const Plan& in_use) {
  const auto path = std::filesystem::path(state_dir) / GenerationFileName(generation);
  const auto why = WhyIncomplete(path.string(), in_use);
  return why.ok() && !why->empty();
}

}  // namespace

std::string RollbackLoss::Describe() const {
  if (reason.empty()) {
    return absl::StrFormat(
        "generation %d is warm and %d events behind: it gets them first, and "
        "nothing is lost",
        target, lag);
  }
  if (target == 0) {
    return absl::StrFormat("generation 0 is %s: what has changed since then would be missing there",
                           reason);
  }
  if (lost && *lost == 0) {
    return absl::StrFormat(
        "generation %d gets no live events (%s), but none came since: nothing is "
        "lost",
        target, reason);
  }
  return absl::StrFormat(
      "generation %d gets no live events (%s): %s would be missing until the "
      "next sync",
      target, reason,
      lost ? absl::StrFormat("%d events", *lost) : "every event since it was last up to date");
}

absl::StatusOr<RollbackLoss> AssessRollback(const indexswap::ReleaseStatus& status,
                                            std::optional<uint64_t> to,
                                            const std::string& state_dir, const EventFacts& facts,
                                            const Plan& in_use) {
  if (!to) {
    if (!status.live) {
      return absl::FailedPreconditionError("nothing is live: nothing to go back from");
    }
    if (!status.previous) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "generation %d has no complete generation before it; name one with --to", *status.live));
    }
    to = status.previous;
  }
  const auto found = std::ranges::find_if(
      status.generations, [&](const auto& generation) { return generation.generation == *to; });
  if (found == status.generations.end()) {
    return absl::NotFoundError(
        absl::StrFormat("there is no generation %d; `status` lists those that there are", *to));
  }
  if (*to != 0 && found->meta && found->meta->promoted_at.empty()) {
    return indexswap::NeverLive(*to);
  }
  RollbackLoss loss;
  loss.target = *to;
  if (*to == 0) {
    loss.reason = "what was there before the adoption, which syncd never writes to";
    return loss;
  }
  const bool has_file = facts.files.contains(*to);
  const absl::StatusOr<uint64_t> lag =
      has_file ? LagOfFile(state_dir, *to, facts.head)
               : absl::StatusOr<uint64_t>(absl::NotFoundError("it has no file"));
  if (facts.warm.contains(*to)) {
    loss.lag = lag.value_or(0);
    loss.lost = 0;
    return loss;
  }
  const auto reason = facts.cold.find(*to);
  loss.reason = reason == facts.cold.end() ? "it has no file in the state folder" : reason->second;
  if (lag.ok()) {
    loss.lag = *lag;
    if (!HasGaps(state_dir, *to, in_use)) loss.lost = *lag;
  } else if (facts.head == 0) {
    loss.lost = 0;
  }
  return loss;
}

namespace {

// Repeated without a number it would go on from wherever it has led.
absl::Status NamedAgain(const absl::Status& status, const RollbackRequest& request,
                        uint64_t target) {
  if (status.code() != absl::StatusCode::kUnknown || request.to) return status;
  return absl::UnknownError(absl::StrFormat(
      "%s. That is `rollback --to %d` now: without the number it might go one further back",
      std::string(status.message()), target));
}

// Which one is live is open, and with it where a rollback without a number would lead.
absl::Status CheckSettled(const std::string& state_dir, const RollbackRequest& request) {
  const std::string open = UnknownOutcome(state_dir);
  if (request.to || open.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s. Until that is settled a rollback has to say where to: look at `status`, and name the "
      "generation with --to",
      open));
}

}  // namespace

absl::Status StopsRollback(indexswap::Engine& engine, std::optional<uint64_t> to) {
  const auto plan = engine.PlanRollback(to);
  if (!plan.ok()) {
    return indexswap::IsBlocked(plan.status()) ? plan.status() : absl::OkStatus();
  }
  for (const indexswap::GateResult& gate : plan->gates) {
    if (gate.passed) continue;
    return absl::FailedPreconditionError(
        absl::StrFormat("the gate %s stopped the rollback before anything was changed: %s",
                        gate.gate, gate.detail));
  }
  return absl::OkStatus();
}

absl::StatusOr<indexswap::SwapReport> RollBack(
    const RollbackTools& tools, const RollbackRequest& request,
    const std::function<void(const RollbackLoss&)>& told) {
  auto& [engine, warm, log, plan, state_dir] = tools;
  const auto lock = warm.LockSwap();
  if (absl::Status s = CheckSettled(state_dir, request); !s.ok()) return s;
  if (absl::Status s = CheckStateNow(engine, request.if_state); !s.ok()) return s;
  const auto status = engine.Status();
  if (!status.ok()) return status.status();
  const auto facts = FactsOf(state_dir, log, warm);
  if (!facts.ok()) return facts.status();
  const auto loss = AssessRollback(*status, request.to, state_dir, *facts, plan);
  if (!loss.ok()) return loss.status();
  told(*loss);
  if (loss->NeedsConsent() && !request.accept_loss) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s. --accept-loss goes back all the same", loss->Describe()));
  }
  const bool is_warm = loss->reason.empty();
  indexswap::HoldEvents hold;
  if (is_warm) {
    hold = [&warm, &request](uint64_t target) { return warm.Hold(target, request.pause_max); };
  }
  absl::StatusOr<indexswap::SwapReport> report;
  for (int tries = 0; tries < kTries; ++tries) {
    report = engine.Rollback(loss->target, hold);
    if (report.ok()) {
      warm.SetLive(report->to);
      // A process that was killed just behind its swap has not noted it.
      NoteWasLive(state_dir, report->from).IgnoreError();
    }
    warm.Release();
    if (report.ok()) return report;
    if (!absl::IsDeadlineExceeded(report.status())) break;
  }
  return NamedAgain(report.status(), request, loss->target);
}

absl::StatusOr<RollbackPreview> PreviewRollback(indexswap::Engine& engine,
                                                const RollbackRequest& request,
                                                const std::string& state_dir,
                                                const EventFactsReader& read_facts,
                                                const Plan& in_use) {
  const auto state = engine.State();
  if (!state.ok()) return state.status();
  if (request.if_state) {
    if (absl::Status s = CheckState(*request.if_state, *state); !s.ok()) return s;
  }
  const auto status = engine.Status();
  if (!status.ok()) return status.status();
  const auto facts = read_facts(*status);
  if (!facts.ok()) return facts.status();
  auto loss = AssessRollback(*status, request.to, state_dir, *facts, in_use);
  if (!loss.ok()) return loss.status();
  auto report = engine.PlanRollback(loss->target);
  if (!report.ok()) return report.status();
  return RollbackPreview{*std::move(report), *std::move(loss)};
}

}  // namespace syncd
