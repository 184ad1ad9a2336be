// What a daemon and the commands do alike to keep a state folder in order.
#ifndef SYNCD_DAEMON_MAINTENANCE_H_
#define SYNCD_DAEMON_MAINTENANCE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "syncd/readmodel/event_log.h"
#include "syncd/report/report.h"
#include "syncd/sync/warm_set.h"

namespace syncd {

// Forgets events that every warm generation has and no new build will want, and the orders of
// entities that have not changed for 15 days, longer than any queue keeps a message (SQS: 14 days),
// or for as long as a dead letter is kept, which may be retried under its old order. Gives back to
// the disk what that frees.
absl::Status TrimJournal(EventLog& log, const WarmSet& warm, std::chrono::milliseconds overlap,
                         std::chrono::milliseconds keep_dead_letters);

// Marks a build as given up, in its file and in the store.
absl::Status AbandonGeneration(indexswap::Engine& engine, WarmSet& warm,
                               const std::string& state_dir, uint64_t generation,
                               const std::string& reason);

// The files of generations that are in the store no more. They are all that is left of one whose
// indexes are missing by mistake, so only somebody who asks for it removes them.
enum class Orphans { kRemove, kKeep };

// Deletes what retention allows, and the files of what is gone: of generations that are deleted,
// and orphans. Never those of what is kept, or of a generation that `warm` keeps up to date. With
// `dry_run` it only says what it would do.
absl::StatusOr<PruneOutcome> PruneAll(indexswap::Engine& engine, WarmSet* warm,
                                      const std::string& state_dir, bool dry_run,
                                      Orphans orphans = Orphans::kRemove);

// What the state folder alone tells.
LocalStatus ReadStateFolder(const std::string& state_dir, std::optional<uint64_t> live);

// Adds a finding to `status` if the folder's disk has no room for the next build.
void AddDiskFinding(const std::string& state_dir, const LocalStatus& local, uint64_t min_free_bytes,
                    indexswap::ReleaseStatus& status);

// Adds to `local` what the journal of a folder tells; nothing if there is none.
void AddJournal(const std::string& state_dir, LocalStatus& local);

// Every dead letter of the folder: of its builds, and of live events.
absl::StatusOr<std::vector<GenerationDeadLetter>> ListDeadLetters(const std::string& state_dir);

// One dead letter, with its body. kNotFound.
absl::StatusOr<GenerationDeadLetter> GetDeadLetter(const std::string& state_dir,
                                                   const DeadLetterIdParts& id);

// Takes a dead letter of a build away for good.
absl::Status DropBuildDeadLetter(const std::string& state_dir, const DeadLetterIdParts& id);

// Takes a dead letter of a build in once more, as a message that came late; once its load has begun
// by way of `log`, if there is one that somebody reads. kFailedPrecondition when the build is
// promoted or given up, or the letter is a refused document, which only a new build writes anew;
// kInvalidArgument when it still is no record.
absl::Status RetryBuildDeadLetter(const std::string& state_dir, const DeadLetterIdParts& id,
                                  EventLog* log);

// Takes a dead letter of live events in again: a rejected message under its old order, a refused
// document into its generation. The letter goes, unless it is still rejected: kInvalidArgument.
absl::Status RetryEventDeadLetter(EventLog& log, WarmSet& warm, int64_t id);

}  // namespace syncd

#endif  // SYNCD_DAEMON_MAINTENANCE_H_
