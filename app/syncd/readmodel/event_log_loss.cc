// What the log is asked when a generation, or the whole folder, was lost.
#include <absl/strings/str_format.h>

#include <algorithm>

#include "syncd/readmodel/event_log.h"

namespace syncd {

absl::StatusOr<uint64_t> EventLog::OldestKept() {
  const std::lock_guard lock(mutex_);
  auto select = db_->Prepare("SELECT min(position) FROM event");
  if (!select.ok()) return select.status();
  const auto row = select->Step();
  if (!row.ok()) return row.status();
  return select->IsNull(0) ? head_.load() : static_cast<uint64_t>(select->Integer(0)) - 1;
}

absl::Status EventLog::ForgetAll(uint64_t position) {
  const std::lock_guard lock(mutex_);
  const uint64_t head = std::max(head_.load(), position);
  const absl::Status s = db_->Execute(
      absl::StrFormat("BEGIN IMMEDIATE; DELETE FROM event; DELETE FROM entity_order;"
                      "DELETE FROM sqlite_sequence WHERE name = 'event';"
                      "INSERT INTO sqlite_sequence (name, seq) VALUES ('event', %d); COMMIT",
                      head));
  if (!s.ok()) {
    if (db_->InTransaction()) db_->Execute("ROLLBACK").IgnoreError();
    return s;
  }
  head_ = head;
  next_position_ = head + 1;
  return absl::OkStatus();
}

}  // namespace syncd
