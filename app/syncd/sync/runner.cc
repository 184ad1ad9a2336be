#include "syncd/sync/runner.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "syncd/sync/announce.h"
#include "syncd/sync/receiver.h"
#include "syncd/sync/state_files.h"

namespace syncd {
namespace {

using std::chrono::steady_clock;

constexpr auto kInfo = indexswap::Observer::Severity::kInfo;

// A broker that is away has so long to come back before the swap goes unannounced.
constexpr std::chrono::minutes kAnnounceFor{2};
constexpr std::chrono::milliseconds kAnnounceAgain{500};

double SecondsSince(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

std::string Text(const absl::Status& status) { return std::string(status.message()); }

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// How a sync that did not go live has ended.
std::string StateFor(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return "promoted";
    case absl::StatusCode::kCancelled:
      return "interrupted";
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return "refused";
    default:
      return "failed";
  }
}

// Whatever has become of it since: one that was killed right behind its swap is live.
bool IsSealed(const indexswap::ReleaseStatus& status, uint64_t generation) {
  return std::ranges::any_of(status.generations, [&](const auto& one) {
    const bool sealed = one.state == "sealed" || one.state == "live" || one.state == "previous";
    return one.generation == generation && sealed;
  });
}

// Whether it is Engine::Resume that refuses the build, and not the store that could not be asked.
bool SaysThatItIsNotWhole(const absl::Status& resumed) {
  return absl::IsNotFound(resumed) || absl::IsFailedPrecondition(resumed);
}

}  // namespace

SyncRunner::SyncRunner(const Tools& tools)
    : plan_(tools.plan),
      config_(tools.config),
      engine_(tools.engine),
      journal_(tools.journal),
      log_(tools.log),
      warm_(tools.warm),
      sources_(tools.sources),
      refused_(tools.refused),
      hooks_(tools.hooks) {}

std::string SyncRunner::PathOf(uint64_t generation) const {
  return (std::filesystem::path(config_.state) / GenerationFileName(generation)).string();
}

Durability SyncRunner::durability() const {
  // What came from a queue is gone from there once it is acknowledged; a file can be read again.
  return sources_.files() ? Durability::kOff : Durability::kFull;
}

SyncOutcome SyncRunner::Run(const SyncRequest& request) {
  SyncOutcome outcome;
  disk_.reset();
  outcome.status = RunSteps(request, outcome);
  outcome.state = StateFor(outcome.status);
  if (outcome.generation != 0) Fill(outcome);
  if (full_) GiveBackRoom(outcome);
  return outcome;
}

absl::Status SyncRunner::RunSteps(const SyncRequest& request, SyncOutcome& outcome) {
  if (request.promote) {
    outcome.generation = *request.promote;
    if (absl::Status s = CheckPlan(request, outcome); !s.ok()) return s;
    const auto status = TakeUp(request);
    if (!status.ok()) return status.status();
    if (absl::Status s = warm_.Adopt(*status); !s.ok()) return s;
    auto file = GenerationFile::Open(PathOf(*request.promote), Durability::kFull);
    return Promote(file.ok() ? file->get() : nullptr, request, outcome);
  }
  if (request.adopt) return Adopt(request, outcome);
  if (absl::Status s = sources_.Check(plan_); !s.ok()) return s;
  // Refuses at once what would refuse the swap hours later.
  if (absl::Status s = CheckPlan(request, outcome); !s.ok()) return s;
  if (!CutOffRun(config_.state, plan_, std::nullopt)) {
    if (absl::Status s = JudgeRoom(request, outcome); !s.ok()) return s;
  }
  const auto status = TakeUp(request);
  if (!status.ok()) return status.status();
  if (absl::Status s = CheckLiveFile(config_.state, status->live); !s.ok()) return s;
  if (absl::Status s = warm_.Adopt(*status); !s.ok()) return s;
  auto unfinished = FindUnfinished(*status);
  if (!unfinished.ok()) return unfinished.status();
  if (absl::Status s = CleanUp(*status, *unfinished ? (*unfinished)->generation : 0); !s.ok()) {
    return s;
  }
  if (*unfinished) return Continue(*std::move(*unfinished), *status, request, outcome);
  return BeginNew(request, outcome);
}

absl::StatusOr<std::optional<SyncRunner::Unfinished>> SyncRunner::FindUnfinished(
    const indexswap::ReleaseStatus& status) {
  std::optional<Unfinished> newest;
  for (const uint64_t generation : GenerationsIn(config_.state)) {
    auto file = GenerationFile::Open(PathOf(generation), durability());
    if (!file.ok()) {
      hooks_.Note(indexswap::Observer::Severity::kWarning, Text(file.status()));
      continue;
    }
    auto run = (*file)->ReadRun();
    if (!run.ok()) return run.status();
    if (MayHaveGoneLive(run->stage) && status.live == generation) {
      // Cut off between its swap and the note of it.
      Announce(PendingOf(status));
      if (absl::Status s = SetStage(**file, *run, RunStage::kPromoted); !s.ok()) return s;
      continue;
    }
    if (!IsUnfinished(run->stage)) continue;
    newest = Unfinished{generation, *std::move(file), *std::move(run)};
  }
  if (!newest) return newest;
  const bool from_queues = !sources_.files() && newest->run.source == "queues";
  const bool same_plan = newest->run.plan_hash == plan_.hash;
  if (from_queues && same_plan) return newest;
  hooks_.Note(kInfo, absl::StrFormat(
                         "generation %d was cut off; it is abandoned and built anew, because %s",
                         newest->generation,
                         from_queues ? "the plan has changed" : "files can be read again"));
  return std::optional<Unfinished>();
}

absl::Status SyncRunner::CleanUp(const indexswap::ReleaseStatus& status, uint64_t keep) {
  for (const indexswap::GenerationStatus& generation : status.generations) {
    if (generation.generation == keep || generation.state != "building") continue;
    if (absl::Status s = GiveUp(generation.generation, "cut off, and not gone on with"); !s.ok()) {
      return s;
    }
  }
  for (const uint64_t generation : GenerationsIn(config_.state)) {
    if (generation == keep) continue;
    auto file = GenerationFile::Open(PathOf(generation), durability());
    if (!file.ok()) continue;
    auto run = (*file)->ReadRun();
    if (!run.ok() || !IsUnfinished(run->stage)) continue;
    if (absl::Status s = SetStage(**file, *run, RunStage::kAbandoned); !s.ok()) return s;
    if (absl::Status s = GiveUp(generation, "cut off, and not gone on with"); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status SyncRunner::GiveUp(uint64_t generation, const std::string& reason) {
  hooks_.Note(kInfo, absl::StrFormat("generation %d is abandoned: %s", generation, reason));
  warm_.Remove(generation);
  return engine_.Abandon(generation, reason);
}

absl::Status SyncRunner::Abandon(uint64_t generation, const std::string& reason) {
  auto file = GenerationFile::Open(PathOf(generation), durability());
  if (file.ok()) {
    auto run = (*file)->ReadRun();
    if (run.ok()) SetStage(**file, *run, RunStage::kAbandoned).IgnoreError();
  }
  return GiveUp(generation, reason);
}

absl::Status SyncRunner::SetStage(GenerationFile& file, RunInfo& run, RunStage stage) {
  run.stage = stage;
  return file.WriteRun(run);
}

absl::Status SyncRunner::BeginNew(const SyncRequest& request, SyncOutcome& outcome) {
  const auto start = steady_clock::now();
  if (absl::Status s = JudgeRoom(request, outcome); !s.ok()) return s;
  auto build = engine_.Begin({request.overrides});
  if (!build.ok()) return build.status();
  outcome.generation = (*build)->generation();
  RunInfo run;
  run.build_id = (*build)->meta().build_id;
  run.plan_hash = plan_.hash;
  run.source = request.source;
  run.started_at_ms = NowMs();
  const auto cursor = log_.PositionAt(run.started_at_ms - config_.sync.overlap.count());
  if (!cursor.ok()) return cursor.status();
  run.event_cursor = *cursor;
  auto file = GenerationFile::Create(PathOf(outcome.generation), plan_, run, durability());
  if (!file.ok()) {
    engine_.Abandon(outcome.generation, Text(file.status())).IgnoreError();
    return file.status();
  }
  warm_.Add(outcome.generation, false);
  hooks_.Note(kInfo, absl::StrFormat("generation %d: receiving from %s", outcome.generation,
                                     request.source));
  if (absl::Status s = Receive(**file, run, outcome); !s.ok()) return s;
  if (absl::Status s = LoadAndSeal(**file, run, **build, outcome); !s.ok()) return s;
  outcome.build_s = SecondsSince(start);
  return Promote(file->get(), request, outcome);
}

absl::Status SyncRunner::Continue(Unfinished unfinished, const indexswap::ReleaseStatus& status,
                                  const SyncRequest& request, SyncOutcome& outcome) {
  const auto start = steady_clock::now();
  outcome.generation = unfinished.generation;
  outcome.resumed = true;
  GoOnWithRoom(request);
  hooks_.Note(kInfo, absl::StrFormat("generation %d was cut off while %s: going on with it",
                                     unfinished.generation,
                                     std::string(RunStageName(unfinished.run.stage))));
  const bool sealed_already =
      unfinished.run.stage != RunStage::kReceiving && IsSealed(status, unfinished.generation);
  absl::StatusOr<std::unique_ptr<indexswap::Build>> build = nullptr;
  if (!sealed_already) build = engine_.Resume(unfinished.generation);
  if (!build.ok()) {
    // A store that can't say now whether the build is whole has not said that it is not.
    if (!SaysThatItIsNotWhole(build.status())) return build.status();
    // Cut off before all its indexes were there, or somebody has removed one.
    hooks_.Note(kInfo, Text(build.status()));
    if (absl::Status s = SetStage(*unfinished.file, unfinished.run, RunStage::kAbandoned);
        !s.ok()) {
      return s;
    }
    if (absl::Status s = GiveUp(unfinished.generation, Text(build.status())); !s.ok()) return s;
    outcome.resumed = false;
    return BeginNew(request, outcome);
  }
  warm_.Add(unfinished.generation, sealed_already);
  if (unfinished.run.stage == RunStage::kReceiving) {
    if (absl::Status s = Receive(*unfinished.file, unfinished.run, outcome); !s.ok()) return s;
  }
  if (!sealed_already) {
    if (absl::Status s = LoadAndSeal(*unfinished.file, unfinished.run, **build, outcome); !s.ok()) {
      return s;
    }
  }
  outcome.build_s = SecondsSince(start);
  return Promote(unfinished.file.get(), request, outcome);
}

absl::Status SyncRunner::Receive(GenerationFile& file, RunInfo& run, SyncOutcome& outcome) {
  const auto start = steady_clock::now();
  Receiver::Options options;
  options.timeouts = {config_.sync.start_timeout, config_.sync.stall_timeout, config_.sync.quiet,
                      config_.sync.owed_timeout};
  options.sequential = config_.sync.sequential;
  options.resumed = outcome.resumed;
  options.started_at_ms = run.started_at_ms;
  options.confirm = [this] { return engine_.ConfirmLease(); };
  options.keep_room = [this] { return KeepRoom(); };
  const absl::Status received = Receiver(sources_, file, journal_, options, hooks_).Receive();
  outcome.receive_s = SecondsSince(start);
  if (received.ok()) return SetStage(file, run, RunStage::kLoading);
  // Interrupted or cut off from the broker, it can be gone on with; otherwise it is given up.
  if (received.code() == absl::StatusCode::kCancelled) return received;
  full_ = full_ || received.code() == absl::StatusCode::kResourceExhausted;
  SetStage(file, run, RunStage::kFailed).IgnoreError();
  GiveUp(outcome.generation, Text(received)).IgnoreError();
  return received;
}

absl::Status SyncRunner::Promote(GenerationFile* file, const SyncRequest& request,
                                 SyncOutcome& outcome) {
  RunProgress progress;
  progress.generation = outcome.generation;
  progress.stage = "swapping";
  hooks_.OnProgress(progress);
  const auto swapped = Swap(outcome.generation, request);
  // Whoever goes on after an interruption tells of a swap that is not noted.
  const bool untold = swapped.ok() && !Announce(swapped->pending) && hooks_.Interrupted();
  if (file != nullptr && !untold) {
    auto run = file->ReadRun();
    if (!run.ok()) return run.status();
    // A gate has judged; everything else may be tried again as it is.
    const bool refused = swapped.status().code() == absl::StatusCode::kFailedPrecondition ||
                         swapped.status().code() == absl::StatusCode::kInvalidArgument;
    hooks_.Reached("run.done.before");
    if (swapped.ok() || refused) {
      const absl::Status noted =
          SetStage(*file, *run, swapped.ok() ? RunStage::kPromoted : RunStage::kRefused);
      if (!noted.ok() && swapped.ok()) {
        hooks_.Note(indexswap::Observer::Severity::kWarning, Text(noted));
      }
    }
  }
  if (!swapped.ok()) return swapped.status();
  outcome.gates = swapped->gates;
  outcome.pending = swapped->pending;
  outcome.swap_ms = static_cast<double>(swapped->swap.count()) / 1000;
  return absl::OkStatus();
}

// Swaps while live events go on: they stand still from just before the request until its answer. A
// generation that does not get far enough in the pause is given more time, and the pause is tried
// again.
absl::StatusOr<indexswap::SwapReport> SyncRunner::Swap(uint64_t generation,
                                                       const SyncRequest& request) {
  indexswap::PromoteInput input;
  input.overrides = request.overrides;
  if (warm_.Has(generation)) {
    input.hold = [this](uint64_t target) { return warm_.Hold(target, config_.sync.pause_max); };
  } else if (log_.head() > 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "generation %d gets no live events, so what came since it was built would be lost: sync "
        "again",
        generation));
  }
  for (;;) {
    if (input.hold) {
      const auto stopped = [this] { return hooks_.Interrupted(); };
      if (absl::Status s = warm_.WaitUntilNear(generation, stopped); !s.ok()) return s;
    }
    const auto lock = warm_.LockSwap();
    auto swapped = engine_.Promote(generation, input);
    if (swapped.ok()) warm_.SetLive(generation);
    warm_.Release();
    if (swapped.status().code() != absl::StatusCode::kDeadlineExceeded) return swapped;
    hooks_.Note(kInfo, absl::StrFormat("the swap waits, because live events would have to stand "
                                       "still for too long: %s",
                                       Text(swapped.status())));
  }
}

bool SyncRunner::Announce(const std::vector<std::string>& pending) {
  return AnnounceSwap(
      plan_, sources_, pending,
      [this](indexswap::Observer::Severity severity, const std::string& text) {
        hooks_.Note(severity, text);
      },
      [this](std::string_view step) { hooks_.Reached(step); },
      [this, until = steady_clock::now() + kAnnounceFor] {
        if (hooks_.Interrupted() || steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(kAnnounceAgain);
        return true;
      });
}

void SyncRunner::Fill(SyncOutcome& outcome) {
  auto file = GenerationFile::OpenReadOnly(PathOf(outcome.generation));
  if (!file.ok()) return;
  for (ChannelState& state : (*file)->channels()) {
    const PlanChannel* channel = (*file)->plan().FindChannel(state.name);
    if (channel != nullptr && channel->kind == PlanChannel::Kind::kSnapshot) {
      outcome.channels.push_back(std::move(state));
    }
  }
  outcome.dead_letters = (*file)->dead_letters().Count().value_or(0);
}

}  // namespace syncd
