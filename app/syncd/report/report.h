// Results as one JSON object each: what commands print with --json, and what the HTTP interface
// answers. The fields are a contract (docs/command-line.md).
#ifndef SYNCD_REPORT_REPORT_H_
#define SYNCD_REPORT_REPORT_H_

#include <absl/status/status.h>
#include <indexswap/engine.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "syncd/readmodel/dead_letters.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/sync/rollback.h"
#include "syncd/sync/runner.h"
#include "syncd/sync/state_disk.h"
#include "syncd/sync/state_files.h"
#include "syncd/sync/warm_set.h"

namespace syncd {

// A dead letter of a build, or (generation 0) of live events. Its id for people is `13-1`, or
// `events-1`.
struct GenerationDeadLetter {
  uint64_t generation = 0;
  DeadLetter letter;
};

// The parts of such an id.
struct DeadLetterIdParts {
  uint64_t generation = 0;
  int64_t letter = 0;
};

// What is known beside the store: from the state folder, and from the process that works with it.
struct LocalStatus {
  std::string role;  // of a daemon: `active` or `standby`; empty: there is none
  int64_t dead_letters = 0;
  std::optional<uint64_t> run;  // the run that is under way, or was cut off
  std::string run_stage;
  std::vector<ChannelState> channels;
  std::map<std::string, double> rates;  // records a second, by channel, while a run is under way
  std::optional<uint64_t> loaded;       // documents
  std::optional<uint64_t> total;
  std::optional<double> eta_s;
  std::string blocked;                        // why the run can't write at the moment
  uint64_t events_head = 0;                   // the position of the last live event
  std::map<uint64_t, uint64_t> cursors;       // generation to the last event in its file
  std::map<uint64_t, WarmState> warm;         // those that a process keeps up to date
  std::set<uint64_t> hydrated;                // those whose file was made from their documents
  std::map<uint64_t, std::string> cold;       // those that nobody does any more, and why
  std::map<std::string, EventCounts> events;  // by channel, since the process began
  std::optional<SyncOutcome> last;            // the last run that ended in the process
  std::vector<std::string> findings;          // what is not as it should be, for people
  StateFacts state;                           // the folder's disk, and what is on it
};

// What was pruned, or would be: in the store, and of the state folder.
struct PruneOutcome {
  indexswap::PruneReport store;
  std::vector<StateFile> files;
};

std::string ErrorJson(const absl::Status& status);
std::string SyncJson(const SyncOutcome& outcome, const indexswap::ReleaseStatus* status);
std::string StatusJson(const indexswap::ReleaseStatus& status, const LocalStatus& local);
std::string PlanJson(const indexswap::SwapReport& report, const std::vector<std::string>& indexes);
std::string RollbackJson(const indexswap::SwapReport& report, const RollbackLoss& loss);
std::string RollbackPreviewJson(const RollbackPreview& preview);
std::string TakenNamesJson(const indexswap::SwapReport& report);
std::string PruneJson(const PruneOutcome& pruned, bool dry_run);
std::string DeadLettersJson(const std::vector<GenerationDeadLetter>& letters);
std::string DeadLetterJson(const GenerationDeadLetter& letter);

// `13-1`, and back.
std::string DeadLetterId(const GenerationDeadLetter& letter);
std::optional<DeadLetterIdParts> ParseDeadLetterId(const std::string& text);

// `2026-11-23T21:00:00Z`.
std::string FormatTime(int64_t ms_since_1970);

// The word for an error's code in JSON: `refused`, `unknown_outcome` …
std::string_view ErrorWord(const absl::Status& status);

}  // namespace syncd

#endif  // SYNCD_REPORT_REPORT_H_
