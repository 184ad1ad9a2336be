// Results as one JSON object on stdout; the fields are a contract (docs/command-line.md).
#ifndef SYNCD_CLI_OUTPUT_H_
#define SYNCD_CLI_OUTPUT_H_

#include <absl/status/status.h>
#include <indexswap/engine.h>

#include <optional>
#include <string>
#include <vector>

#include "syncd/readmodel/dead_letters.h"
#include "syncd/sync/runner.h"

namespace syncd {

// One generation's dead letter; its id for people is `13-1`.
struct GenerationDeadLetter {
  uint64_t generation = 0;
  DeadLetter letter;
};

// What the state folder tells beside the store.
struct LocalStatus {
  int64_t dead_letters = 0;
  std::optional<uint64_t> run;  // the run that is under way, or was cut off
  std::string run_stage;
  std::vector<ChannelState> channels;
};

std::string ErrorJson(const absl::Status& status);
std::string SyncJson(const SyncOutcome& outcome, const indexswap::ReleaseStatus* status);
std::string StatusJson(const indexswap::ReleaseStatus& status, const LocalStatus& local);
std::string PlanJson(const indexswap::SwapReport& report, const std::vector<std::string>& indexes);
std::string RollbackJson(const indexswap::SwapReport& report);
std::string PruneJson(const indexswap::PruneReport& report, bool dry_run);
std::string DeadLettersJson(const std::vector<GenerationDeadLetter>& letters);
std::string DeadLetterJson(const GenerationDeadLetter& letter);

// `13-1`.
std::string DeadLetterId(const GenerationDeadLetter& letter);

// `2026-11-23T21:00:00Z`.
std::string FormatTime(int64_t ms_since_1970);

// Prints a line on stdout and flushes it.
void PrintLine(const std::string& line);

}  // namespace syncd

#endif  // SYNCD_CLI_OUTPUT_H_
