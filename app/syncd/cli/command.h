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
#include "syncd/daemon/tenure.h"
#include "syncd/plan/plan.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/journal.h"
#include "syncd/readmodel/state_lock.h"
#include "syncd/sync/refused.h"
#include "syncd/sync/warm_set.h"

namespace syncd {

// The arguments of all subcommands; each uses its own.
struct Arguments {
  std::string config_file;
  bool json = false;
  std::optional<std::string> from;
  std::optional<uint64_t> promote;
  std::optional<uint64_t> to;
  std::vector<std::string> overrides;
  std::optional<std::string> if_state;  // `state` of `plan --json`, or of a dry run
  bool dry_run = false;
  bool accept_loss = false;
  bool take_names = false;
  std::vector<std::string> confirmed;  // names, for --take-names
  std::string every;                   // for serve; empty: never by itself
  std::string id;
};

// How much of the world a command touches.
enum class Access {
  kRead,   // reads the store; neither lock nor lease
  kWrite,  // holds the state folder's lock
  kServe,  // holds it, and opens folder and store anew for each tenure
};

// Everything that a command works with, opened in the right order and closed in the other.
class Workbench {
 public:
  // Reads the configuration and the plan, takes the lock if `access` asks for it, opens the store
  // and an engine on it. `command` is named in the lock. kInvalidArgument and kNotFound are errors
  // of the configuration; kFailedPrecondition names who holds the folder.
  static absl::StatusOr<std::unique_ptr<Workbench>> Open(const Arguments& arguments,
                                                         const std::string& command, Access access);
  // As End.
  ~Workbench();

  // Gives the lease back if it was taken.
  void End();

  // How the command ends: an outcome that stays unknown is kept in the state folder for `status`.
  // To be called before End.
  void NoteOutcome(const absl::Status& status);

  // With Access::kServe: see OpenTenure.
  absl::StatusOr<std::unique_ptr<Tenure>> NewTenure(const std::string& address);

  const Config& config() const { return config_; }
  const Plan& plan() const { return plan_; }
  indexswap::Engine& engine() { return *engine_; }
  // With Access::kWrite only (the lock and the refused with kServe, too):
  Journal& journal() { return *journal_; }
  EventLog& log() { return *log_; }
  // Empty until something is adopted or added.
  WarmSet& MakeWarm(WarmCallbacks callbacks);
  WarmSet& warm() { return *warm_; }
  StateLock& lock() { return *lock_; }
  RefusedDocuments& refused() { return refused_; }
  CliObserver& observer() { return observer_; }

 private:
  Workbench() : observer_(refused_) {}

  // `journal` and `log`, both or none, must outlive it.
  absl::StatusOr<std::unique_ptr<indexswap::Engine>> NewEngine(const std::string& address,
                                                               Journal* journal, EventLog* log);

  std::string command_;
  bool unknown_outcome_ = false;
  Config config_;
  Plan plan_;
  RefusedDocuments refused_;
  CliObserver observer_;
  std::unique_ptr<StateLock> lock_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<indexswap::Engine> engine_;
  std::unique_ptr<WarmSet> warm_;
};

// Reads the configuration and the plan that it names.
absl::StatusOr<Config> LoadConfig(const Arguments& arguments);
absl::StatusOr<Plan> LoadPlan(const Config& config);

// The name of this host, for people; `unknown` if it has none.
std::string HostName();

// SYNCD_QUEUES_CONNECTION_LOGS sets the queue of the channel `connection-logs`. Only once the plan
// is read, because channels are the plan's.
void QueuesFromEnvironment(const Plan& plan, Config& config);

// Marks an error as one of the configuration or the usage: exit code 2 whatever its code says.
absl::Status AsUsage(const absl::Status& status);
bool IsUsage(const absl::Status& status);

// The subcommands. Each prints its result and returns its exit code.
int RunSync(const Arguments& arguments);
int RunStatus(const Arguments& arguments);
int RunPlan(const Arguments& arguments);
int RunRollback(const Arguments& arguments);
int RunPrune(const Arguments& arguments);
int RunAdopt(const Arguments& arguments);
int RunDeadLettersList(const Arguments& arguments);
int RunDeadLettersShow(const Arguments& arguments);
int RunDeadLettersRetry(const Arguments& arguments);
int RunDeadLettersDrop(const Arguments& arguments);
int RunDoctor(const Arguments& arguments);
int RunServe(const Arguments& arguments);

// Prints a line on stdout and flushes it.
void PrintLine(const std::string& line);

// Prints an error: as JSON on stdout with --json, and for people on stderr. Returns its exit code.
int Fail(const Arguments& arguments, const absl::Status& status);

}  // namespace syncd

#endif  // SYNCD_CLI_COMMAND_H_
