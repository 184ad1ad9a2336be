// What a warm generation sends to its index, and what becomes of what the index refuses.
#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "syncd/sync/warm_generation.h"

namespace syncd {
namespace {

// The longest wait before the next turn while the server fails with some documents only.
constexpr std::chrono::milliseconds kBesideFailing{1000};

}  // namespace

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
    status = DrainFile(of_engine);
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
  // What came meanwhile does not wait for long behind one document.
  const std::lock_guard lock(mutex_);
  if (!failing_.ok()) wait_ = std::min(wait_, kBesideFailing);
  return status;
}

// With the file's lock. `of_engine`: the error, if it is one of the store.
absl::Status WarmGeneration::DrainFile(absl::Status& of_engine) {
  alone_.clear();
  failing_ = absl::OkStatus();
  const auto send = [&](const std::vector<DocumentChange>& changes, uint64_t position) {
    auto refused = Send(changes, position);
    of_engine = refused.status();
    return refused;
  };
  const auto settle = [&] {
    of_engine = SendAlone();
    if (of_engine.ok()) of_engine = failing_;
    return of_engine;
  };
  absl::Status status = file_->Drain(send, settle);
  if (status.ok()) poison_.Clear();
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
    const PoisonWatch::Way way = poison_.WayOf(change);
    const bool sent = change.failure.empty() && way != PoisonWatch::Way::kNoMore;
    if (sent && way == PoisonWatch::Way::kAlone) {
      alone_.emplace_back(change, position);
    } else if (sent) {
      writes.push_back({change.family, change.id, position, change.document});
      written.push_back(i);
    } else {
      const std::string why = change.failure.empty() ? poison_.ReasonOf(change) : change.failure;
      if (absl::Status s = KeepRefused(change, why); !s.ok()) return s;
      refused.push_back(i);
    }
  }
  if (!writes.empty()) {
    const auto results = Write(writes);
    if (!results.ok()) return results.status();
    for (size_t n = 0; n < results->size(); ++n) {
      const auto is_refused = TakeAnswer(changes[written[n]], (*results)[n]);
      if (!is_refused.ok()) return is_refused.status();
      if (*is_refused) refused.push_back(written[n]);
    }
  }
  std::ranges::sort(refused);
  return refused;
}

absl::StatusOr<std::vector<indexswap::BulkResult>> WarmGeneration::Write(
    const std::vector<indexswap::Change>& writes) {
  callbacks_.step("events.send.before");
  auto results = engine_.Apply(generation_, writes);
  callbacks_.step("events.send.after");
  if (!results.ok()) poison_.Interrupted();
  return results;
}

// True: it is refused for good, and a dead letter now. With the one that the server fails with,
// what is beside it goes on; the turn ends with that error. All of it is sent again then; versions
// make that harmless.
absl::StatusOr<bool> WarmGeneration::TakeAnswer(const DocumentChange& change,
                                                const indexswap::BulkResult& result) {
  using Outcome = indexswap::BulkResult::Outcome;
  const absl::Status trouble = absl::ResourceExhaustedError("document " + change.id + " of " +
                                                            change.family + ": " + result.reason);
  switch (result.outcome) {
    case Outcome::kDone:
    case Outcome::kNotNewer:
      poison_.GotThrough(change, result.outcome == Outcome::kDone);
      return false;
    case Outcome::kRefused:
      if (absl::Status s = KeepRefused(change, result.reason); !s.ok()) return s;
      return true;
    case Outcome::kFailed:
      failing_ = trouble;
      if (poison_.Failed(change, result.reason, std::chrono::steady_clock::now())) {
        callbacks_.note(
            indexswap::Observer::Severity::kError,
            absl::StrFormat("generation %d: document %s of %s becomes a dead letter: "
                            "%s",
                            generation_, change.id, change.family, poison_.ReasonOf(change)));
      }
      return false;
    default:
      poison_.Interrupted();
      return trouble;
  }
}

// The documents that the server has failed with too often, behind all others of this turn. What
// becomes of them for good is noted in the next turn, in its place among the others.
absl::Status WarmGeneration::SendAlone() {
  for (const auto& [change, position] : alone_) {
    const auto results = Write({{change.family, change.id, position, change.document}});
    if (!results.ok()) return results.status();
    const indexswap::BulkResult& result = results->front();
    if (result.outcome == indexswap::BulkResult::Outcome::kRefused) {
      poison_.Refused(change, result.reason);
      failing_ = absl::ResourceExhaustedError(result.reason);
      continue;
    }
    const auto taken = TakeAnswer(change, result);
    if (!taken.ok()) return taken.status();
  }
  return absl::OkStatus();
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
