// Receives a snapshot: carries out what the state machine of a run wants, from sources into the
// generation's file.
#ifndef SYNCD_SYNC_RECEIVER_H_
#define SYNCD_SYNC_RECEIVER_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/decoder.h"
#include "syncd/readmodel/generation_file.h"
#include "syncd/readmodel/journal.h"
#include "syncd/sources/source.h"
#include "syncd/sync/hooks.h"
#include "syncd/sync/run.h"
#include "syncd/wiring.h"

namespace syncd {

// Receives every snapshot channel of the file's plan. A message is acknowledged only after the
// transaction that it is part of has been committed. A queue is read until every channel has ended,
// so that what comes behind its own end still adds what is not there yet. Used once, from one
// thread.
class Receiver {
 public:
  struct Options {
    RunTimeouts timeouts;
    bool sequential = false;    // each channel after the one before it in the plan
    bool resumed = false;       // the file has been received into before
    int64_t started_at_ms = 0;  // when the run began, since 1970
    // Whether this process is the writer beyond doubt; kUnavailable: it is in doubt, and may turn
    // out to be so. As Engine::ConfirmLease. Empty: it is.
    std::function<absl::Status()> confirm;
    // Asked with every turn that took something; its error ends the run. Empty: there is room.
    std::function<absl::Status()> keep_room;
  };

  // Nothing is owned.
  Receiver(Sources& sources, GenerationFile& file, Journal& journal, Options options,
           RunHooks& hooks);
  ~Receiver();

  // Returns when every channel has ended. kCancelled when interrupted; kFailedPrecondition when a
  // queue can't be had (another consumer), or the disk has no room; kDeadlineExceeded when a
  // channel stalls, with what the run waited for; kAborted when the lease is lost. Whatever is not
  // committed goes back to its queue. While the lease is in doubt, nothing is sent or acknowledged,
  // and no time passes.
  absl::Status Receive();

 private:
  struct Channel {
    const PlanChannel* plan = nullptr;
    std::unique_ptr<Source> source;    // while open
    std::unique_ptr<Decoder> decoder;  // to find markers among what is left over
    bool ended = false;
  };
  // What one turn took from one source.
  struct Haul {
    uint64_t messages = 0;
    uint64_t records = 0;
    uint64_t markers = 0;
    uint64_t left_over = 0;          // of the messages
    uint64_t left_over_markers = 0;  // in those
    std::optional<uint64_t> expected;
    Position last;
    bool file_ended = false;
    bool interrupted = false;
    bool lost = false;  // the source can't be read any more
  };
  using Hauls = std::map<std::string, Haul>;
  // What a broker that was away kept from being done.
  struct Postponed {
    RunEffect effect;
    std::chrono::steady_clock::time_point next_try;
    std::chrono::steady_clock::time_point give_up;
  };

  std::vector<RunChannel> Setup();
  absl::Status CarryOut(const std::vector<RunEffect>& effects);
  absl::Status CarryOut(const RunEffect& effect);
  absl::Status Reach(const RunEffect& effect, std::chrono::steady_clock::time_point give_up);
  absl::Status TryAgain();
  absl::Status Open(const std::string& name);
  absl::Status SendStart(const std::string& name);
  absl::Status End(const std::string& name);
  absl::StatusOr<bool> Turn();
  absl::Status Fill(const std::string& name, std::chrono::milliseconds wait, Haul& haul);
  bool IsLeftOver(const std::string& name, const Message& message) const;
  absl::Status TakeIn(const std::string& name, const Message& message, Haul& haul);
  absl::Status CommitAndAck(Hauls& hauls);
  absl::Status Tell(const Hauls& hauls);
  absl::Status Event(RunEvent event);
  absl::Status AwaitWriter();
  RunTime Now() const { return std::chrono::steady_clock::now() - paused_; }
  void Report();

  Sources& sources_;
  GenerationFile& file_;
  Journal& journal_;
  const Options options_;
  RunHooks& hooks_;
  std::map<std::string, Channel> channels_;
  std::unique_ptr<Run> run_;
  std::vector<Postponed> postponed_;
  bool in_batch_ = false;
  size_t turn_ = 0;                                // whose turn it is to be waited for
  std::chrono::steady_clock::duration paused_{0};  // in doubt about the lease
};

}  // namespace syncd

#endif  // SYNCD_SYNC_RECEIVER_H_
