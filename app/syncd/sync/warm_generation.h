// One generation that is kept up to date: live events go into its file, and from there to its
// index.
#ifndef SYNCD_SYNC_WARM_GENERATION_H_
#define SYNCD_SYNC_WARM_GENERATION_H_

#include <absl/status/status.h>
#include <indexswap/engine.h>
#include <indexswap/observer.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "syncd/readmodel/event_file.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/sync/poison.h"

namespace syncd {

// What a warm generation tells. Called from its thread; must return quickly and not call back.
struct WarmCallbacks {
  // Its answered position has risen.
  std::function<void()> answered = [] {};
  // The lease: nothing can be written any more.
  std::function<void(const absl::Status&)> lost = [](const absl::Status&) {};
  std::function<void(indexswap::Observer::Severity, const std::string&)> note =
      [](indexswap::Observer::Severity, const std::string&) {};
  // A named step; see cli/steps.h.
  std::function<void(std::string_view)> step = [](std::string_view) {};
};

// How one generation is doing.
struct WarmState {
  uint64_t generation = 0;
  uint64_t cursor = 0;    // the last event in its file
  uint64_t answered = 0;  // the last that its index has answered for
  std::string trouble;    // why it does not get on at the moment; empty: it does
  std::string cold;       // why it gets no events any more; empty: it does
  std::string lacks;      // events that it has left out while live, for its plan lacks them
};

// Applies events to one generation on a thread of its own, so that a sick one holds up no other. A
// store that can't be reached, or is too busy, is tried again for as long as it takes; one document
// that it fails with, while it takes others, becomes a dead letter (see PoisonWatch); a file that
// fails, or a plan that can't read an event, makes the generation cold, and so does an index that
// is gone, unless the generation is live: that one leaves out what its plan lacks, and turns cold
// when it is live no more. Thread-safe.
class WarmGeneration {
 public:
  // Nothing is owned; everything must outlive it. With `drains` false, documents stay in the outbox
  // until Drain is called: while a build is loaded. `give_up`: PoisonWatch's.
  WarmGeneration(uint64_t generation, std::string state_dir, indexswap::Engine& engine,
                 EventLog& log, bool drains, std::chrono::milliseconds give_up,
                 WarmCallbacks callbacks);
  ~WarmGeneration();  // stops, and waits for a request under way

  // There is something new in the log.
  void Wake();

  // From now on documents go to the index.
  void StartDraining();

  void SetLive(bool live);

  // From now on no event is applied, until Thaw. Returns the cursor, which stands still. What is
  // already in the file still goes to the index.
  uint64_t Freeze();

  // Applies events up to `position`, and none above it until Thaw; returns when the index has
  // answered for all of them. kDeadlineExceeded; kFailedPrecondition when it is cold.
  absl::Status CatchUp(uint64_t position, std::chrono::steady_clock::time_point deadline);

  void Thaw();

  // Documents by family that the index has when everything is answered for. Only while it stands
  // still.
  absl::StatusOr<std::map<std::string, uint64_t>> ExpectedDocuments();

  // Sends one document again. kNotFound when there is no such document any more.
  absl::Status Requeue(const std::string& family, const std::string& id);

  WarmState state() const;

 private:
  static constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

  void Run();
  bool RunOnce();
  absl::Status OpenFile();
  absl::Status CheckPlan();
  absl::StatusOr<bool> ApplyNext();
  absl::Status Apply(const std::vector<LoggedEvent>& events, uint64_t cursor);
  absl::Status PutAside(const LoggedEvent& event, const absl::Status& reason);
  absl::Status DrainNow();
  absl::Status DrainFile(absl::Status& of_engine);
  absl::StatusOr<std::vector<size_t>> Send(const std::vector<DocumentChange>& changes,
                                           uint64_t position);
  absl::StatusOr<std::vector<indexswap::BulkResult>> Write(
      const std::vector<indexswap::Change>& writes);
  absl::StatusOr<bool> TakeAnswer(const DocumentChange& change,
                                  const indexswap::BulkResult& result);
  absl::Status SendAlone();
  absl::Status KeepRefused(const DocumentChange& change, const std::string& reason);
  void Publish(uint64_t answered);
  void Fail(const absl::Status& status, bool of_file);
  void TurnCold(const std::string& reason);

  const uint64_t generation_;
  const std::string state_dir_;
  indexswap::Engine& engine_;
  EventLog& log_;
  const WarmCallbacks callbacks_;

  std::mutex file_mutex_;  // held while the file is used
  std::unique_ptr<EventFile> file_;
  std::unique_ptr<EventLogReader> reader_;
  PoisonWatch poison_;
  std::vector<std::pair<DocumentChange, uint64_t>> alone_;  // to be sent so in this turn, versions
  absl::Status failing_;  // a document that the server has failed with in this turn

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  WarmState state_;
  uint64_t limit_ = kNoLimit;
  bool drains_;
  bool live_ = false;
  bool opened_ = false;   // the file was, so that the cursor is its own
  bool checked_ = false;  // its plan was, since it last became, or ceased to be, live
  bool applying_ = false;
  bool dirty_ = true;  // the outbox may have something
  bool woken_ = true;
  bool stop_ = false;
  std::chrono::milliseconds wait_{0};  // before the next try; zero: no trouble
  std::thread thread_;
};

}  // namespace syncd

#endif  // SYNCD_SYNC_WARM_GENERATION_H_
