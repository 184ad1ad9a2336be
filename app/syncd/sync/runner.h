// One sync from beginning to end: receive, load, seal, promote; or go on where an earlier one was
// cut off.
#ifndef SYNCD_SYNC_RUNNER_H_
#define SYNCD_SYNC_RUNNER_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "syncd/config/config.h"
#include "syncd/plan/plan.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/generation_file.h"
#include "syncd/readmodel/journal.h"
#include "syncd/sync/hooks.h"
#include "syncd/sync/refused.h"
#include "syncd/sync/warm_set.h"
#include "syncd/wiring.h"

namespace syncd {

// What a sync is asked to do.
struct SyncRequest {
  std::string source;                   // `queues` or `files:<folder>`, for the record
  std::optional<uint64_t> promote;      // only promote this sealed generation
  std::vector<std::string> overrides;   // gates let through by name
  std::optional<std::string> if_state;  // refuse if the store's state is another
  bool adopt = false;                   // the snapshot is what another program made
};

// What became of a sync.
struct SyncOutcome {
  absl::Status status;  // OK: the generation is live
  std::string state;    // promoted, refused, failed, interrupted
  uint64_t generation = 0;
  bool resumed = false;
  std::map<std::string, uint64_t> documents;  // by family
  std::vector<indexswap::GateResult> gates;
  std::vector<ChannelState> channels;
  std::vector<std::string> pending;  // aliases left out of the swap
  int64_t dead_letters = 0;
  double receive_s = 0;
  double load_s = 0;
  double build_s = 0;  // from the beginning to just before the swap
  double swap_ms = 0;
};

// Runs syncs. Not thread-safe. The caller holds the lock on the state folder.
class SyncRunner {
 public:
  // What a runner works with; nothing is owned. `refused` must be what the engine's observer hands
  // refused documents to.
  struct Tools {
    const Plan& plan;
    const Config& config;
    indexswap::Engine& engine;
    Journal& journal;
    EventLog& log;
    WarmSet& warm;
    Sources& sources;
    RefusedDocuments& refused;
    RunHooks& hooks;
  };

  explicit SyncRunner(const Tools& tools);

  SyncOutcome Run(const SyncRequest& request);

  // Ends for good what was interrupted.
  absl::Status Abandon(uint64_t generation, const std::string& reason);

 private:
  // A run that was cut off, and can be gone on with.
  struct Unfinished {
    uint64_t generation = 0;
    std::unique_ptr<GenerationFile> file;
    RunInfo run;
  };

  absl::Status CheckPlan(const SyncRequest& request, SyncOutcome& outcome);
  absl::StatusOr<indexswap::ReleaseStatus> TakeUp(const SyncRequest& request);
  absl::Status RunSteps(const SyncRequest& request, SyncOutcome& outcome);
  absl::Status Adopt(const SyncRequest& request, SyncOutcome& outcome);
  absl::Status ReadIntoFile(const indexswap::AdoptionPlan& plan, RunInfo& run,
                            const indexswap::Build& build, SyncOutcome& outcome);
  absl::StatusOr<std::optional<Unfinished>> FindUnfinished(const indexswap::ReleaseStatus& status);
  absl::Status CleanUp(const indexswap::ReleaseStatus& status, uint64_t keep);
  absl::Status GiveUp(uint64_t generation, const std::string& reason);
  absl::Status BeginNew(const SyncRequest& request, SyncOutcome& outcome);
  absl::Status Continue(Unfinished unfinished, const indexswap::ReleaseStatus& status,
                        const SyncRequest& request, SyncOutcome& outcome);
  absl::Status Receive(GenerationFile& file, RunInfo& run, SyncOutcome& outcome);
  absl::Status LoadAndSeal(GenerationFile& file, RunInfo& run, indexswap::Build& build,
                           SyncOutcome& outcome);
  absl::Status Promote(GenerationFile* file, const SyncRequest& request, SyncOutcome& outcome);
  absl::StatusOr<indexswap::SwapReport> Swap(uint64_t generation, const SyncRequest& request);
  bool Announce(const std::vector<std::string>& pending);
  absl::Status SetStage(GenerationFile& file, RunInfo& run, RunStage stage);
  std::vector<indexswap::GateResult> JudgeChannels(const GenerationFile& file) const;
  void Fill(SyncOutcome& outcome);
  absl::Status JudgeRoom(const SyncRequest& request, SyncOutcome& outcome);
  void GoOnWithRoom(const SyncRequest& request);
  absl::Status KeepRoom();
  void GiveBackRoom(SyncOutcome& outcome);
  std::string PathOf(uint64_t generation) const;
  Durability durability() const;

  const Plan& plan_;
  const Config& config_;
  indexswap::Engine& engine_;
  Journal& journal_;
  EventLog& log_;
  WarmSet& warm_;
  Sources& sources_;
  RefusedDocuments& refused_;
  RunHooks& hooks_;
  std::optional<indexswap::GateResult> disk_;  // of the build under way
  bool full_ = false;                          // it was given up because of the disk
};

}  // namespace syncd

#endif  // SYNCD_SYNC_RUNNER_H_
