// `syncd dead-letters list | show | retry | drop`: what could not become a record or a document.
#include <absl/strings/str_format.h>

#include <optional>

#include "syncd/cli/command.h"
#include "syncd/cli/people.h"
#include "syncd/cli/remote.h"
#include "syncd/daemon/maintenance.h"
#include "syncd/report/report.h"

namespace syncd {
namespace {

constexpr char kPath[] = "/api/dead-letters";

absl::StatusOr<DeadLetterIdParts> ParseId(const std::string& text) {
  if (const auto parts = ParseDeadLetterId(text)) return *parts;
  return AsUsage(absl::InvalidArgumentError(absl::StrFormat(
      "\"%s\" is no dead letter's id; `dead-letters list` shows them, such as 13-1", text)));
}

void PrintNothing(const std::string&) {}

}  // namespace

int RunDeadLettersList(const Arguments& arguments) {
  const auto remote = [&](const ApiClient& daemon) {
    return PrintAnswer(arguments, daemon.Get(kPath), PrintDeadLettersForPeople);
  };
  if (const auto code = ByDaemon(arguments, remote)) return *code;
  const auto config = LoadConfig(arguments);
  if (!config.ok()) return Fail(arguments, config.status());
  const auto letters = ListDeadLetters(config->state);
  if (!letters.ok()) return Fail(arguments, letters.status());
  const std::string json = DeadLettersJson(*letters);
  arguments.json ? PrintLine(json) : PrintDeadLettersForPeople(json);
  return 0;
}

int RunDeadLettersShow(const Arguments& arguments) {
  const auto id = ParseId(arguments.id);
  if (!id.ok()) return Fail(arguments, id.status());
  const auto remote = [&](const ApiClient& daemon) {
    const auto answer = daemon.Get(absl::StrFormat("%s/%s", kPath, arguments.id));
    return PrintAnswer(arguments, answer, PrintDeadLetterForPeople);
  };
  if (const auto code = ByDaemon(arguments, remote)) return *code;
  const auto config = LoadConfig(arguments);
  if (!config.ok()) return Fail(arguments, config.status());
  const auto letter = GetDeadLetter(config->state, *id);
  if (!letter.ok()) return Fail(arguments, letter.status());
  const std::string json = DeadLetterJson(*letter);
  arguments.json ? PrintLine(json) : PrintDeadLetterForPeople(json);
  return 0;
}

int RunDeadLettersRetry(const Arguments& arguments) {
  const auto id = ParseId(arguments.id);
  if (!id.ok()) return Fail(arguments, id.status());
  const auto remote = [&](const ApiClient& daemon) {
    const auto answer = daemon.Post(absl::StrFormat("%s/%s/retry", kPath, arguments.id), "");
    return PrintAnswer(arguments, answer, PrintNothing);
  };
  if (const auto code = ByDaemon(arguments, remote)) return *code;
  auto bench = Workbench::Open(arguments, "dead-letters retry", Access::kWrite);
  if (!bench.ok()) return Fail(arguments, bench.status());
  const std::string& state = (*bench)->config().state;
  absl::Status retried;
  if (id->generation != 0) {
    retried = RetryBuildDeadLetter(state, *id, nullptr);
  } else {
    WarmSet& warm = (*bench)->MakeWarm({});
    const auto status = (*bench)->engine().Status();
    retried = status.status();
    if (retried.ok()) retried = warm.Adopt(*status);
    if (retried.ok()) retried = RetryEventDeadLetter((*bench)->log(), warm, id->letter);
  }
  return retried.ok() ? 0 : Fail(arguments, retried);
}

int RunDeadLettersDrop(const Arguments& arguments) {
  const auto id = ParseId(arguments.id);
  if (!id.ok()) return Fail(arguments, id.status());
  const auto remote = [&](const ApiClient& daemon) {
    const auto answer = daemon.Delete(absl::StrFormat("%s/%s", kPath, arguments.id));
    return PrintAnswer(arguments, answer, PrintNothing);
  };
  if (const auto code = ByDaemon(arguments, remote)) return *code;
  auto bench = Workbench::Open(arguments, "dead-letters drop", Access::kWrite);
  if (!bench.ok()) return Fail(arguments, bench.status());
  const absl::Status dropped = id->generation != 0
                                   ? DropBuildDeadLetter((*bench)->config().state, *id)
                                   : (*bench)->log().DropDeadLetter(id->letter);
  return dropped.ok() ? 0 : Fail(arguments, dropped);
}

}  // namespace syncd
