// `syncd doctor`: looks at everything that a sync needs; changes nothing, and takes no lease.
#include <absl/strings/str_format.h>

#include "syncd/cli/cli.h"
#include "syncd/cli/command.h"
#include "syncd/doctor/checks.h"
#include "syncd/doctor/gather.h"
#include "syncd/wiring.h"

namespace syncd {
namespace {

// `queue.consumers` → `queue`.
std::string GroupOf(const Finding& finding) {
  return finding.check.substr(0, finding.check.find('.'));
}

std::string VerdictOf(const Findings& findings) {
  const size_t errors = findings.Count(Severity::kError);
  const size_t warnings = findings.Count(Severity::kWarning);
  const std::string counts = absl::StrFormat("%d errors, %d warnings", errors, warnings);
  return findings.StopsSync() ? "a sync would be stopped: " + counts
                              : "nothing found that would stop a sync: " + counts;
}

void PrintForPeople(const Findings& findings) {
  std::string group;
  for (const Finding& finding : findings.list()) {
    if (const std::string next = GroupOf(finding); next != group) {
      PrintLine(group.empty() ? next : "\n" + next);
      group = next;
    }
    PrintLine(absl::StrFormat("  %-7s  %s: %s", std::string(SeverityName(finding.severity)),
                              finding.check, finding.what));
    if (!finding.remedy.empty()) PrintLine("           remedy: " + finding.remedy);
  }
  PrintLine("\n" + VerdictOf(findings));
}

void Look(Facts& facts) {
  const auto sources = QueueSources(facts.config);
  const auto broker = facts.config.amqp.url.empty() ? nullptr : InspectBroker(facts.config);
  const auto sqs = InspectSqs(facts.config);
  GatherTools tools;
  tools.open_store = [&] { return OpenExistingStore(facts.config.store); };
  tools.broker = broker.get();
  tools.sqs = sqs.get();
  tools.check_queues = [&](const Plan& plan) { return sources->Check(plan); };
  tools.queue_of = [&](const PlanChannel& channel) { return QueueOf(facts.config, channel); };
  Gather(tools, facts);
}

}  // namespace

int RunDoctor(const Arguments& arguments) {
  Facts facts;
  facts.config_file = arguments.config_file;
  auto config = LoadConfig(arguments);
  facts.config_read = config.status();
  if (config.ok()) {
    facts.config = *std::move(config);
    auto plan = LoadPlan(facts.config);
    facts.plan_read = plan.status();
    if (plan.ok()) {
      facts.plan = *std::move(plan);
      QueuesFromEnvironment(facts.plan, facts.config);
      Look(facts);
    }
  }
  const Findings findings = Examine(facts);
  arguments.json ? PrintLine(DoctorJson(findings)) : PrintForPeople(findings);
  return static_cast<int>(findings.StopsSync() ? ExitCode::kFailed : ExitCode::kDone);
}

}  // namespace syncd
