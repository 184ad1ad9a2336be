// What the daemon answers over HTTP.
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <indexswap/names.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "syncd/daemon/answers.h"
#include "syncd/daemon/daemon.h"
#include "syncd/daemon/maintenance.h"
#include "syncd/daemon/metrics.h"
#include "syncd/sync/adopt.h"
#include "syncd/sync/announce.h"
#include "syncd/sync/channel_gates.h"
#include "syncd/sync/expected_state.h"
#include "syncd/sync/state_disk.h"
#include "syncd/sync/state_files.h"
#include "syncd/sync/unknown_outcome.h"

namespace syncd {
namespace {

namespace json = boost::json;

constexpr int kAccepted = 202;

ApiAnswer Answer(std::string text) { return {200, std::move(text)}; }

// The state of a run in the words of status, whether it is under way or has just begun.
ApiAnswer RunAnswer(uint64_t run, const std::string& state, bool already_running) {
  return {kAccepted, json::serialize(json::object{
                         {"run", run}, {"state", state}, {"already_running", already_running}})};
}

}  // namespace

ApiAnswer Daemon::StartSync(const ApiSyncRequest& asked) {
  if (absl::Status s = CheckStateNow(tools_.engine, asked.if_state); !s.ok()) return ApiError(s);
  if (absl::Status s = CheckOverrides(asked.overrides); !s.ok()) return ApiError(s);
  if (!asked.promote) {
    if (absl::Status s = CheckOverridesOfBuild(asked.overrides); !s.ok()) return ApiError(s);
  }
  SyncRequest request;
  request.source = "queues";
  request.promote = asked.promote;
  request.overrides = asked.overrides;
  const auto begun = Begin(request);
  if (!begun.ok()) return ApiError(begun.status());
  const auto view = worker_->view();
  return RunAnswer(begun->first, view ? view->stage : "receiving", begun->second);
}

ApiAnswer Daemon::CancelSync() {
  const auto view = worker_->view();
  if (!view || !worker_->Cancel()) {
    return ApiError(absl::FailedPreconditionError("no run is under way"));
  }
  return Answer(json::serialize(json::object{{"run", view->run}, {"state", "cancelling"}}));
}

LocalStatus Daemon::Local() {
  std::optional<uint64_t> live;
  {
    const std::lock_guard lock(mutex_);
    if (status_) live = status_->live;
  }
  LocalStatus local = ReadStateFolder(state_, live);
  local.role = "active";
  local.dead_letters += tools_.log.CountDeadLetters().value_or(0);
  local.events_head = tools_.log.head();
  local.events = tools_.log.counts();
  local.cold = tools_.log.Cold().value_or(std::map<uint64_t, std::string>());
  for (const WarmState& state : warm_->states()) {
    local.warm[state.generation] = state;
    if (state.lacks.empty() || !state.cold.empty()) continue;
    local.findings.push_back(absl::StrFormat("generation %d does not show all live events: %s",
                                             state.generation, state.lacks));
  }
  const auto view = worker_->view();
  if (!view) {
    local.run.reset();
    return local;
  }
  local.run = view->run;
  local.run_stage = view->stage;
  local.rates = view->rates;
  local.eta_s = view->eta_s;
  local.blocked = view->progress.blocked;
  if (view->stage == "loading" || view->stage == "reading") {
    local.loaded = view->progress.loaded;
    local.total = view->progress.total;
  }
  return local;
}

ApiAnswer Daemon::Status() {
  // Before the store is read: who sees that no run is under way must see what the last one did.
  LocalStatus local = Local();
  local.last = worker_->last();
  auto status = ReadStatus();
  if (!status.ok()) {
    // What was known last, rather than nothing: a status is wanted most when something is wrong.
    const std::lock_guard lock(mutex_);
    if (!status_) return ApiError(status.status());
    indexswap::ReleaseStatus known = *status_;
    known.findings.insert(known.findings.begin(),
                          "the store can't be read, this is what was known last: " +
                              std::string(status.status().message()));
    status = std::move(known);
  }
  for (const auto& intake : intakes_) {
    const IntakeState state = intake->state();
    if (state.trouble.empty()) continue;
    status->findings.push_back(
        absl::StrFormat("channel %s is not read: %s", state.channel, state.trouble));
  }
  AddDiskFinding(state_, local, config().disk.min_free_bytes, *status);
  if (const auto& last = local.last; last && !last->status.ok()) {
    status->findings.push_back(absl::StrFormat("the last sync did not go live (%s): %s",
                                               last->state, std::string(last->status.message())));
  }
  return Answer(StatusJson(*status, local));
}

ApiAnswer Daemon::Plan() { return AnswerPlan(tools_.plan, tools_.engine); }

ApiAnswer Daemon::Rollback(const ApiRollbackRequest& asked) {
  const RollbackRequest request{asked.to, asked.accept_loss, asked.if_state,
                                config().sync.pause_max};
  if (asked.dry_run) {
    const auto facts = [this](const indexswap::ReleaseStatus&) {
      return FactsOf(state_, tools_.log, *warm_);
    };
    const auto preview = PreviewRollback(tools_.engine, request, state_, facts, tools_.plan);
    return preview.ok() ? Answer(RollbackPreviewJson(*preview)) : ApiError(preview.status());
  }
  RollbackLoss loss;
  const auto told = [&](const RollbackLoss& found) {
    loss = found;
    tools_.note(Severity::kInfo, "rollback: " + found.Describe());
  };
  const auto report =
      RollBack({tools_.engine, *warm_, tools_.log, tools_.plan, state_}, request, told);
  NoteOutcome("rollback", report.status());
  if (!report.ok()) return ApiError(report.status());
  {
    const std::lock_guard lock(mutex_);
    status_.reset();
    revive_ = true;
    stop_changed_.notify_all();
  }
  tools_.note(Severity::kInfo, absl::StrFormat("generation %d is live again instead of %d",
                                               report->to, report->from));
  return Answer(RollbackJson(*report, loss));
}

// An engine that has moved aliases since has settled what was open.
void Daemon::NoteOutcome(const std::string& what, const absl::Status& status) {
  if (status.ok()) ForgetUnknownOutcome(state_);
  if (status.code() != absl::StatusCode::kUnknown) return;
  KeepUnknownOutcome(state_, what, status);
  const std::lock_guard lock(mutex_);
  outcome_is_open_ = true;
}

// The engine keeps what it is building. What a run has not gone on with yet, right after a restart
// or between two of its tries, looks to it like a build that nobody cares for.
absl::Status Daemon::CheckPrune() {
  {
    const std::lock_guard lock(mutex_);
    if (!started_) {
      return absl::UnavailableError(
          "nothing was deleted: the daemon is still starting, or is stopping");
    }
  }
  const auto view = worker_->view();
  if (!view) return absl::OkStatus();
  const auto planned = tools_.engine.Prune(/*dry_run=*/true);
  if (!planned.ok()) return planned.status();
  const auto cut_off = CutOffRun(state_, tools_.plan, std::nullopt);
  for (const indexswap::RetentionVerdict& verdict : planned->verdicts) {
    const bool of_run = verdict.generation == view->run || verdict.generation == cut_off;
    if (!verdict.prune || !of_run) continue;
    return absl::UnavailableError(absl::StrFormat(
        "nothing was deleted: the run under way is about to go on with generation %d. Try again in "
        "a moment",
        verdict.generation));
  }
  return absl::OkStatus();
}

// What can't be deleted now is deleted later; whoever asks for it is told why.
void Daemon::PruneByItself() {
  {
    const std::lock_guard lock(mutex_);
    if (!config_.prune_automatically || outcome_is_open_) return;
  }
  const std::lock_guard begins(begins_);
  if (!CheckPrune().ok()) return;
  const auto planned = tools_.engine.Prune(/*dry_run=*/true);
  if (!planned.ok() || planned->deleted.empty()) return;
  const auto pruned = PruneAll(tools_.engine, warm_.get(), state_, false, Orphans::kKeep);
  if (!pruned.ok()) {
    tools_.note(Severity::kWarning, "pruning without being asked ([retention] automatic): " +
                                        std::string(pruned.status().message()));
    return;
  }
  for (const indexswap::RetentionVerdict& verdict : pruned->store.verdicts) {
    if (!verdict.prune) continue;
    tools_.note(Severity::kInfo,
                absl::StrFormat("generation %d was pruned, as [retention] automatic says: %s",
                                verdict.generation, verdict.reason));
  }
}

ApiAnswer Daemon::Prune(bool dry_run) {
  const std::lock_guard begins(begins_);
  if (absl::Status s = CheckPrune(); !s.ok()) return ApiError(s);
  const auto pruned = PruneAll(tools_.engine, warm_.get(), state_, dry_run);
  if (!pruned.ok()) return ApiError(pruned.status());
  return Answer(PruneJson(*pruned, dry_run));
}

ApiAnswer Daemon::Adopt(const ApiAdoptRequest& asked) {
  if (!asked.take_names.empty()) return TakeNames(asked);
  if (absl::Status s = CheckOverridesOfBuild(asked.overrides); !s.ok()) return ApiError(s);
  // Refuses at once what would end the run in its first moment.
  if (const auto plan = tools_.engine.PlanAdoption(); !plan.ok()) return ApiError(plan.status());
  SyncRequest request;
  request.source = kAdoptedSource;
  request.adopt = true;
  request.overrides = asked.overrides;
  const auto begun = Begin(request);
  if (!begun.ok()) return ApiError(begun.status());
  return RunAnswer(begun->first, "reading", begun->second);
}

ApiAnswer Daemon::TakeNames(const ApiAdoptRequest& asked) {
  const auto report = tools_.engine.TakeNames(asked.take_names, asked.overrides);
  NoteOutcome("adopt --take-names", report.status());
  if (!report.ok()) return ApiError(report.status());
  tools_.note(Severity::kInfo, absl::StrFormat("%s became aliases of generation %d",
                                               absl::StrJoin(asked.take_names, ", "), report->to));
  const auto note = [this](Severity severity, const std::string& text) {
    tools_.note(severity, text);
  };
  AnnounceSwap(tools_.plan, *sources_, report->pending, note, tools_.step, [] { return false; });
  return Answer(TakenNamesJson(*report));
}

ApiAnswer Daemon::DeadLetters() { return AnswerDeadLetters(state_); }

ApiAnswer Daemon::DeadLetter(const std::string& id) { return AnswerDeadLetter(state_, id); }

ApiAnswer Daemon::RetryDeadLetter(const std::string& id) {
  const auto parts = ParseDeadLetterId(id);
  if (!parts) return ApiError(absl::NotFoundError("there is no such dead letter"));
  const absl::Status retried = parts->generation != 0
                                   ? RetryBuildDeadLetter(state_, *parts, &tools_.log)
                                   : RetryEventDeadLetter(tools_.log, *warm_, parts->letter);
  if (!retried.ok()) return ApiError(retried);
  warm_->Wake();
  return Answer(json::serialize(json::object{{"id", id}, {"retried", true}}));
}

ApiAnswer Daemon::DropDeadLetter(const std::string& id) {
  const auto parts = ParseDeadLetterId(id);
  if (!parts) return ApiError(absl::NotFoundError("there is no such dead letter"));
  const absl::Status dropped = parts->generation != 0 ? DropBuildDeadLetter(state_, *parts)
                                                      : tools_.log.DropDeadLetter(parts->letter);
  if (!dropped.ok()) return ApiError(dropped);
  return Answer(json::serialize(json::object{{"id", id}, {"dropped", true}}));
}

ApiAnswer Daemon::TakeMessages(const std::string& channel, const std::vector<std::string>& bodies) {
  const PlanChannel* found = tools_.plan.FindChannel(channel);
  if (found == nullptr) {
    return ApiError(absl::NotFoundError(
        absl::StrFormat("plan %s has no channel %s", tools_.plan.name, channel)));
  }
  if (found->kind != PlanChannel::Kind::kEvents) {
    return ApiError(absl::FailedPreconditionError(absl::StrFormat(
        "%s is a snapshot channel, which is read from its queue while a sync runs", channel)));
  }
  std::vector<IncomingEvent> events;
  for (const std::string& body : bodies) events.push_back({channel, body, {}});
  if (const auto position = tools_.log.Append(events); !position.ok()) {
    return ApiError(OfFolder(position.status()));
  }
  warm_->Wake();
  return {kAccepted, json::serialize(json::object{{"accepted", bodies.size()}})};
}

std::optional<std::string> Daemon::NotReady() {
  CheckFolder();
  {
    const std::lock_guard lock(mutex_);
    if (!lost_.ok()) return std::string(lost_.message());
    if (!started_) return doing_.empty() ? "starting, or stopping" : doing_;
    if (outcome_is_open_) {
      return "which generation is live is not known: live events are kept, and not acknowledged";
    }
    const auto live = warm_->live();
    if (!live || warm_->IsWarm(*live)) return std::nullopt;
    if (!unhydrated_.empty()) return unhydrated_;
    if (*live == 0) {
      return "the aliases are where they were before the adoption, where live events don't go";
    }
  }
  return "the live generation gets no live events yet: they are kept, and not acknowledged";
}

std::string Daemon::Metrics() {
  std::vector<IntakeState> intakes;
  for (const auto& intake : intakes_) intakes.push_back(intake->state());
  std::optional<indexswap::ReleaseStatus> status;
  {
    const std::lock_guard lock(mutex_);
    status = status_;
  }
  return DaemonMetrics(status ? &*status : nullptr, Local(), intakes, worker_->last());
}

}  // namespace syncd
