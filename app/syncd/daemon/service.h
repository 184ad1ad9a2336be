// The service: waits for the lease as a standby, works as the daemon while it has it, and becomes a
// standby again when it has lost it. The HTTP interface is there all the time.
//
//   standby ── the lease is free, or its holder does not beat ──► active
//      ▲                                                            │
//      └──────────── the lease is lost, or the start failed ────────┘
#ifndef SYNCD_DAEMON_SERVICE_H_
#define SYNCD_DAEMON_SERVICE_H_

#include <absl/status/status.h>
#include <indexswap/clock.h>
#include <indexswap/engine.h>
#include <indexswap/observer.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syncd/config/config.h"
#include "syncd/daemon/daemon.h"
#include "syncd/daemon/schedule.h"
#include "syncd/daemon/tenure.h"
#include "syncd/http/api.h"
#include "syncd/plan/plan.h"
#include "syncd/sync/refused.h"

namespace syncd {

// What a service works with. Nothing is owned; everything must outlive it.
struct ServiceTools {
  const Plan& plan;
  RefusedDocuments& refused;
  OpenTenure open;
  std::function<void(indexswap::Observer::Severity, const std::string&)> note;
  std::function<void(std::string_view)> step;
  indexswap::Clock* clock = indexswap::Clock::Real();
};

// See the head of this file. Run and Stop are called by one thread, everything else by any. The
// caller holds the lock on the state folder.
class Service : public Api {
 public:
  // `every`: when syncs start by themselves while it is active, if at all.
  Service(ServiceTools tools, Config config, std::optional<Schedule> every);
  ~Service() override;  // as Stop

  // Goes round the cycle until `stopping` says so, and returns OK then: what is active stays so
  // until Stop. An error is one that waiting does not cure, found before the service has been
  // anything yet: of the configuration, the state folder, or a store that is there and refuses. A
  // store that can't be reached is waited for. `address`: where the HTTP interface answers.
  absl::Status Run(const std::string& address, const std::function<bool()>& stopping);

  // Ends everything, and gives the lease back if it is held.
  void Stop();

  // As Daemon::Reload; holds for later tenures as well.
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

  // One call from outside: what it sees stays there until it ends.
  class Visit {
   public:
    explicit Visit(Service& service);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

    Daemon* daemon() const { return daemon_; }  // while this process is active
    Tenure* tenure() const { return tenure_; }  // while the state folder is open

   private:
    Service& service_;
    Daemon* daemon_ = nullptr;
    Tenure* tenure_ = nullptr;
  };

  absl::Status Round(const std::function<bool()>& stopping);
  absl::Status BeActive(const indexswap::LeaseAttempt& attempt,
                        const std::function<bool()>& stopping);
  absl::Status Wait(const absl::Status& trouble, const std::function<bool()>& stopping);
  bool TakeStock(const indexswap::LeaseAttempt& attempt);
  void NoteHolder(const indexswap::LeaseAttempt& attempt);
  void Pause(std::chrono::milliseconds duration, const std::function<bool()>& stopping);
  void Open(std::unique_ptr<Tenure> tenure);
  void Begin(const std::function<bool()>& stopping);
  void End();
  void Close();
  ApiAnswer ForActive(const std::function<ApiAnswer(Daemon&)>& call);
  ApiAnswer ForReader(const std::function<ApiAnswer(Daemon&)>& active,
                      const std::function<ApiAnswer(indexswap::Engine&)>& standby);
  ApiAnswer Refusal() const;
  ApiAnswer StandbyStatus(indexswap::Engine& engine) const;
  std::string WhoHoldsIt() const;
  std::string WhoHolds(const indexswap::Lease& lease) const;
  Config config() const;

  const ServiceTools tools_;
  const std::optional<Schedule> every_;
  const std::string state_;
  std::string address_;
  bool settled_ = false;  // it has been standby or active: from now on it waits whatever comes

  // Of the thread of Run and Stop; calls of the Api see them through a Visit.
  std::unique_ptr<Tenure> tenure_;
  std::unique_ptr<Daemon> daemon_;

  mutable std::mutex mutex_;
  std::condition_variable left_;
  Config config_;
  int visits_ = 0;
  Tenure* open_ = nullptr;                  // may be visited
  Daemon* active_ = nullptr;                // may be visited
  std::optional<indexswap::Lease> holder_;  // as the last look found it
  std::string trouble_;  // why nobody knows who holds the lease; empty: it is known
  std::string ended_;    // why it serves no more; empty: it does
};

}  // namespace syncd

#endif  // SYNCD_DAEMON_SERVICE_H_
