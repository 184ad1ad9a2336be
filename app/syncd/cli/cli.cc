#include "syncd/cli/cli.h"

#include <CLI/CLI.hpp>
#include <functional>

#include "syncd/cli/command.h"
#include "syncd/cli/observer.h"

namespace syncd {
namespace {

constexpr char kExitCodes[] =
    "Exit codes: 0 done; 1 failed, nothing changed; 2 wrong usage or configuration; 3 refused (a "
    "gate, a rival, a running sync); 4 outcome unknown.";

using Command = std::function<int(const Arguments&)>;

// A subcommand with the options that all have; runs `command` when it is chosen.
CLI::App* Add(CLI::App& app, const char* name, const char* description, Arguments& arguments,
              Command command, Command& chosen) {
  CLI::App* sub = app.add_subcommand(name, description);
  sub->add_option("--config", arguments.config_file, "the configuration file (TOML)")
      ->required()
      ->type_name("FILE");
  sub->add_flag("--json", arguments.json, "one JSON object on stdout, logs on stderr");
  sub->footer(kExitCodes);
  sub->callback([&chosen, command] { chosen = command; });
  return sub;
}

// A sign, or too many digits, would become another number without a word.
std::string CheckGeneration(const std::string& text) {
  constexpr size_t kDigits = 18;
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  return digits && text.size() <= kDigits ? "" : "expected the number of a generation, got " + text;
}

void AddSync(CLI::App& app, Arguments& arguments, Command& chosen) {
  CLI::App* sync = Add(app, "sync", "Rebuild all indexes and move the aliases in one request",
                       arguments, RunSync, chosen);
  CLI::Option* from = sync->add_option("--from", arguments.from,
                                       "read each channel from DIR/<channel>.ndjson, not its queue")
                          ->type_name("DIR");
  sync->add_option("--promote", arguments.promote,
                   "only promote generation N, which a gate has stopped")
      ->type_name("N")
      ->check(CheckGeneration)
      ->excludes(from);
  sync->add_option("--if-state", arguments.if_state,
                   "only if the state is still the one that `plan` has shown")
      ->type_name("HASH");
  sync->add_option("--override", arguments.overrides, "let this gate through; may be repeated")
      ->type_name("GATE")
      ->allow_extra_args(false);
}

void AddRollback(CLI::App& app, Arguments& arguments, Command& chosen) {
  CLI::App* rollback =
      Add(app, "rollback", "Move the aliases back to the previous, or a given, generation",
          arguments, RunRollback, chosen);
  rollback->add_option("--to", arguments.to, "this generation instead of the previous one")
      ->type_name("N")
      ->check(CheckGeneration);
  rollback
      ->add_option("--if-state", arguments.if_state,
                   "only if the state is still the one that `--dry-run`, or `plan`, has shown")
      ->type_name("HASH");
  rollback->add_flag("--dry-run", arguments.dry_run, "only say what would be done and lost");
  rollback->add_flag("--accept-loss", arguments.accept_loss,
                     "go back even if live events would be missing there");
}

void AddAdopt(CLI::App& app, Arguments& arguments, Command& chosen) {
  CLI::App* adopt =
      Add(app, "adopt", "Take over indexes that another program made", arguments, RunAdopt, chosen);
  CLI::Option* take =
      adopt->add_flag("--take-names", arguments.take_names,
                      "second step: delete concrete indexes, and make their names aliases");
  adopt->add_option("--confirm", arguments.confirmed, "nobody reads or writes by these names")
      ->type_name("NAME")
      ->needs(take);
  adopt
      ->add_option("--override", arguments.overrides,
                   "let this gate of --take-names, or one that is judged before a build, through; "
                   "may be repeated")
      ->type_name("GATE")
      ->allow_extra_args(false);
}

void AddDeadLetters(CLI::App& app, Arguments& arguments, Command& chosen) {
  CLI::App* letters =
      app.add_subcommand("dead-letters", "What could not become a record or a document, and why");
  letters->require_subcommand(1);
  constexpr char kId[] = "its id, as `list` shows it";
  Add(*letters, "list", "All of them, without their bodies", arguments, RunDeadLettersList, chosen);
  Add(*letters, "show", "One of them, with its body", arguments, RunDeadLettersShow, chosen)
      ->add_option("id", arguments.id, kId)
      ->required()
      ->type_name("ID");
  Add(*letters, "retry", "Take one in again, under the order that it had when it came", arguments,
      RunDeadLettersRetry, chosen)
      ->add_option("id", arguments.id, kId)
      ->required()
      ->type_name("ID");
  Add(*letters, "drop", "Forget one", arguments, RunDeadLettersDrop, chosen)
      ->add_option("id", arguments.id, kId)
      ->required()
      ->type_name("ID");
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  StartLog();
  CLI::App app{"Rebuilds search indexes beside the live ones and swaps them in one request.",
               "syncd"};
  app.require_subcommand(1);
  app.footer(kExitCodes);
  Arguments arguments;
  Command chosen;
  Add(app, "serve", "The daemon: syncs when asked, and keeps the indexes up to date meanwhile",
      arguments, RunServe, chosen)
      ->add_option("--every", arguments.every,
                   "start a sync by itself: every 24h, or at a time of day such as 03:30")
      ->type_name("TIME");
  AddSync(app, arguments, chosen);
  Add(app, "status", "What is live, what it replaced, what is being built", arguments, RunStatus,
      chosen);
  Add(app, "plan", "What a sync would do; changes nothing", arguments, RunPlan, chosen);
  AddRollback(app, arguments, chosen);
  Add(app, "prune", "Delete what retention allows", arguments, RunPrune, chosen)
      ->add_flag("--dry-run", arguments.dry_run, "only say what would be deleted");
  AddAdopt(app, arguments, chosen);
  AddDeadLetters(app, arguments, chosen);
  Add(app, "doctor",
      "Check configuration, servers, queues, names and aliases, each finding with its remedy",
      arguments, RunDoctor, chosen)
      ->footer(
          "Changes nothing. Exit codes: 0 nothing found that would stop a sync; 1 something "
          "was; 2 wrong usage.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  return chosen(arguments);
}

}  // namespace syncd
