// `syncd prune`: deletes what retention allows, and says for each kept one why.
#include <absl/strings/str_format.h>

#include <algorithm>

#include "syncd/cli/command.h"
#include "syncd/cli/output.h"
#include "syncd/sync/state_files.h"

namespace syncd {
namespace {

// Files of generations that no store has any more go with them.
absl::Status RemoveFiles(const std::string& state, const indexswap::PruneReport& report) {
  for (const uint64_t generation : GenerationsIn(state)) {
    const bool kept =
        std::any_of(report.verdicts.begin(), report.verdicts.end(),
                    [&](const auto& v) { return v.generation == generation && !v.prune; });
    if (kept) continue;
    if (absl::Status s = RemoveGenerationFile(state, generation); !s.ok()) return s;
  }
  return absl::OkStatus();
}

}  // namespace

int RunPrune(const Arguments& arguments) {
  auto bench =
      Workbench::Open(arguments, "prune", arguments.dry_run ? Access::kRead : Access::kWrite);
  if (!bench.ok()) return Fail(arguments, bench.status());
  const auto report = (*bench)->engine().Prune(arguments.dry_run);
  if (!report.ok()) return Fail(arguments, report.status());
  if (!arguments.dry_run) {
    if (absl::Status s = RemoveFiles((*bench)->config().state, *report); !s.ok()) {
      return Fail(arguments, s);
    }
  }
  if (arguments.json) {
    PrintLine(PruneJson(*report, arguments.dry_run));
    return 0;
  }
  for (const indexswap::RetentionVerdict& verdict : report->verdicts) {
    PrintLine(absl::StrFormat("generation %d: %s: %s", verdict.generation,
                              !verdict.prune      ? "kept"
                              : arguments.dry_run ? "would be deleted"
                                                  : "deleted",
                              verdict.reason));
  }
  return 0;
}

}  // namespace syncd
