// The generations' files in the state folder.
#ifndef SYNCD_SYNC_STATE_FILES_H_
#define SYNCD_SYNC_STATE_FILES_H_

#include <absl/status/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/generation_file.h"

namespace syncd {

// The generations that have a file in `folder`, ascending. Empty when there is no such folder.
std::vector<uint64_t> GenerationsIn(const std::string& folder);

// Removes a generation's file with what SQLite keeps beside it, and its drafts. OK when there is
// none.
absl::Status RemoveGenerationFile(const std::string& folder, uint64_t generation);

// One file of a generation: `v13.db`, `v13.db-wal`, or what is left of a draft, `v13.db.new`.
struct StateFile {
  uint64_t generation = 0;
  std::string name;
  uint64_t bytes = 0;
};

// Every such file in `folder`, by generation and name.
std::vector<StateFile> StateFilesIn(const std::string& folder);

// Whether a build of this stage can be gone on with.
bool IsUnfinished(RunStage stage);

// Whether a live generation of this stage has gone live without a note of it.
bool MayHaveGoneLive(RunStage stage);

// Notes that a generation has been live, so that no sync goes on with it. OK when it has no file.
absl::Status NoteWasLive(const std::string& folder, uint64_t generation);

// kUnimplemented when the live generation's file was written by a newer syncd: nothing could be
// acknowledged. Whatever else is wrong with a file is found, and told of, when it is used.
absl::Status CheckLiveFile(const std::string& folder, std::optional<uint64_t> live);

// The generation of a run from queues that was cut off, under this plan: a sync would go on with
// it.
std::optional<uint64_t> CutOffRun(const std::string& folder, const Plan& plan,
                                  std::optional<uint64_t> live);

}  // namespace syncd

#endif  // SYNCD_SYNC_STATE_FILES_H_
