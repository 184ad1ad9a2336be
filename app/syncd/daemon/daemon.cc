#include "syncd/daemon/daemon.h"

#include <absl/strings/str_format.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "syncd/daemon/maintenance.h"
#include "syncd/daemon/outages.h"
#include "syncd/readmodel/generation_file.h"
#include "syncd/sync/adopt.h"
#include "syncd/sync/announce.h"
#include "syncd/sync/hydrate_live.h"
#include "syncd/sync/state_files.h"
#include "syncd/sync/unknown_outcome.h"

namespace syncd {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr auto kInfo = indexswap::Observer::Severity::kInfo;
constexpr auto kWarning = indexswap::Observer::Severity::kWarning;
constexpr auto kError = indexswap::Observer::Severity::kError;

constexpr char kQueues[] = "queues";

constexpr milliseconds kLook{100};
constexpr std::chrono::seconds kHouseKeeping{5};
constexpr std::chrono::seconds kPruning{60};

std::string Text(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

Daemon::Daemon(const DaemonTools& tools, Config config, std::optional<Schedule> every)
    : tools_(tools),
      every_(std::move(every)),
      state_(config.state),
      folder_(config.state),
      config_(std::move(config)),
      sources_(QueueSources(config_)) {
  WarmCallbacks warm;
  warm.note = tools_.note;
  warm.step = tools_.step;
  warm.lost = [this](const absl::Status& status) {
    const std::lock_guard lock(mutex_);
    if (lost_.ok()) lost_ = status;
  };
  warm_ = std::make_unique<WarmSet>(state_, tools_.engine, tools_.log, std::move(warm),
                                    config_.bulk.give_up);
  worker_ = std::make_unique<RunWorker>(
      [this](const SyncRequest& request, RunHooks& hooks) { return Work(request, hooks); },
      RunWorker::Callbacks{
          tools_.note, tools_.step,
          [this](const SyncOutcome& outcome, bool cancelled) { Done(outcome, cancelled); }});
}

Daemon::~Daemon() { Stop(); }

Config Daemon::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

absl::Status Daemon::Start() {
  if (absl::Status s = sources_->Check(tools_.plan); !s.ok()) return s;
  if (absl::Status s = tools_.engine.TakeLease(); !s.ok()) return s;
  ForgetUnknownOutcome(state_);
  const auto status = ReadStatus();
  if (!status.ok()) return status.status();
  if (absl::Status s = CheckLiveFile(state_, status->live); !s.ok()) return s;
  if (status->live == 0u) {
    tools_.note(kWarning,
                "the aliases are where they were before the adoption: live events are kept, and "
                "not acknowledged; `rollback --to N` goes forward again");
  }
  if (absl::Status s = TakeUpLive(*status, ToolsOfHydration()); !s.ok()) return s;
  if (HasLostLive(*status, state_)) {
    if (absl::Status s = Hydrate(*status); !s.ok()) return s;
  }
  if (absl::Status s = warm_->Adopt(*status); !s.ok()) return s;
  StartIntakes();
  GoOn(*status);
  housekeeper_ = std::thread([this] { KeepHouse(); });
  const std::lock_guard lock(mutex_);
  started_ = true;
  return absl::OkStatus();
}

void Daemon::StartIntakes() {
  for (const PlanChannel& channel : tools_.plan.channels) {
    if (channel.kind != PlanChannel::Kind::kEvents) continue;
    if (!sources_->HasQueue(channel)) {
      tools_.note(kInfo, absl::StrFormat("channel %s has no queue and is not read; [queues] %s "
                                         "would name one",
                                         channel.name, channel.name));
      continue;
    }
    IntakeCallbacks callbacks;
    callbacks.journalled = [this] { warm_->Wake(); };
    callbacks.acknowledged = [this]() -> std::optional<uint64_t> {
      // Whoever has slept may have answers of a time when it still was the writer.
      if (!tools_.engine.ConfirmLease().ok()) return std::nullopt;
      return Acknowledged();
    };
    callbacks.note = tools_.note;
    callbacks.step = tools_.step;
    intakes_.push_back(std::make_unique<ChannelIntake>(
        channel.name, [this, &channel] { return sources_->Make(channel); }, tools_.log,
        std::move(callbacks)));
  }
}

// Goes on with a run that was cut off, or was asked for and has not begun.
void Daemon::GoOn(const indexswap::ReleaseStatus& status) {
  const std::optional<uint64_t> live = status.live;
  SyncRequest request;
  request.source = kQueues;
  std::optional<uint64_t> run = CutOffRun(state_, tools_.plan, live);
  if (live) NoteSwap(*live, PendingOf(status));
  const auto wanted = tools_.wanted.Get();
  // Numbers only rise, and a build that had to be begun anew has a higher one than was told.
  const bool done = wanted.ok() && *wanted && live &&
                    ((*wanted)->promote ? *live == (*wanted)->run : *live >= (*wanted)->run);
  if (done) {
    tools_.wanted.Forget().IgnoreError();  // cut off just behind its swap
  } else if (wanted.ok() && *wanted) {
    request.promote = (*wanted)->promote;
    request.overrides = (*wanted)->overrides;
    run = request.promote ? request.promote : run.value_or(tools_.engine.NextGeneration());
  }
  if (run) worker_->Start(*run, request);
}

// Notes a swap that a process did not live to note, and tells of it.
void Daemon::NoteSwap(uint64_t live, const std::vector<std::string>& pending) {
  const auto path = std::filesystem::path(state_) / GenerationFileName(live);
  auto file = GenerationFile::Open(path.string(), Durability::kFull);
  if (!file.ok()) return;
  auto run = (*file)->ReadRun();
  if (!run.ok() || !MayHaveGoneLive(run->stage)) return;
  run->stage = RunStage::kPromoted;
  const auto note = [this](Severity severity, const std::string& text) {
    tools_.note(severity, text);
  };
  if (run->source == kQueues || run->source == kAdoptedSource) {
    AnnounceSwap(tools_.plan, *sources_, pending, note, tools_.step, [] { return false; });
  }
  if (const absl::Status s = (*file)->WriteRun(*run); !s.ok()) tools_.note(kWarning, Text(s));
}

absl::Status Daemon::Wait(const std::function<bool()>& stopping) {
  while (!stopping()) {  // not under the lock: it may reload
    std::unique_lock lock(mutex_);
    if (!lost_.ok()) return lost_;
    stop_changed_.wait_for(lock, kLook);
  }
  return absl::OkStatus();
}

void Daemon::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    started_ = false;
    stop_changed_.notify_all();
  }
  if (housekeeper_.joinable()) housekeeper_.join();
  worker_->Stop();
  intakes_.clear();  // before the warm ones: what is answered for meanwhile is acknowledged
  warm_.reset();
}

