// `syncd status`: what is live, what it replaced, what is being built.
#include <absl/strings/str_format.h>

#include <filesystem>

#include "syncd/cli/command.h"
#include "syncd/cli/output.h"
#include "syncd/sync/state_files.h"

namespace syncd {
namespace {

LocalStatus ReadLocal(const std::string& state, const indexswap::ReleaseStatus& status) {
  LocalStatus local;
  for (const uint64_t generation : GenerationsIn(state)) {
    const auto path = std::filesystem::path(state) / GenerationFileName(generation);
    auto file = GenerationFile::OpenReadOnly(path.string());
    if (!file.ok()) continue;
    local.dead_letters += (*file)->dead_letters().Count().value_or(0);
    const auto run = (*file)->ReadRun();
    if (!run.ok() || status.live == generation) continue;
    if (run->stage != RunStage::kReceiving && run->stage != RunStage::kLoading) continue;
    local.run = generation;
    local.run_stage = RunStageName(run->stage);
    local.channels = (*file)->channels();
  }
  return local;
}

void PrintForPeople(const indexswap::ReleaseStatus& status, const LocalStatus& local) {
  const auto number = [](const std::optional<uint64_t>& n) {
    return n ? absl::StrFormat("%d", *n) : std::string("none");
  };
  PrintLine(status.store);
  PrintLine(absl::StrFormat("live %s, previous %s, building %s", number(status.live),
                            number(status.previous), number(status.building)));
  for (const auto& generation : status.generations) {
    PrintLine(absl::StrFormat("generation %d: %s%s", generation.generation, generation.state,
                              generation.meta && !generation.meta->reason.empty()
                                  ? " (" + generation.meta->reason + ")"
                                  : ""));
    for (const auto& index : generation.indexes) {
      PrintLine(absl::StrFormat("  %-32s %10d documents %12d bytes", index.name,
                                index.documents.value_or(0), index.bytes));
    }
  }
  for (const auto& alias : status.aliases) {
    PrintLine(absl::StrFormat("alias %-24s %-28s %10d documents%s", alias.name,
                              alias.index.empty() ? "nowhere" : alias.index,
                              alias.documents.value_or(0), alias.pending ? " (pending)" : ""));
  }
  for (const std::string& finding : status.findings) PrintLine("! " + finding);
  if (local.run) PrintLine(absl::StrFormat("run %d: %s", *local.run, local.run_stage));
  for (const ChannelState& channel : local.channels) {
    if (channel.messages == 0 && channel.starts == 0) continue;
    PrintLine(absl::StrFormat("  channel %-24s %10d records, %d rejected%s", channel.name,
                              channel.records, channel.rejected, channel.ended ? ", ended" : ""));
  }
  if (status.lease && status.lease->record && !status.lease->record->free) {
    PrintLine(absl::StrFormat("the writer is host %s, pid %d", status.lease->record->owner.host,
                              status.lease->record->owner.pid));
  }
  if (local.dead_letters > 0) {
    PrintLine(absl::StrFormat("%d dead letters: `syncd dead-letters list`", local.dead_letters));
  }
}

}  // namespace

int RunStatus(const Arguments& arguments) {
  auto bench = Workbench::Open(arguments, "status", Access::kRead);
  if (!bench.ok()) return Fail(arguments, bench.status());
  const auto status = (*bench)->engine().Status();
  if (!status.ok()) return Fail(arguments, status.status());
  const LocalStatus local = ReadLocal((*bench)->config().state, *status);
  if (arguments.json) {
    PrintLine(StatusJson(*status, local));
  } else {
    PrintForPeople(*status, local);
  }
  return 0;
}

}  // namespace syncd
