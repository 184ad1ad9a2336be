// `syncd sync`: rebuild and swap, in the foreground.
#include <absl/strings/str_format.h>

#include <filesystem>

#include "syncd/cli/cli.h"
#include "syncd/cli/command.h"
#include "syncd/cli/foreground.h"
#include "syncd/cli/people.h"
#include "syncd/cli/remote.h"
#include "syncd/report/report.h"
#include "syncd/sync/channel_gates.h"
#include "syncd/sync/runner.h"
#include "syncd/sync/state_files.h"
#include "syncd/wiring.h"

namespace syncd {
namespace {

// What the newest file in the state folder received: an estimate of what is to come.
std::optional<uint64_t> RecordsOfLastRun(const std::string& state) {
  const std::vector<uint64_t> generations = GenerationsIn(state);
  for (auto it = generations.rbegin(); it != generations.rend(); ++it) {
    const auto path = std::filesystem::path(state) / GenerationFileName(*it);
    auto file = GenerationFile::OpenReadOnly(path.string());
    if (!file.ok()) continue;
    const auto run = (*file)->ReadRun();
    if (!run.ok() || run->stage != RunStage::kPromoted) continue;
    uint64_t records = 0;
    for (const ChannelState& channel : (*file)->channels()) records += channel.records;
    return records;
  }
  return std::nullopt;
}

}  // namespace

int RunSync(const Arguments& arguments) {
  if (absl::Status s = CheckOverrides(arguments.overrides); !s.ok()) return Fail(arguments, s);
  const auto remote = [&](const ApiClient& daemon) { return SyncByDaemon(arguments, daemon); };
  if (const auto code = ByDaemon(arguments, remote)) return *code;
  auto bench = Workbench::Open(arguments, "sync", Access::kWrite);
  if (!bench.ok()) return Fail(arguments, bench.status());
  HandleSignals();
  ForegroundHooks hooks((*bench)->observer());
  hooks.printer().set_previous(RecordsOfLastRun((*bench)->config().state));
  SyncRequest request;
  request.source = arguments.from ? "files:" + *arguments.from : "queues";
  request.promote = arguments.promote;
  request.overrides = arguments.overrides;
  request.if_state = arguments.if_state;
  const std::unique_ptr<Sources> sources =
      arguments.from ? FileSources(*arguments.from) : QueueSources((*bench)->config());
  SyncRunner runner({(*bench)->plan(), (*bench)->config(), (*bench)->engine(), (*bench)->journal(),
                     (*bench)->log(), (*bench)->MakeWarm({}), *sources, (*bench)->refused(),
                     hooks});
  const SyncOutcome outcome = runner.Run(request);
  (*bench)->NoteOutcome(outcome.status);
  hooks.printer().Clear();
  const auto status = (*bench)->engine().Status();
  const indexswap::ReleaseStatus* known = status.ok() ? &*status : nullptr;
  const std::string json = SyncJson(outcome, known);
  arguments.json ? PrintLine(json) : PrintSyncForPeople(json);
  if (!outcome.status.ok()) {
    std::fprintf(stderr, "syncd: %s\n", std::string(outcome.status.message()).c_str());
  }
  return static_cast<int>(ExitCodeFor(outcome.status));
}

}  // namespace syncd
