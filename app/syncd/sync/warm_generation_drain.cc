// What a warm generation sends to its index, and what becomes of what the index refuses.
#include <algorithm>
#include <utility>

#include "syncd/sync/warm_generation.h"

namespace syncd {

absl::Status WarmGeneration::DrainNow() {
  {
    const std::lock_guard lock(mutex_);
    if (!drains_) {
      wait_ = std::chrono::milliseconds(0);
      state_.trouble.clear();
    }
    if (!drains_ || !dirty_) return absl::OkStatus();
    dirty_ = false;
  }
  absl::Status of_engine;
  uint64_t answered = 0;
  absl::Status status;
  {
    const std::lock_guard lock(file_mutex_);
    status = file_->Drain([&](const std::vector<DocumentChange>& changes, uint64_t position) {
      auto refused = Send(changes, position);
      of_engine = refused.status();
      return refused;
    });
    if (status.ok()) {
      const auto position = file_->Answered();
      status = position.status();
      answered = position.value_or(0);
    }
  }
  if (status.ok()) {
    Publish(answered);
    return status;
  }
  {
    const std::lock_guard lock(mutex_);
    dirty_ = true;
  }
  Fail(status, of_engine.ok());
  return status;
}

absl::StatusOr<std::vector<size_t>> WarmGeneration::Send(const std::vector<DocumentChange>& changes,
                                                         uint64_t position) {
  {
    const std::lock_guard lock(mutex_);
    if (stop_) return absl::CancelledError("stopping");
  }
  std::vector<indexswap::Change> writes;
  std::vector<size_t> written;  // of `changes`
  std::vector<size_t> refused;
  writes.reserve(changes.size());
  for (size_t i = 0; i < changes.size(); ++i) {
    const DocumentChange& change = changes[i];
    if (change.failure.empty()) {
      writes.push_back({change.family, change.id, position, change.document});
      written.push_back(i);
      continue;
    }
    if (absl::Status s = KeepRefused(change, change.failure); !s.ok()) return s;
    refused.push_back(i);
  }
  if (writes.empty()) return refused;
  callbacks_.step("events.send.before");
  const auto results = engine_.Apply(generation_, writes);
  callbacks_.step("events.send.after");
  if (!results.ok()) return results.status();
  for (size_t n = 0; n < results->size(); ++n) {
    const indexswap::BulkResult& result = (*results)[n];
    const size_t i = written[n];
    switch (result.outcome) {
      case indexswap::BulkResult::Outcome::kDone:
      case indexswap::BulkResult::Outcome::kNotNewer:
        break;
      case indexswap::BulkResult::Outcome::kRefused:
        if (absl::Status s = KeepRefused(changes[i], result.reason); !s.ok()) return s;
        refused.push_back(i);
        break;
      default:  // all is sent again; versions make that harmless
        return absl::ResourceExhaustedError("document " + changes[i].id + " of " +
                                            changes[i].family + ": " + result.reason);
    }
  }
  std::ranges::sort(refused);
  return refused;
}

absl::Status WarmGeneration::KeepRefused(const DocumentChange& change, const std::string& reason) {
  DeadLetter letter;
  letter.kind = DeadLetter::Kind::kRefused;
  letter.generation = generation_;
  letter.family = change.family;
  letter.document_id = change.id;
  letter.body = change.document.value_or("");
  letter.reason = reason;
  return log_.AddDeadLetter(letter);
}

}  // namespace syncd
