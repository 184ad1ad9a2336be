// What the log forgets, and how its file gets smaller again.
#include <absl/strings/str_format.h>

#include <algorithm>

#include "syncd/readmodel/event_log.h"

namespace syncd {
namespace {

constexpr int kTrimRows = 5000;

// Pages (4 KiB) that stay in the file to be used again: what a busy hour needs comes and goes
// without the file being moved about.
constexpr int64_t kPagesKept = 1024;

// Pages given back at a time: live events wait for no more.
constexpr int64_t kPagesAtOnce = 512;

}  // namespace

absl::StatusOr<bool> EventLog::Trim(uint64_t position, int64_t before_ms,
                                    int64_t orders_before_ms) {
  const std::lock_guard lock(mutex_);
  auto events = db_->Prepare(
      "DELETE FROM event WHERE position IN (SELECT position FROM event WHERE position <= ?1 AND "
      "received_ms < ?2 ORDER BY position LIMIT ?3)");
  if (!events.ok()) return events.status();
  events->BindInteger(1, static_cast<int64_t>(position));
  events->BindInteger(2, before_ms);
  events->BindInteger(3, kTrimRows);
  if (absl::Status s = events->Run(); !s.ok()) return s;
  const auto deleted = db_->QueryInteger("SELECT changes()");
  if (!deleted.ok()) return deleted.status();
  auto orders = db_->Prepare("DELETE FROM entity_order WHERE changed_ms < ?1");
  if (!orders.ok()) return orders.status();
  orders->BindInteger(1, orders_before_ms);
  if (absl::Status s = orders->Run(); !s.ok()) return s;
  return *deleted >= kTrimRows;
}

absl::Status EventLog::GiveBack() {
  for (;;) {
    const std::lock_guard lock(mutex_);
    const auto unused = db_->QueryInteger("PRAGMA freelist_count");
    if (!unused.ok()) return unused.status();
    if (*unused <= kPagesKept) return absl::OkStatus();
    const int64_t pages = std::min(*unused - kPagesKept, kPagesAtOnce);
    const absl::Status s = db_->Execute(absl::StrFormat("PRAGMA incremental_vacuum(%d)", pages));
    if (!s.ok()) return s;
    const auto left = db_->QueryInteger("PRAGMA freelist_count");
    if (!left.ok()) return left.status();
    // A journal of before pages could be given back: they are used again, and that is all.
    if (*left >= *unused) return absl::OkStatus();
  }
}

}  // namespace syncd
