// `syncd status`: what is live, what it replaced, what is being built.
#include "syncd/cli/command.h"
#include "syncd/cli/people.h"
#include "syncd/cli/remote.h"
#include "syncd/daemon/maintenance.h"
#include "syncd/report/report.h"

namespace syncd {

int RunStatus(const Arguments& arguments) {
  const auto remote = [&](const ApiClient& daemon) {
    return PrintAnswer(arguments, daemon.Get("/api/status"), PrintStatusForPeople);
  };
  if (const auto code = ByDaemon(arguments, remote)) return *code;
  auto bench = Workbench::Open(arguments, "status", Access::kRead);
  if (!bench.ok()) return Fail(arguments, bench.status());
  auto status = (*bench)->engine().Status();
  if (!status.ok()) return Fail(arguments, status.status());
  LocalStatus local = ReadStateFolder((*bench)->config().state, status->live);
  AddJournal((*bench)->config().state, local);
  AddDiskFinding((*bench)->config().state, local, (*bench)->config().disk.min_free_bytes, *status);
  const std::string json = StatusJson(*status, local);
  arguments.json ? PrintLine(json) : PrintStatusForPeople(json);
  return 0;
}

}  // namespace syncd
