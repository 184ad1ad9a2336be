// The daemon: takes events in, keeps warm generations up to date, and runs syncs when asked.
#ifndef SYNCD_DAEMON_DAEMON_H_
#define SYNCD_DAEMON_DAEMON_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/engine.h>
#include <indexswap/observer.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "syncd/config/config.h"
#include "syncd/daemon/intake.h"
#include "syncd/daemon/run_worker.h"
#include "syncd/daemon/schedule.h"
#include "syncd/http/api.h"
#include "syncd/plan/plan.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/folder_watch.h"
#include "syncd/readmodel/journal.h"
#include "syncd/readmodel/wanted_run.h"
#include "syncd/report/report.h"
#include "syncd/sync/hydrate_live.h"
#include "syncd/sync/refused.h"
#include "syncd/sync/runner.h"
#include "syncd/sync/warm_set.h"
#include "syncd/wiring.h"

namespace syncd {

// What a daemon works with. Nothing is owned; everything must outlive it.
struct DaemonTools {
  const Plan& plan;
  indexswap::Engine& engine;
  Journal& journal;
  EventLog& log;
  WantedRuns& wanted;
  RefusedDocuments& refused;
  std::function<void(indexswap::Observer::Severity, const std::string&)> note;
  std::function<void(std::string_view)> step;
  std::function<bool()> stopping = {};  // asked while Start takes long; empty: never
};

// See the head of this file. Thread-safe. The caller holds the lock on the state folder.
class Daemon : public Api {
 public:
  // `every`: when syncs start by themselves, if at all.
  Daemon(const DaemonTools& tools, Config config, std::optional<Schedule> every);
  ~Daemon() override;  // as Stop

  // Takes the lease (kFailedPrecondition while another's beats), takes over what is there, reads
  // the live generation back from its index if its file is lost, reads the event queues, and goes
  // on with a run that was cut off. kCancelled: `stopping` said so.
  absl::Status Start();

  // Waits until `stopping` says so, or the lease is lost: kAborted. kDataLoss: the
  // state folder is. Looks at it ten times a second.
  absl::Status Wait(const std::function<bool()>& stopping);

  // Ends everything: nothing that is committed is lost, what is not goes back to its queue.
  void Stop();

  // Takes over those settings that can change while it runs: [sync], [gates] max_rejected,
  // max_rejected_count and min_free_bytes, [dead_letters]. A run under way keeps those that it
  // began with.
  void Reload(const Config& config);

  bool get_starts_sync() const override { return tools_.plan.get_starts_sync; }
  ApiAnswer StartSync(const ApiSyncRequest& request) override;
  ApiAnswer CancelSync() override;
  ApiAnswer Status() override;
  ApiAnswer Plan() override;
  ApiAnswer Rollback(const ApiRollbackRequest& request) override;
  ApiAnswer Prune(bool dry_run) override;
  ApiAnswer Adopt(const ApiAdoptRequest& request) override;
  ApiAnswer DeadLetters() override;
  ApiAnswer DeadLetter(const std::string& id) override;
  ApiAnswer RetryDeadLetter(const std::string& id) override;
  ApiAnswer DropDeadLetter(const std::string& id) override;
  ApiAnswer TakeMessages(const std::string& channel,
                         const std::vector<std::string>& bodies) override;
  std::optional<std::string> NotReady() override;
  std::string Metrics() override;

 private:
  using Severity = indexswap::Observer::Severity;

  SyncOutcome Work(const SyncRequest& request, RunHooks& hooks);
  void Done(const SyncOutcome& outcome, bool cancelled);
  absl::Status Hydrate(const indexswap::ReleaseStatus& status);
  absl::Status ReadBack(const indexswap::ReleaseStatus& status);
  void Revive();
  void SettleOutcome();
  HydrateTools ToolsOfHydration();
  void CheckFolder();
  absl::Status JudgeRoom(const SyncRequest& request);
  uint64_t Acknowledged();
  void StartIntakes();
  absl::StatusOr<std::pair<uint64_t, bool>> Begin(const SyncRequest& request);
  ApiAnswer TakeNames(const ApiAdoptRequest& request);
  absl::Status CheckPrune();
  void PruneByItself();
  void NoteOutcome(const std::string& what, const absl::Status& status);
  void GoOn(const indexswap::ReleaseStatus& status);
  void NoteSwap(uint64_t live, const std::vector<std::string>& pending);
  void KeepHouse();
  void KeepHouseOnce();
  absl::StatusOr<indexswap::ReleaseStatus> ReadStatus();
  LocalStatus Local();
  Config config() const;

  const DaemonTools tools_;
  const std::optional<Schedule> every_;
  const std::string state_;
  const FolderWatch folder_;

  mutable std::mutex mutex_;
  Config config_;
  absl::Status lost_;
  bool started_ = false;
  bool revive_ = false;           // a rollback may have made a cold generation live
  bool outcome_is_open_ = false;  // whether the aliases have moved, and so which one is live
  std::string revive_trouble_;    // what was said last; the housekeeper's own
  std::string doing_;             // while it is starting
  std::string unhydrated_;        // why the live generation could not be read back
  std::optional<indexswap::ReleaseStatus> status_;  // the last that the store told

  std::unique_ptr<Sources> sources_;
  std::unique_ptr<WarmSet> warm_;
  std::vector<std::unique_ptr<ChannelIntake>> intakes_;
  std::unique_ptr<RunWorker> worker_;

  std::mutex begins_;  // a run may not begin while a prune deletes what it would go on with

  std::condition_variable stop_changed_;
  bool stop_ = false;
  std::thread housekeeper_;
};

}  // namespace syncd

#endif  // SYNCD_DAEMON_DAEMON_H_
