// `syncd plan`: what a sync would do; changes nothing.
#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include "syncd/cli/command.h"
#include "syncd/cli/output.h"

namespace syncd {

int RunPlan(const Arguments& arguments) {
  auto bench = Workbench::Open(arguments, "plan", Access::kRead);
  if (!bench.ok()) return Fail(arguments, bench.status());
  const auto report = (*bench)->engine().PlanSwap(0);
  if (!report.ok()) return Fail(arguments, report.status());
  std::vector<std::string> indexes;
  for (const PlanFamily& family : (*bench)->plan().families) {
    indexes.push_back(indexswap::IndexName(family.name, report->to));
  }
  if (arguments.json) {
    PrintLine(PlanJson(*report, indexes));
    return 0;
  }
  for (const std::string& index : indexes) PrintLine("create " + index);
  for (const indexswap::AliasAction& action : report->actions) {
    PrintLine(indexswap::Describe(action));
  }
  for (const std::string& alias : report->pending) {
    PrintLine(absl::StrFormat("leave %s as it is: a concrete index has its name", alias));
  }
  PrintLine("in one request: " + report->request);
  return 0;
}

}  // namespace syncd
