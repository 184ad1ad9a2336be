// Commands while a daemon holds the state folder: they go through its HTTP interface.
#ifndef SYNCD_CLI_REMOTE_H_
#define SYNCD_CLI_REMOTE_H_

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "syncd/cli/command.h"
#include "syncd/http/client.h"

namespace syncd {

// The daemon that holds the configured state folder; nullptr if none does. kUnavailable while one
// is starting and does not say yet where it answers.
absl::StatusOr<std::unique_ptr<ApiClient>> FindDaemon(const Config& config);

// Prints a daemon's answer: with --json as it is, else by `for_people`, which is given the object.
// An answer that is an error is printed as Fail does. Returns the exit code.
int PrintAnswer(const Arguments& arguments, const absl::StatusOr<ApiAnswer>& answer,
                const std::function<void(const std::string& json)>& for_people);

// `syncd sync` by a daemon: starts a run, or joins the one under way, and waits for its end.
int SyncByDaemon(const Arguments& arguments, const ApiClient& daemon);

// `syncd adopt` by a daemon: starts the run, and waits for its end.
int AdoptByDaemon(const Arguments& arguments, const ApiClient& daemon);

// Runs `remote` if a daemon holds the folder, and returns its exit code; nothing if none does. An
// error on the way is printed, and its exit code returned.
std::optional<int> ByDaemon(const Arguments& arguments,
                            const std::function<int(const ApiClient& daemon)>& remote);

}  // namespace syncd

#endif  // SYNCD_CLI_REMOTE_H_
