// `syncd rollback`: the aliases back to the previous generation, or a given one.
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "syncd/cli/command.h"
#include "syncd/cli/people.h"
#include "syncd/cli/remote.h"
#include "syncd/report/report.h"

namespace syncd {
namespace {

// Whatever has a file is brought up to date from the journal while this goes on.
absl::Status Adopt(Workbench& bench, WarmSet& warm) {
  if (absl::Status s = bench.engine().TakeLease(); !s.ok()) return s;
  const auto status = bench.engine().Status();
  if (!status.ok()) return status.status();
  return warm.Adopt(*status);
}

}  // namespace

int RunRollback(const Arguments& arguments) {
  const auto remote = [&](const ApiClient& daemon) {
    boost::json::object body{{"accept_loss", arguments.accept_loss}};
    if (arguments.to) body["to"] = *arguments.to;
    const auto answer = daemon.Post("/api/rollback", boost::json::serialize(body));
    return PrintAnswer(arguments, answer, PrintRollbackForPeople);
  };
  if (const auto code = ByDaemon(arguments, remote)) return *code;
  auto bench = Workbench::Open(arguments, "rollback", Access::kWrite);
  if (!bench.ok()) return Fail(arguments, bench.status());
  WarmSet& warm = (*bench)->MakeWarm({});
  if (const absl::Status s = Adopt(**bench, warm); !s.ok()) return Fail(arguments, s);
  RollbackLoss loss;
  const auto told = [&](const RollbackLoss& found) {
    loss = found;
    if (!arguments.json) PrintLine(found.Describe());
  };
  const RollbackRequest request{arguments.to, arguments.accept_loss,
                                (*bench)->config().sync.pause_max};
  const auto report =
      RollBack((*bench)->engine(), warm, (*bench)->log(), (*bench)->config().state, request, told);
  (*bench)->NoteOutcome(report.status());
  if (!report.ok()) return Fail(arguments, report.status());
  const std::string json = RollbackJson(*report, loss);
  arguments.json ? PrintLine(json) : PrintRollbackForPeople(json);
  return 0;
}

}  // namespace syncd
