// `syncd prune`: deletes what retention allows, and says for each kept one why.
#include "syncd/cli/command.h"
#include "syncd/cli/people.h"
#include "syncd/cli/remote.h"
#include "syncd/daemon/maintenance.h"
#include "syncd/report/report.h"

namespace syncd {

int RunPrune(const Arguments& arguments) {
  const auto remote = [&](const ApiClient& daemon) {
    const char* body = arguments.dry_run ? R"({"dry_run":true})" : R"({"dry_run":false})";
    return PrintAnswer(arguments, daemon.Post("/api/prune", body), PrintPruneForPeople);
  };
  if (const auto code = ByDaemon(arguments, remote)) return *code;
  auto bench =
      Workbench::Open(arguments, "prune", arguments.dry_run ? Access::kRead : Access::kWrite);
  if (!bench.ok()) return Fail(arguments, bench.status());
  const auto pruned =
      PruneAll((*bench)->engine(), nullptr, (*bench)->config().state, arguments.dry_run);
  if (!pruned.ok()) return Fail(arguments, pruned.status());
  const std::string json = PruneJson(*pruned, arguments.dry_run);
  arguments.json ? PrintLine(json) : PrintPruneForPeople(json);
  return 0;
}

}  // namespace syncd
