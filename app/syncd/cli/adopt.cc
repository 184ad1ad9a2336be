// `syncd adopt`: takes over indexes that another program made; and, as a second step, their names.
#include "syncd/sync/adopt.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "syncd/cli/cli.h"
#include "syncd/cli/command.h"
#include "syncd/cli/foreground.h"
#include "syncd/cli/people.h"
#include "syncd/cli/remote.h"
#include "syncd/report/report.h"
#include "syncd/sync/announce.h"
#include "syncd/sync/channel_gates.h"
#include "syncd/sync/runner.h"
#include "syncd/wiring.h"

namespace syncd {
namespace {

namespace json = boost::json;

absl::Status NothingConfirmed() {
  return AsUsage(absl::InvalidArgumentError(
      "--take-names deletes concrete indexes, so each is to be named: --confirm NAME says that "
      "nobody reads or writes by that name any more; `syncd status` shows which are pending"));
}

// The gates of --take-names are judged with it.
absl::Status CheckAdoptOverrides(const Arguments& arguments) {
  if (arguments.take_names) return absl::OkStatus();
  const absl::Status s = CheckOverridesOfBuild(arguments.overrides);
  return s.ok() ? s : AsUsage(s);
}

int TakeNamesByDaemon(const Arguments& arguments, const ApiClient& daemon) {
  const json::object body{
      {"take_names", json::array(arguments.confirmed.begin(), arguments.confirmed.end())},
      {"override", json::array(arguments.overrides.begin(), arguments.overrides.end())}};
  const auto answer = daemon.Post("/api/adopt", json::serialize(body));
  return PrintAnswer(arguments, answer, PrintTakenNamesForPeople);
}

int TakeNames(const Arguments& arguments, Workbench& bench) {
  const auto report = bench.engine().TakeNames(arguments.confirmed, arguments.overrides);
  bench.NoteOutcome(report.status());
  if (!report.ok()) return Fail(arguments, report.status());
  const auto sources = QueueSources(bench.config());
  AnnounceSwap(
      bench.plan(), *sources, report->pending,
      [&](indexswap::Observer::Severity severity, const std::string& text) {
        bench.observer().OnNote(severity, text);
      },
      [&](std::string_view step) { bench.observer().OnStep(step); }, [] { return false; });
  const std::string text = TakenNamesJson(*report);
  arguments.json ? PrintLine(text) : PrintTakenNamesForPeople(text);
  return 0;
}

int Adopt(const Arguments& arguments, Workbench& bench) {
  HandleSignals();
  ForegroundHooks hooks(bench.observer());
  SyncRequest request;
  request.source = kAdoptedSource;
  request.adopt = true;
  request.overrides = arguments.overrides;
  const auto sources = QueueSources(bench.config());
  SyncRunner runner({bench.plan(), bench.config(), bench.engine(), bench.journal(), bench.log(),
                     bench.MakeWarm({}), *sources, bench.refused(), hooks});
  const SyncOutcome outcome = runner.Run(request);
  bench.NoteOutcome(outcome.status);
  hooks.printer().Clear();
  const auto status = bench.engine().Status();
  const std::string text = SyncJson(outcome, status.ok() ? &*status : nullptr);
  arguments.json ? PrintLine(text) : PrintSyncForPeople(text);
  if (!outcome.status.ok()) {
    std::fprintf(stderr, "syncd: %s\n", std::string(outcome.status.message()).c_str());
  }
  return static_cast<int>(ExitCodeFor(outcome.status));
}

}  // namespace

int RunAdopt(const Arguments& arguments) {
  if (arguments.take_names && arguments.confirmed.empty()) {
    return Fail(arguments, NothingConfirmed());
  }
  if (const absl::Status s = CheckAdoptOverrides(arguments); !s.ok()) return Fail(arguments, s);
  const auto remote = [&](const ApiClient& daemon) {
    return arguments.take_names ? TakeNamesByDaemon(arguments, daemon)
                                : AdoptByDaemon(arguments, daemon);
  };
  if (const auto code = ByDaemon(arguments, remote)) return *code;
  auto bench = Workbench::Open(arguments, "adopt", Access::kWrite);
  if (!bench.ok()) return Fail(arguments, bench.status());
  return arguments.take_names ? TakeNames(arguments, **bench) : Adopt(arguments, **bench);
}

}  // namespace syncd
