// The state folder's journal: what must outlive a generation.
//
// Epoch, identity, and the end markers that senders still owe are here; the live events, in the
// same file, are event_log.h.
#ifndef SYNCD_READMODEL_JOURNAL_H_
#define SYNCD_READMODEL_JOURNAL_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "syncd/readmodel/database.h"
#include "syncd/readmodel/format.h"

namespace syncd {

inline constexpr char kJournalFile[] = "journal.db";

// The version of its tables. Whoever changes them adds a step.
const FileFormat& JournalFormat();

// The journal of `state_dir`, by itself. Errors: those of OpenFile.
absl::StatusOr<std::unique_ptr<Database>> OpenJournalFile(const std::string& state_dir,
                                                          Database::Mode mode);

// `journal.db` in the state folder. Every change is on the disk when its call returns.
// Thread-safe; the holder of the folder's lock alone writes. Errors: those of Database.
class Journal {
 public:
  // Opens, or creates, the journal of `state_dir`, a folder that is there. Errors: those of
  // OpenFile, too.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& state_dir);

  // Random, made with the file: two processes with one id share a state folder, and its lock.
  const std::string& state_id() const { return state_id_; }

  // The highest epoch that this folder's owner has had; 0 before the first.
  absl::StatusOr<uint64_t> Epoch();

  // Keeps `epoch` unless a higher one is kept.
  absl::Status RaiseEpoch(uint64_t epoch);

  // End markers of `channel` that were asked for and have not come.
  absl::StatusOr<uint64_t> Owed(std::string_view channel);

  // One more, before a start is published: a marker that nobody waits for would end a later run's
  // channel too early.
  absl::Status RaiseOwed(std::string_view channel);

  // One fewer, when a marker comes; stays at 0.
  absl::Status LowerOwed(std::string_view channel);

  // None any more: the time in which they could have come is over.
  absl::Status ClearOwed(std::string_view channel);

 private:
  Journal(std::unique_ptr<Database> db, std::string state_id)
      : db_(std::move(db)), state_id_(std::move(state_id)) {}

  absl::Status ChangeOwed(const char* sql, std::string_view channel);

  std::mutex mutex_;  // held while the connection is used
  std::unique_ptr<Database> db_;
  const std::string state_id_;
};

}  // namespace syncd

#endif  // SYNCD_READMODEL_JOURNAL_H_
