// `syncd plan`: what a sync would do; changes nothing.
#include <indexswap/names.h>

#include "syncd/cli/command.h"
#include "syncd/cli/people.h"
#include "syncd/cli/remote.h"
#include "syncd/report/report.h"

namespace syncd {

int RunPlan(const Arguments& arguments) {
  const auto remote = [&](const ApiClient& daemon) {
    return PrintAnswer(arguments, daemon.Get("/api/plan"), PrintPlanForPeople);
  };
  if (const auto code = ByDaemon(arguments, remote)) return *code;
  auto bench = Workbench::Open(arguments, "plan", Access::kRead);
  if (!bench.ok()) return Fail(arguments, bench.status());
  const auto report = (*bench)->engine().PlanSwap(0);
  if (!report.ok()) return Fail(arguments, report.status());
  std::vector<std::string> indexes;
  for (const PlanFamily& family : (*bench)->plan().families) {
    indexes.push_back(indexswap::IndexName(family.name, report->to));
  }
  const std::string json = PlanJson(*report, indexes);
  arguments.json ? PrintLine(json) : PrintPlanForPeople(json);
  return 0;
}

}  // namespace syncd
