// The one run that a daemon may have under way, on a thread of its own.
#ifndef SYNCD_DAEMON_RUN_WORKER_H_
#define SYNCD_DAEMON_RUN_WORKER_H_

#include <absl/status/status.h>
#include <indexswap/observer.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "syncd/sync/hooks.h"
#include "syncd/sync/runner.h"

namespace syncd {

// What a run looks like from outside.
struct RunView {
  uint64_t run = 0;
  std::string stage;  // receiving, loading, sealing, swapping
  RunProgress progress;
  std::map<std::string, double> rates;  // records a second, by channel, over the last seconds
  std::optional<double> eta_s;          // of the load
};

// Thread-safe.
class RunWorker {
 public:
  // Carries one run out; called on the worker's thread.
  using Work = std::function<SyncOutcome(const SyncRequest& request, RunHooks& hooks)>;

  // What the worker tells: notes, steps, and (`done`) how a run has ended, and whether it was
  // cancelled.
  struct Callbacks {
    std::function<void(indexswap::Observer::Severity, const std::string&)> note;
    std::function<void(std::string_view)> step;
    std::function<void(const SyncOutcome&, bool cancelled)> done;
  };

  RunWorker(Work work, Callbacks callbacks);
  ~RunWorker();  // interrupts, and waits

  // Begins a run under the number `run`, or returns the number of the one under way.
  std::optional<uint64_t> Start(uint64_t run, const SyncRequest& request);

  // Asks the run under way to end, for good. False if there is none.
  bool Cancel();

  // Asks it to end, to be gone on with by the next process, and waits for it. No other begins.
  void Stop();

  std::optional<RunView> view() const;

  // How the last one has ended in this process.
  std::optional<SyncOutcome> last() const;

 private:
  class Hooks;

  void Finish(const SyncOutcome& outcome);
  void Note(const RunProgress& progress);

  const Work work_;
  const Callbacks callbacks_;
  std::unique_ptr<Hooks> hooks_;

  mutable std::mutex mutex_;
  std::thread thread_;
  std::optional<RunView> view_;
  std::optional<SyncOutcome> last_;
  std::atomic<bool> interrupted_{false};
  bool cancelled_ = false;
  bool stopped_ = false;

  // For the rates: what had come at the beginning of the last few seconds.
  std::chrono::steady_clock::time_point sampled_at_;
  std::map<std::string, uint64_t> sampled_;
  uint64_t sampled_loaded_ = 0;
};

}  // namespace syncd

#endif  // SYNCD_DAEMON_RUN_WORKER_H_
