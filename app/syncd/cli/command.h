// What every subcommand is given, and how it opens what it needs.
#ifndef SYNCD_CLI_COMMAND_H_
#define SYNCD_CLI_COMMAND_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "syncd/cli/observer.h"
#include "syncd/config/config.h"
#include "syncd/plan/plan.h"
#include "syncd/readmodel/journal.h"
#include "syncd/readmodel/state_lock.h"
#include "syncd/sync/refused.h"

namespace syncd {

// The arguments of all subcommands; each uses its own.
struct Arguments {
  std::string config_file;
  bool json = false;
  std::optional<std::string> from;
  std::optional<uint64_t> promote;
  std::optional<uint64_t> to;
  std::vector<std::string> overrides;
  bool dry_run = false;
  std::string id;
};

// How much of the world a command touches.
enum class Access {
  kRead,   // reads the store; neither lock nor lease
  kWrite,  // holds the state folder's lock
};

// Everything that a command works with, opened in the right order and closed in the other.
class Workbench {
 public:
  // Reads the configuration and the plan, takes the lock if `access` asks for it, opens the store
  // and an engine on it. `command` is named in the lock. kInvalidArgument and kNotFound are errors
  // of the configuration; kFailedPrecondition names who holds the folder.
  static absl::StatusOr<std::unique_ptr<Workbench>> Open(const Arguments& arguments,
                                                         const std::string& command, Access access);
  // Gives the lease back if it was taken.
  ~Workbench();

  const Config& config() const { return config_; }
  const Plan& plan() const { return plan_; }
  indexswap::Engine& engine() { return *engine_; }
  Journal& journal() { return *journal_; }  // with Access::kWrite only
  RefusedDocuments& refused() { return refused_; }
  CliObserver& observer() { return observer_; }

 private:
  Workbench() : observer_(refused_) {}

  absl::Status OpenState(const std::string& command);
  absl::Status OpenEngine(Access access);

  Config config_;
  Plan plan_;
  RefusedDocuments refused_;
  CliObserver observer_;
  std::unique_ptr<StateLock> lock_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<indexswap::Engine> engine_;
};

// Reads the configuration and the plan that it names.
absl::StatusOr<Config> LoadConfig(const Arguments& arguments);
absl::StatusOr<Plan> LoadPlan(const Config& config);

// Marks an error as one of the configuration or the usage: exit code 2 whatever its code says.
absl::Status AsUsage(const absl::Status& status);
bool IsUsage(const absl::Status& status);

// The subcommands. Each prints its result and returns its exit code.
int RunSync(const Arguments& arguments);
int RunStatus(const Arguments& arguments);
int RunPlan(const Arguments& arguments);
int RunRollback(const Arguments& arguments);
int RunPrune(const Arguments& arguments);
int RunDeadLettersList(const Arguments& arguments);
int RunDeadLettersShow(const Arguments& arguments);

// Prints an error: as JSON on stdout with --json, and for people on stderr. Returns its exit code.
int Fail(const Arguments& arguments, const absl::Status& status);

}  // namespace syncd

#endif  // SYNCD_CLI_COMMAND_H_