void Daemon::Reload(const Config& config) {
  const std::lock_guard lock(mutex_);
  config_.sync = config.sync;
  config_.rejected = config.rejected;
  config_.disk = config.disk;
  config_.keep_dead_letters = config.keep_dead_letters;
}

SyncOutcome Daemon::Work(const SyncRequest& request, RunHooks& hooks) {
  const Config config = this->config();
  const std::unique_ptr<Sources> sources = QueueSources(config);
  SyncRunner runner({tools_.plan, config, tools_.engine, tools_.journal, tools_.log, *warm_,
                     *sources, tools_.refused, hooks});
  OutageTools outage;
  outage.run = [&] { return runner.Run(request); };
  outage.goes_on = [&](const SyncOutcome& outcome) {
    // Nothing was begun, nothing but a swap was to be done, or what was begun is kept.
    return outcome.generation == 0 || request.promote ||
           CutOffRun(state_, tools_.plan, std::nullopt) == outcome.generation;
  };
  outage.now = steady_clock::now;
  outage.pause = [](milliseconds pause) { std::this_thread::sleep_for(pause); };
  return RunThroughOutages(outage, config.bulk.give_up, hooks);
}

void Daemon::Done(const SyncOutcome& outcome, bool cancelled) {
  if (outcome.status.ok()) {
    tools_.note(kInfo, absl::StrFormat("generation %d is live; built in %.1f s, swapped in %.1f ms",
                                       outcome.generation, outcome.build_s, outcome.swap_ms));
  } else {
    tools_.note(kError, absl::StrFormat("the sync has ended without a swap (%s): %s", outcome.state,
                                        Text(outcome.status)));
  }
  NoteOutcome("sync", outcome.status);
  if (outcome.status.code() == absl::StatusCode::kAborted) {
    const std::lock_guard lock(mutex_);
    if (lost_.ok()) lost_ = outcome.status;
  }
  if (cancelled && outcome.generation != 0 && !outcome.status.ok()) {
    const absl::Status s =
        AbandonGeneration(tools_.engine, *warm_, state_, outcome.generation, "cancelled");
    if (!s.ok()) tools_.note(kWarning, Text(s));
  }
  // One that only this process's end has interrupted is gone on with by the next.
  const bool goes_on = outcome.status.code() == absl::StatusCode::kCancelled && !cancelled;
  if (!goes_on) tools_.wanted.Forget().IgnoreError();
  const std::lock_guard lock(mutex_);
  status_.reset();
}

