// `syncd status`: what is live, what it replaced, what is being built.
#include <absl/strings/str_format.h>

#include "syncd/cli/command.h"
#include "syncd/cli/people.h"
#include "syncd/cli/remote.h"
#include "syncd/daemon/maintenance.h"
#include "syncd/report/report.h"
#include "syncd/sync/unknown_outcome.h"

namespace syncd {

namespace {

// A status is wanted most when something is wrong: what the state folder knows is told all the
// same.
int FailWithoutStore(const Arguments& arguments, const absl::Status& status) {
  const auto config = LoadConfig(arguments);
  const std::string open = config.ok() ? UnknownOutcome(config->state) : "";
  if (open.empty()) return Fail(arguments, status);
  return Fail(
      arguments,
      absl::Status(status.code(), absl::StrFormat("%s; %s", open, std::string(status.message()))));
}

}  // namespace

int RunStatus(const Arguments& arguments) {
  const auto remote = [&](const ApiClient& daemon) {
    return PrintAnswer(arguments, daemon.Get("/api/status"), PrintStatusForPeople);
  };
  if (const auto code = ByDaemon(arguments, remote)) return *code;
  auto bench = Workbench::Open(arguments, "status", Access::kRead);
  if (!bench.ok()) return FailWithoutStore(arguments, bench.status());
  auto status = (*bench)->engine().Status();
  if (!status.ok()) return FailWithoutStore(arguments, status.status());
  LocalStatus local = ReadStateFolder((*bench)->config().state, status->live);
  AddJournal((*bench)->config().state, local);
  AddDiskFinding((*bench)->config().state, local, (*bench)->config().disk.min_free_bytes, *status);
  const std::string json = StatusJson(*status, local);
  arguments.json ? PrintLine(json) : PrintStatusForPeople(json);
  return 0;
}

}  // namespace syncd
