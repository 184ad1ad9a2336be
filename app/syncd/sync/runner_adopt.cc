// A run whose snapshot is another program's indexes.
#include <absl/strings/str_format.h>
#include <indexswap/inspector.h>

#include <chrono>

#include "syncd/sync/adopt.h"
#include "syncd/sync/runner.h"

namespace syncd {
namespace {

using std::chrono::steady_clock;

double SecondsSince(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

absl::Status SyncRunner::Adopt(const SyncRequest& request, SyncOutcome& outcome) {
  if (plan_.hydrate_file.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "plan %s has no `hydrate`, which turns documents back into records: nothing can be adopted "
        "with it",
        plan_.name));
  }
  // Refuses before anything is written.
  if (const auto planned = engine_.PlanAdoption(); !planned.ok()) return planned.status();
  if (absl::Status s = JudgeRoom(request, outcome); !s.ok()) return s;
  if (absl::Status s = engine_.TakeLease(); !s.ok()) return indexswap::RefusedByBlock(s);
  const auto status = engine_.Status();
  if (!status.ok()) return status.status();
  if (absl::Status s = warm_.Adopt(*status); !s.ok()) return s;
  // What was cut off is of a moment that is over: the indexes can be read again.
  if (absl::Status s = CleanUp(*status, 0); !s.ok()) return s;
  const auto start = steady_clock::now();
  const int64_t started_at_ms = NowMs();
  const auto plan = engine_.PlanAdoption();
  if (!plan.ok()) return plan.status();
  auto build = engine_.BeginAdoption(plan->adoption, {request.overrides});
  if (!build.ok()) return build.status();
  outcome.generation = (*build)->generation();
  RunInfo run;
  run.stage = RunStage::kLoading;
  run.build_id = (*build)->meta().build_id;
  run.plan_hash = plan_.hash;
  run.source = kAdoptedSource;
  run.started_at_ms = started_at_ms;
  absl::Status adopted = ReadIntoFile(*plan, run, **build, outcome);
  outcome.receive_s = SecondsSince(start);
  if (adopted.ok()) {
    auto file = GenerationFile::Open(PathOf(outcome.generation), durability());
    adopted = file.status();
    if (file.ok()) {
      warm_.Add(outcome.generation, false);
      adopted = LoadAndSeal(**file, run, **build, outcome);
      if (adopted.ok()) {
        outcome.build_s = SecondsSince(start);
        return Promote(file->get(), request, outcome);
      }
      SetStage(**file, run, RunStage::kFailed).IgnoreError();
    }
  }
  GiveUp(outcome.generation, std::string(adopted.message())).IgnoreError();
  return adopted;
}

absl::Status SyncRunner::ReadIntoFile(const indexswap::AdoptionPlan& plan, RunInfo& run,
                                      const indexswap::Build& build, SyncOutcome& outcome) {
  const auto cursor = log_.PositionAt(run.started_at_ms - config_.sync.overlap.count());
  if (!cursor.ok()) return cursor.status();
  run.event_cursor = *cursor;
  const auto read =
      ReadAdopted(engine_, plan_, plan, build.generation(), PathOf(build.generation()), run, hooks_,
                  [this] { return KeepRoom(); });
  if (!read.ok()) return read.status();
  outcome.gates = {JudgeRead(plan, *read)};
  return absl::OkStatus();
}

}  // namespace syncd
