#include "syncd/cli/people.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <vector>

#include "syncd/cli/answer_json.h"
#include "syncd/cli/command.h"

namespace syncd {
namespace {

namespace json = boost::json;

const json::array& List(const json::value& value, std::string_view name) {
  static const json::array none;
  const json::array* list = At(value, name).if_array();
  return list == nullptr ? none : *list;
}

// A text as it is, a number as its digits, null as `none`.
std::string Text(const json::value& value, std::string_view none = "none") {
  if (value.is_null()) return std::string(none);
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

std::string TextAt(const json::value& object, const char* name, std::string_view none = "none") {
  return Text(At(object, name), none);
}

double Number(const json::value& object, std::string_view name) {
  json::error_code error;
  const double number = At(object, name).to_number<double>(error);
  return error ? 0 : number;
}

bool IsTrue(const json::value& object, std::string_view name) {
  return At(object, name) == json::value(true);
}

void PrintPending(const json::value& object) {
  for (const json::value& alias : List(object, "pending")) {
    PrintLine(absl::StrFormat("alias %s is pending: a concrete index has its name", Text(alias)));
  }
}

std::string DescribeGate(const json::value& gate) {
  return absl::StrFormat("gate %-14s %s%s", TextAt(gate, "gate"),
                         IsTrue(gate, "overridden") ? "OVERRIDDEN: "
                         : IsTrue(gate, "passed")   ? ""
                                                    : "NOT PASSED: ",
                         TextAt(gate, "detail"));
}

void PrintGates(const json::value& object) {
  for (const json::value& gate : List(object, "gates")) PrintLine(DescribeGate(gate));
}

void PrintGeneration(const json::value& generation) {
  std::string line =
      absl::StrFormat("generation %s: %s", TextAt(generation, "n"), TextAt(generation, "state"));
  if (!At(generation, "reason").is_null()) {
    absl::StrAppend(&line, " (", TextAt(generation, "reason"), ")");
  }
  if (IsTrue(generation, "hydrated")) {
    absl::StrAppend(&line, ", hydrated: what documents can't hold comes with the next sync");
  }
  if (Number(generation, "lag_events") > 0) {
    absl::StrAppend(&line, ", ", TextAt(generation, "lag_events"), " events behind");
  }
  if (!At(generation, "cold").is_null()) {
    absl::StrAppend(&line, ", cold: ", TextAt(generation, "cold"));
  }
  if (!At(generation, "trouble").is_null()) {
    absl::StrAppend(&line, ", in trouble: ", TextAt(generation, "trouble"));
  }
  PrintLine(line);
  // Why it is not live, if it is not.
  for (const json::value& gate : List(generation, "gates")) {
    if (!IsTrue(gate, "passed")) PrintLine("  " + DescribeGate(gate));
  }
  if (!At(generation, "file_bytes").is_null()) {
    PrintLine(absl::StrFormat("  %-32s %22s %12s bytes", "file in the state folder", "",
                              TextAt(generation, "file_bytes")));
  }
  for (const json::value& index : List(generation, "indexes")) {
    PrintLine(absl::StrFormat("  %-32s %10s documents %12s bytes", TextAt(index, "index"),
                              TextAt(index, "docs", "?"), TextAt(index, "bytes", "?")));
  }
}

void PrintStateFolder(const json::value& folder) {
  if (folder.is_null()) return;
  std::string line = absl::StrFormat("state folder: %s bytes free, journal %s bytes, %s events",
                                     TextAt(folder, "free_bytes", "?"),
                                     TextAt(folder, "journal_bytes"), TextAt(folder, "events"));
  if (!At(folder, "oldest_event").is_null()) {
    absl::StrAppend(&line, " since ", TextAt(folder, "oldest_event"));
  }
  PrintLine(line);
}

void PrintChannels(const json::value& run) {
  const json::object* channels = At(run, "channels").if_object();
  if (channels == nullptr) return;
  for (const auto& [name, channel] : *channels) {
    if (Number(channel, "messages") == 0 && Number(channel, "starts") == 0) continue;
    PrintLine(absl::StrFormat("  channel %-24s %10s records, %s rejected%s", std::string(name),
                              TextAt(channel, "records"), TextAt(channel, "rejected"),
                              IsTrue(channel, "ended") ? ", ended" : ""));
  }
}

// What a plan, of a swap or of the way back, says of aliases, gates and state.
void PrintPlanned(const json::value& plan) {
  for (const json::value& action : List(plan, "actions")) {
    const bool add = TextAt(action, "kind") == "add";
    std::string line =
        absl::StrFormat("%s alias %s %s %s", TextAt(action, "kind"), TextAt(action, "alias"),
                        add ? "to" : "from", TextAt(action, "index"));
    if (!At(action, "filter").is_null())
      absl::StrAppend(&line, " where ", TextAt(action, "filter"));
    PrintLine(line);
  }
  for (const json::value& alias : List(plan, "pending")) {
    PrintLine(absl::StrFormat("leave %s as it is: a concrete index has its name", Text(alias)));
  }
  if (!At(plan, "request").is_null()) PrintLine("in one request: " + TextAt(plan, "request"));
  PrintLine("state: " + TextAt(plan, "state"));
  for (const json::value& gate : List(plan, "gates")) {
    PrintLine(absl::StrFormat("%s %s: %s", TextAt(gate, "gate"),
                              IsTrue(gate, "passed") ? "passes" : "STOPS IT",
                              TextAt(gate, "detail")));
  }
}

}  // namespace

std::string RunForPeople(const std::string& text) {
  const json::value run = ParseAnswer(text);
  std::string line = absl::StrFormat("run %s: %s", TextAt(run, "n"), TextAt(run, "state"));
  if (!At(run, "blocked").is_null()) line += ", PAUSED (" + TextAt(run, "blocked") + ")";
  if (!At(run, "total").is_null()) {
    absl::StrAppendFormat(&line, ", %s of %s documents", TextAt(run, "loaded"),
                          TextAt(run, "total"));
    if (!At(run, "eta_s").is_null()) {
      absl::StrAppendFormat(&line, ", %.0f s to go", Number(run, "eta_s"));
    }
    return line;
  }
  std::vector<std::string> channels;
  if (const json::object* all = At(run, "channels").if_object()) {
    for (const auto& [name, channel] : *all) {
      if (Number(channel, "messages") == 0) continue;
      channels.push_back(absl::StrFormat("%s %s records%s", std::string(name),
                                         TextAt(channel, "records"),
                                         IsTrue(channel, "ended") ? " (ended)" : ""));
    }
  }
  return channels.empty() ? line : line + ": " + absl::StrJoin(channels, ", ");
}

void PrintSyncForPeople(const std::string& text) {
  const json::value outcome = ParseAnswer(text);
  PrintGates(outcome);
  PrintPending(outcome);
  if (Number(outcome, "dead_letters") > 0) {
    PrintLine(absl::StrFormat("%s dead letters: `syncd dead-letters list`",
                              TextAt(outcome, "dead_letters")));
  }
  if (!At(outcome, "error").is_null()) return;
  PrintLine(absl::StrFormat("generation %s is live; built in %.1f s, swapped in %.1f ms",
                            TextAt(outcome, "generation"), Number(outcome, "build_s"),
                            Number(outcome, "swap_ms")));
  if (const json::object* aliases = At(outcome, "aliases").if_object()) {
    for (const auto& [name, documents] : *aliases) {
      PrintLine(absl::StrFormat("  %-24s %10s documents", std::string(name), Text(documents, "?")));
    }
  }
}

void PrintStatusForPeople(const std::string& text) {
  const json::value status = ParseAnswer(text);
  PrintLine(TextAt(status, "store"));
  PrintLine(absl::StrFormat("live %s, previous %s, building %s", TextAt(status, "live"),
                            TextAt(status, "previous"), TextAt(status, "building")));
  for (const json::value& generation : List(status, "generations")) PrintGeneration(generation);
  for (const json::value& alias : List(status, "aliases")) {
    PrintLine(absl::StrFormat("alias %-24s %-28s %10s documents%s", TextAt(alias, "name"),
                              TextAt(alias, "index", "nowhere"), TextAt(alias, "docs", "?"),
                              IsTrue(alias, "pending") ? " (pending)" : ""));
  }
  PrintStateFolder(At(status, "state_folder"));
  for (const json::value& finding : List(status, "findings")) PrintLine("! " + Text(finding));
  const json::value& run = At(status, "run");
  if (!run.is_null()) {
    PrintLine(absl::StrFormat("run %s: %s", TextAt(run, "n"), TextAt(run, "state")));
    PrintChannels(run);
  }
  const json::value& lease = At(status, "lease");
  if (lease.is_object() && !IsTrue(lease, "free") && !At(lease, "host").is_null()) {
    PrintLine(absl::StrFormat("the writer is host %s, pid %s", TextAt(lease, "host"),
                              TextAt(lease, "pid")));
  }
  if (Number(status, "dead_letters") > 0) {
    PrintLine(absl::StrFormat("%s dead letters: `syncd dead-letters list`",
                              TextAt(status, "dead_letters")));
  }
}

void PrintPlanForPeople(const std::string& text) {
  const json::value plan = ParseAnswer(text);
  for (const json::value& index : List(plan, "indexes")) PrintLine("create " + Text(index));
  PrintPlanned(plan);
}

void PrintRollbackForPeople(const std::string& text) {
  const json::value report = ParseAnswer(text);
  if (IsTrue(report, "dry_run")) {
    PrintLine(absl::StrFormat("from generation %s back to %s; nothing is done yet",
                              TextAt(report, "from"), TextAt(report, "to")));
    PrintLine(TextAt(report, "loss"));
    if (IsTrue(report, "needs_accept_loss")) PrintLine("only with --accept-loss");
    return PrintPlanned(report);
  }
  if (List(report, "actions").empty()) {
    return PrintLine(absl::StrFormat("generation %s is live already", TextAt(report, "to")));
  }
  PrintPending(report);
  PrintLine(
      absl::StrFormat("generation %s is live again instead of %s; %d alias actions in one "
                      "request, %.1f ms",
                      TextAt(report, "to"), TextAt(report, "from"), List(report, "actions").size(),
                      Number(report, "swap_ms")));
}

void PrintTakenNamesForPeople(const std::string& text) {
  const json::value report = ParseAnswer(text);
  PrintGates(report);
  for (const json::value& name : List(report, "taken")) {
    PrintLine(absl::StrFormat("%s is an alias of generation %s; the index of that name is deleted",
                              Text(name), TextAt(report, "generation")));
  }
  PrintPending(report);
  PrintLine("there is no way back to generation 0 any more");
}

void PrintPruneForPeople(const std::string& text) {
  const json::value report = ParseAnswer(text);
  const std::string deleted = IsTrue(report, "dry_run") ? "would be deleted" : "deleted";
  for (const json::value& verdict : List(report, "verdicts")) {
    PrintLine(absl::StrFormat("generation %s: %s: %s", TextAt(verdict, "generation"),
                              IsTrue(verdict, "prune") ? deleted : "kept",
                              TextAt(verdict, "reason")));
  }
  for (const json::value& file : List(report, "files")) {
    PrintLine(absl::StrFormat("file %s (%s bytes): %s", TextAt(file, "file"), TextAt(file, "bytes"),
                              deleted));
  }
}

void PrintDeadLettersForPeople(const std::string& text) {
  const json::value object = ParseAnswer(text);
  const json::array& letters = List(object, "dead_letters");
  for (const json::value& letter : letters) {
    const std::string where =
        At(letter, "channel").is_null()
            ? absl::StrCat(TextAt(letter, "family"), " ", TextAt(letter, "document_id"))
            : "channel " + TextAt(letter, "channel");
    PrintLine(absl::StrFormat("%-10s %s %s %s: %s", TextAt(letter, "id"), TextAt(letter, "time"),
                              TextAt(letter, "kind"), where, TextAt(letter, "reason")));
  }
  if (letters.empty()) PrintLine("no dead letters");
}

void PrintDeadLetterForPeople(const std::string& text) {
  const json::value letter = ParseAnswer(text);
  PrintLine(TextAt(letter, "reason"));
  PrintLine(TextAt(letter, "body"));
}

}  // namespace syncd
