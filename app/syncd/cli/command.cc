#include "syncd/cli/command.h"

#include <absl/strings/cord.h>
#include <absl/strings/str_format.h>
#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "syncd/cli/cli.h"
#include "syncd/plan/plan_reader.h"
#include "syncd/readmodel/generation_file.h"
#include "syncd/report/report.h"
#include "syncd/sync/state_disk.h"
#include "syncd/sync/succession.h"
#include "syncd/sync/unknown_outcome.h"
#include "syncd/wiring.h"

namespace syncd {
namespace {

constexpr char kUsagePayload[] = "syncd/usage";

// On a full disk SQLite may speak of an I/O error only.
absl::Status WithRoom(const Config& config, const absl::Status& status) {
  const absl::Status room = LeavesRoom(config.state, config.disk.min_free_bytes);
  if (room.ok()) return status;
  return absl::Status(status.code(), absl::StrFormat("%s; %s", std::string(status.message()),
                                                     std::string(room.message())));
}

absl::Status OpenState(const Config& config, const Plan& plan, std::unique_ptr<Journal>& journal,
                       std::unique_ptr<EventLog>& log) {
  auto opened = Journal::Open(config.state);
  if (!opened.ok()) return opened.status();
  journal = *std::move(opened);
  auto events = EventLog::Open(config.state, plan);
  if (!events.ok()) return events.status();
  log = *std::move(events);
  return absl::OkStatus();
}

}  // namespace

std::string HostName() {
  char name[256] = "";
  if (gethostname(name, sizeof(name) - 1) != 0) return "unknown";
  return name;
}

void QueuesFromEnvironment(const Plan& plan, Config& config) {
  for (const PlanChannel& channel : plan.channels) {
    std::string variable = "SYNCD_QUEUES_" + channel.name;
    for (char& c : variable) {
      c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    if (const char* queue = std::getenv(variable.c_str())) config.queues[channel.name] = queue;
  }
}

absl::Status AsUsage(const absl::Status& status) {
  absl::Status usage = status;
  if (!usage.ok()) usage.SetPayload(kUsagePayload, absl::Cord("1"));
  return usage;
}

bool IsUsage(const absl::Status& status) { return status.GetPayload(kUsagePayload).has_value(); }

ExitCode ExitCodeFor(const absl::Status& status) {
  if (status.ok()) return ExitCode::kDone;
  if (IsUsage(status)) return ExitCode::kUsage;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return ExitCode::kUsage;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return ExitCode::kRefused;
    case absl::StatusCode::kUnknown:
      return ExitCode::kUnknown;
    default:
      return ExitCode::kFailed;
  }
}

int Fail(const Arguments& arguments, const absl::Status& status) {
  if (arguments.json) PrintLine(ErrorJson(status));
  std::fprintf(stderr, "syncd: %s\n", std::string(status.message()).c_str());
  return static_cast<int>(ExitCodeFor(status));
}

void PrintLine(const std::string& line) {
  std::fprintf(stdout, "%s\n", line.c_str());
  std::fflush(stdout);
}

absl::StatusOr<Config> LoadConfig(const Arguments& arguments) {
  auto config = ReadConfig(arguments.config_file,
                           [](const char* name) -> const char* { return std::getenv(name); });
  if (!config.ok()) return AsUsage(config.status());
  return config;
}

absl::StatusOr<Plan> LoadPlan(const Config& config) {
  std::string folder = config.plan;
  if (folder.find('/') == std::string::npos) {
    const auto shipped = ShippedPlanDir(config.plan);
    if (!shipped.ok()) return AsUsage(shipped.status());
    folder = *shipped;
  }
  auto plan = ReadPlan(folder);
  if (!plan.ok()) return AsUsage(plan.status());
  if (const absl::Status views = CheckViews(*plan); !views.ok()) return AsUsage(views);
  return plan;
}

absl::StatusOr<std::unique_ptr<Workbench>> Workbench::Open(const Arguments& arguments,
                                                           const std::string& command,
                                                           Access access) {
  std::unique_ptr<Workbench> bench(new Workbench);
  bench->command_ = command;
  auto config = LoadConfig(arguments);
  if (!config.ok()) return config.status();
  bench->config_ = *std::move(config);
  auto plan = LoadPlan(bench->config_);
  if (!plan.ok()) return plan.status();
  bench->plan_ = *std::move(plan);
  QueuesFromEnvironment(bench->plan_, bench->config_);
  if (access != Access::kRead) {
    auto lock = StateLock::Acquire(bench->config_.state, command);
    if (!lock.ok()) return lock.status();
    bench->lock_ = *std::move(lock);
  }
  if (access == Access::kServe) return bench;
  if (access == Access::kWrite) {
    if (absl::Status s = OpenState(bench->config_, bench->plan_, bench->journal_, bench->log_);
        !s.ok()) {
      return WithRoom(bench->config_, s);
    }
  }
  auto engine = bench->NewEngine("", bench->journal_.get(), bench->log_.get());
  if (!engine.ok()) return engine.status();
  bench->engine_ = *std::move(engine);
  return bench;
}

WarmSet& Workbench::MakeWarm(WarmCallbacks callbacks) {
  callbacks.note = [this](indexswap::Observer::Severity severity, const std::string& text) {
    observer_.OnNote(severity, text);
  };
  callbacks.step = [this](std::string_view step) { observer_.OnStep(step); };
  warm_ = std::make_unique<WarmSet>(config_.state, *engine_, *log_, std::move(callbacks),
                                    config_.bulk.give_up);
  return *warm_;
}

absl::StatusOr<std::unique_ptr<Tenure>> Workbench::NewTenure(const std::string& address) {
  auto tenure = std::make_unique<Tenure>();
  if (absl::Status s = OpenState(config_, plan_, tenure->journal, tenure->log); !s.ok()) return s;
  auto wanted = WantedRuns::Open(config_.state);
  if (!wanted.ok()) return wanted.status();
  tenure->wanted = *std::move(wanted);
  auto engine = NewEngine(address, tenure->journal.get(), tenure->log.get());
  if (!engine.ok()) return engine.status();
  tenure->engine = *std::move(engine);
  return tenure;
}

// Whoever has a journal holds the lock on its folder.
absl::StatusOr<std::unique_ptr<indexswap::Engine>> Workbench::NewEngine(const std::string& address,
                                                                        Journal* journal,
                                                                        EventLog* log) {
  auto store = OpenStore(config_.store);
  if (!store.ok()) return store.status();
  indexswap::EngineOptions options;
  options.owner.address = address;
  options.owner.host = HostName();
  options.owner.pid = getpid();
  options.owner_lock_held = journal != nullptr;
  if (journal != nullptr) {
    options.owner.state_id = journal->state_id();
    options.journal_position = [log] { return log->head(); };
    options.before_epoch = [=, this](const std::optional<indexswap::Lease>& last, uint64_t epoch) {
      return Succeed(last, epoch, config_.state, *journal, *log, [this](const std::string& text) {
        observer_.OnNote(indexswap::Observer::Severity::kWarning, text);
      });
    };
  }
  options.lease = config_.lease;
  options.bulk = config_.bulk;
  options.gates = config_.gates;
  options.retention = config_.retention;
  options.outcome_timeout = config_.store.outcome_timeout;
  auto engine = indexswap::Engine::Open(*std::move(store), plan_.ToReleaseSpec(),
                                        std::move(options), &observer_);
  if (!engine.ok()) return AsUsage(engine.status());
  return engine;
}

Workbench::~Workbench() { End(); }

void Workbench::NoteOutcome(const absl::Status& status) {
  unknown_outcome_ = status.code() == absl::StatusCode::kUnknown;
  if (unknown_outcome_) KeepUnknownOutcome(config_.state, command_, status);
}

void Workbench::End() {
  warm_.reset();  // writes through the engine
  if (!engine_) return;
  if (engine_->CheckLease().ok() && !unknown_outcome_) ForgetUnknownOutcome(config_.state);
  if (const absl::Status s = engine_->ReleaseLease(); !s.ok()) {
    observer_.OnNote(indexswap::Observer::Severity::kWarning,
                     "the lease was not given back: " + std::string(s.message()));
  }
}

}  // namespace syncd