// Begins a run, or finds the one under way: its number, and whether it was.
absl::StatusOr<std::pair<uint64_t, bool>> Daemon::Begin(const SyncRequest& request) {
  std::optional<uint64_t> live;
  {
    const std::lock_guard lock(mutex_);
    if (!started_) return absl::UnavailableError("the daemon is not ready, or is stopping");
    if (status_) live = status_->live;
  }
  if (absl::Status s = tools_.engine.ConfirmLease(); !s.ok()) return s;
  uint64_t run = tools_.engine.NextGeneration();
  if (request.promote) {
    run = *request.promote;
  } else if (request.adopt) {
    // Begun anew by whoever asks again: what was read is of a moment that is over.
    if (const auto view = worker_->view()) return std::pair(view->run, true);
    if (absl::Status s = JudgeRoom(request); !s.ok()) return s;
    if (const auto under_way = worker_->Start(run, request)) return std::pair(*under_way, true);
    return std::pair(run, false);
  }
  const auto cut_off = request.promote ? std::nullopt : CutOffRun(state_, tools_.plan, live);
  if (cut_off) run = *cut_off;
  if (const auto view = worker_->view()) return std::pair(view->run, true);
  if (!request.promote && !cut_off) {
    if (absl::Status s = JudgeRoom(request); !s.ok()) return s;
  }
  const std::lock_guard begins(begins_);
  // On the disk before the answer: whoever was told that it runs need not ask again.
  absl::Status kept = tools_.wanted.Keep({run, request.promote, request.overrides});
  if (!kept.ok()) return OfFolder(kept);
  if (const auto under_way = worker_->Start(run, request)) return std::pair(*under_way, true);
  return std::pair(run, false);
}

absl::StatusOr<indexswap::ReleaseStatus> Daemon::ReadStatus() {
  auto status = tools_.engine.Status();
  const std::lock_guard lock(mutex_);
  if (status.ok()) status_ = *status;
  return status;
}

void Daemon::KeepHouse() {
  std::optional<system_clock::time_point> next;
  if (every_) next = every_->Next(system_clock::now());
  auto kept_at = steady_clock::now();
  auto prune_at = kept_at;
  std::unique_lock lock(mutex_);
  while (!stop_) {
    stop_changed_.wait_for(lock, kLook * 5);
    if (stop_) return;
    lock.unlock();
    CheckFolder();
    SettleOutcome();
    Revive();
    if (const absl::Status lease = tools_.engine.CheckLease(); !lease.ok()) {
      const std::lock_guard noting(mutex_);
      if (lost_.ok()) lost_ = absl::AbortedError(Text(lease));
    }
    if (next && system_clock::now() >= *next) {
      SyncRequest request;
      request.source = kQueues;
      const auto begun = Begin(request);
      tools_.note(begun.ok() ? kInfo : kWarning,
                  begun.ok() ? absl::StrFormat("time for a sync: run %d", begun->first)
                             : "time for a sync, but: " + Text(begun.status()));
      next = every_->Next(system_clock::now());
    }
    if (steady_clock::now() - kept_at >= kHouseKeeping) {
      KeepHouseOnce();
      kept_at = steady_clock::now();
    }
    if (steady_clock::now() >= prune_at) {
      PruneByItself();
      prune_at = steady_clock::now() + kPruning;
    }
    lock.lock();
  }
}

void Daemon::KeepHouseOnce() {
  {
    // What the live generation may still need would go.
    const std::lock_guard lock(mutex_);
    if (outcome_is_open_) return;
  }
  const Config config = this->config();
  absl::Status s = TrimJournal(tools_.log, *warm_, config.sync.overlap, config.keep_dead_letters);
  if (s.ok()) {
    const int64_t now = absl::ToUnixMillis(absl::Now());
    s = tools_.log.ExpireDeadLetters(now - config.keep_dead_letters.count()).status();
  }
  if (!s.ok()) tools_.note(kWarning, "housekeeping: " + Text(s));
}

}  // namespace syncd
