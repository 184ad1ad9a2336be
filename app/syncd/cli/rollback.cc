// `syncd rollback`: the aliases back to the previous generation, or a given one.
#include "syncd/sync/rollback.h"

#include <indexswap/inspector.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "syncd/cli/command.h"
#include "syncd/cli/people.h"
#include "syncd/cli/remote.h"
#include "syncd/report/report.h"
#include "syncd/sync/event_facts.h"
#include "syncd/sync/expected_state.h"

namespace syncd {
namespace {

// Whatever has a file is brought up to date from the journal while this goes on.
absl::Status Adopt(Workbench& bench, WarmSet& warm) {
  if (absl::Status s = bench.engine().TakeLease(); !s.ok()) {
    return indexswap::RefusedByBlock(s);
  }
  const auto status = bench.engine().Status();
  if (!status.ok()) return status.status();
  return warm.Adopt(*status);
}

int RollbackByDaemon(const Arguments& arguments, const ApiClient& daemon) {
  boost::json::object body{{"accept_loss", arguments.accept_loss}};
  if (arguments.dry_run) body["dry_run"] = true;  // which an older daemon refuses, and does nothing
  if (arguments.to) body["to"] = *arguments.to;
  if (arguments.if_state) body["if_state"] = *arguments.if_state;
  return PrintAnswer(arguments, daemon.Post("/api/rollback", boost::json::serialize(body)),
                     PrintRollbackForPeople);
}

// Only looks: without the state folder's lock, and without the lease.
int Preview(const Arguments& arguments) {
  auto bench = Workbench::Open(arguments, "rollback", Access::kRead);
  if (!bench.ok()) return Fail(arguments, bench.status());
  const std::string& state_dir = (*bench)->config().state;
  const auto facts = [&](const indexswap::ReleaseStatus& status) {
    return ReadEventFacts(state_dir, status);
  };
  const RollbackRequest request{arguments.to, arguments.accept_loss, arguments.if_state};
  const auto preview =
      PreviewRollback((*bench)->engine(), request, state_dir, facts, (*bench)->plan());
  if (!preview.ok()) return Fail(arguments, preview.status());
  const std::string json = RollbackPreviewJson(*preview);
  arguments.json ? PrintLine(json) : PrintRollbackForPeople(json);
  return 0;
}

}  // namespace

int RunRollback(const Arguments& arguments) {
  const auto remote = [&](const ApiClient& daemon) { return RollbackByDaemon(arguments, daemon); };
  if (const auto code = ByDaemon(arguments, remote)) return *code;
  if (arguments.dry_run) return Preview(arguments);
  auto bench = Workbench::Open(arguments, "rollback", Access::kWrite);
  if (!bench.ok()) return Fail(arguments, bench.status());
  // Before the lease is taken, so that nothing at all is done; the state once more under it.
  if (absl::Status s = CheckStateNow((*bench)->engine(), arguments.if_state); !s.ok()) {
    return Fail(arguments, s);
  }
  if (absl::Status s = StopsRollback((*bench)->engine(), arguments.to); !s.ok()) {
    return Fail(arguments, s);
  }
  WarmSet& warm = (*bench)->MakeWarm({});
  if (const absl::Status s = Adopt(**bench, warm); !s.ok()) return Fail(arguments, s);
  RollbackLoss loss;
  const auto told = [&](const RollbackLoss& found) {
    loss = found;
    if (!arguments.json) PrintLine(found.Describe());
  };
  const RollbackRequest request{arguments.to, arguments.accept_loss, arguments.if_state,
                                (*bench)->config().sync.pause_max};
  const RollbackTools tools{(*bench)->engine(), warm, (*bench)->log(), (*bench)->plan(),
                            (*bench)->config().state};
  const auto report = RollBack(tools, request, told);
  (*bench)->NoteOutcome(report.status());
  if (!report.ok()) return Fail(arguments, report.status());
  const std::string json = RollbackJson(*report, loss);
  arguments.json ? PrintLine(json) : PrintRollbackForPeople(json);
  return 0;
}

}  // namespace syncd
