// `syncd rollback`: the aliases back to the previous generation, or a given one.
#include <absl/strings/str_format.h>

#include "syncd/cli/command.h"
#include "syncd/cli/output.h"

namespace syncd {

int RunRollback(const Arguments& arguments) {
  auto bench = Workbench::Open(arguments, "rollback", Access::kWrite);
  if (!bench.ok()) return Fail(arguments, bench.status());
  const auto report = (*bench)->engine().Rollback(arguments.to);
  if (!report.ok()) return Fail(arguments, report.status());
  if (arguments.json) {
    PrintLine(RollbackJson(*report));
    return 0;
  }
  if (report->actions.empty()) {
    PrintLine(absl::StrFormat("generation %d is live already", report->to));
    return 0;
  }
  for (const std::string& alias : report->pending) {
    PrintLine(absl::StrFormat("alias %s is pending: a concrete index has its name", alias));
  }
  PrintLine(
      absl::StrFormat("generation %d is live again instead of %d; %d alias actions in one "
                      "request, %.1f ms",
                      report->to, report->from, report->actions.size(),
                      static_cast<double>(report->swap.count()) / 1000));
  return 0;
}

}  // namespace syncd
