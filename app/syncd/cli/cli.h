// The command line: one subcommand a file, and what they share.
#ifndef SYNCD_CLI_CLI_H_
#define SYNCD_CLI_CLI_H_

#include <absl/status/status.h>

namespace syncd {

// Exit codes; a contract.
enum class ExitCode {
  kDone = 0,
  kFailed = 1,   // nothing changed
  kUsage = 2,    // wrong usage or configuration
  kRefused = 3,  // a gate, a rival, a running sync
  kUnknown = 4,  // nobody knows what a request did
};

// The exit code for the error of a command.
ExitCode ExitCodeFor(const absl::Status& status);

// Parses the arguments and runs the command. Returns its exit code.
int RunCommandLine(int argc, char** argv);

}  // namespace syncd

#endif  // SYNCD_CLI_CLI_H_
