// How a bulk writer brings one batch through: what is sent again, together, in halves or alone.
#include <absl/strings/str_format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "indexswap/engine/bulk_writer.h"

namespace indexswap {
namespace {

constexpr int kVersionBits = 40;

// How often the server may fail with an item before that is sent alone.
constexpr int kFailuresTogether = 5;

std::string Text(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

size_t RequestBytes(const BulkItem& item) {
  constexpr size_t kAction = 128;  // the line before the document, with its index and version
  return item.id.size() + item.document.size() + kAction;
}

uint64_t FencedVersion(uint64_t epoch, uint64_t version) { return epoch << kVersionBits | version; }

absl::Status BulkWriter::Send(Batch batch) {
  size_t next = 0;
  while (next < batch.items.size()) {
    if (absl::Status s = SendPart(Take(batch, next)); !s.ok()) return s;
  }
  return absl::OkStatus();
}

BulkWriter::Batch BulkWriter::Take(Batch& batch, size_t& next) const {
  int halvings = 0;
  {
    const std::lock_guard lock(mutex_);
    halvings = flow_.halvings();
  }
  const size_t most_bytes = options_.max_bytes >> halvings;
  const size_t most_items =
      halvings == 0 ? batch.items.size() : std::max<size_t>(options_.max_documents >> halvings, 1);
  Batch part{{}, {}, 0, batch.sender};
  while (next < batch.items.size() && part.items.size() < most_items) {
    BulkItem& item = batch.items[next];
    const size_t bytes = RequestBytes(item);
    if (halvings > 0 && !part.items.empty() && part.bytes + bytes > most_bytes) break;
    part.items.push_back(std::move(item));
    part.bytes += bytes;
    ++next;
  }
  return part;
}

absl::Status BulkWriter::SendPart(Batch batch) {
  batch.failures.resize(batch.items.size());
  while (!batch.items.empty()) {
    const auto bad = std::ranges::find_if(
        batch.failures, [](int failures) { return failures >= kFailuresTogether; });
    if (bad == batch.failures.end()) {
      if (absl::Status s = Deliver(batch); !s.ok()) return s;
      continue;
    }
    const auto at = bad - batch.failures.begin();
    Batch alone{{std::move(batch.items[at])}, {0}, 0, batch.sender};
    batch.items.erase(batch.items.begin() + at);
    if (absl::Status s = Deliver(alone); !s.ok()) return s;
    // It was not the item: the server does what it could not do before, and may do so for the rest.
    batch.failures.assign(batch.items.size(), 0);
  }
  return absl::OkStatus();
}

absl::Status BulkWriter::Deliver(Batch& batch) {
  Backoff backoff(options_.retry_min, options_.retry_max);
  auto give_up_at = clock_.Monotonic() + options_.give_up;
  while (true) {
    Round round;
    if (absl::Status s = SendOnce(batch, round); !s.ok()) return s;
    if (batch.items.empty()) return absl::OkStatus();
    // A block loses nothing and hides nothing: it may take as long as it takes.
    if (round.progress || !round.block.empty()) {
      backoff.Reset();
      give_up_at = clock_.Monotonic() + options_.give_up;
    }
    if (clock_.Monotonic() >= give_up_at) return GiveUp(batch, round);
    {
      const std::lock_guard lock(mutex_);
      counts_.retried += batch.items.size();
    }
    const bool alone_next = std::ranges::any_of(
        batch.failures, [](int failures) { return failures == kFailuresTogether; });
    if (batch.items.size() > 1 && alone_next) return absl::OkStatus();
    if (!round.block.empty()) continue;  // the next turn comes when the block is to be probed
    if (absl::Status s = Sleep(backoff.Next()); !s.ok()) return s;
  }
}

absl::Status BulkWriter::GiveUp(const Batch& batch, const Round& round) const {
  const BulkItem& first = batch.items.front();
  if (batch.items.size() == 1 && round.failed) {
    return absl::InternalError(
        absl::StrFormat("the server has failed with document %s of index %s for %d ms, sent alone: "
                        "%s; its log says "
                        "more. Nothing was dropped: sync again when it is mended",
                        first.id, first.index, options_.give_up.count(), round.obstacle));
  }
  return absl::UnavailableError(absl::StrFormat(
      "%d documents could not be written for %d ms, the first of them %s of index %s: %s",
      batch.items.size(), options_.give_up.count(), first.id, first.index, round.obstacle));
}

void BulkWriter::Round::Add(const Round& other) {
  progress = progress || other.progress;
  pressure = pressure || other.pressure;
  failed = failed || other.failed;
  if (!other.block.empty()) block = other.block;
  if (!other.obstacle.empty()) obstacle = other.obstacle;
}

absl::Status BulkWriter::SendOnce(Batch& batch, Round& round) {
  const absl::StatusOr<FlowControl::Turn> turn = TakeTurn(batch.sender);
  if (!turn.ok()) return turn.status();
  const absl::StatusOr<Fence> fence = lease_.Current();
  if (!fence.ok()) return fence.status();
  // The caller's version comes back out of the low bits, whichever epoch a former try has put in.
  for (BulkItem& item : batch.items) {
    item.version = FencedVersion(fence->epoch, item.version & ((1ULL << kVersionBits) - 1));
  }
  observer_.OnStep("bulk.before");
  absl::StatusOr<std::vector<BulkResult>> results = store_.Bulk(*fence, batch.items);
  observer_.OnStep("bulk.after");
  if (results.ok()) {
    Round of_this;
    const absl::Status sorted = Sort(batch, *std::move(results), of_this);
    EndTurn(batch, *turn, of_this, true);
    round.Add(of_this);
    return sorted;
  }
  Round of_this;
  of_this.obstacle = Text(results.status());
  of_this.pressure = results.status().code() == absl::StatusCode::kResourceExhausted;
  EndTurn(batch, *turn, of_this, false);
  round.Add(of_this);
  switch (results.status().code()) {
    case absl::StatusCode::kOutOfRange:
      return Split(batch, round);
    case absl::StatusCode::kUnknown:  // versions make sending again harmless
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      return absl::OkStatus();
    case absl::StatusCode::kAborted:
      // Fenced by a rival, or by this process's own step to the next epoch: then send again.
      if (const auto now = lease_.Current(); now.ok() && now->epoch != fence->epoch) {
        return absl::OkStatus();
      }
      lease_.NoteLost();
      return results.status();
    default:
      return results.status();
  }
}

absl::Status BulkWriter::Sort(Batch& batch, std::vector<BulkResult> results, Round& round) {
  using Outcome = BulkResult::Outcome;
  if (results.size() != batch.items.size()) {
    return absl::InternalError(absl::StrFormat("the store answered for %d of %d documents",
                                               results.size(), batch.items.size()));
  }
  Batch again{{}, {}, 0, batch.sender};
  uint64_t written = 0;
  bool fenced = false;
  for (size_t i = 0; i < batch.items.size(); ++i) {
    BulkItem& item = batch.items[i];
    const Outcome outcome = results[i].outcome;
    if (outcome == Outcome::kDone || outcome == Outcome::kNotNewer) {
      ++written;
      continue;
    }
    if (outcome == Outcome::kRefused) {
      Refuse(item, results[i].reason);
      round.progress = true;
      continue;
    }
    fenced = fenced || outcome == Outcome::kFenced;
    round.pressure = round.pressure || outcome == Outcome::kBusy;
    round.failed = round.failed || outcome == Outcome::kFailed;
    if (outcome == Outcome::kBlocked) {
      round.block = absl::StrFormat("index %s: %s", item.index, results[i].reason);
    }
    round.obstacle = results[i].reason;
    again.failures.push_back(batch.failures[i] + (outcome == Outcome::kFailed ? 1 : 0));
    again.items.push_back(std::move(item));
  }
  round.progress = round.progress || written > 0;
  const uint64_t epoch = again.items.empty() ? 0 : again.items.front().version >> kVersionBits;
  batch = std::move(again);
  {
    const std::lock_guard lock(mutex_);
    counts_.written += written;
  }
  if (!fenced) return absl::OkStatus();
  const absl::Status why = lease_.WhyFenced({"", epoch});
  // A store that can't say is asked again, with what is sent again.
  return why.code() == absl::StatusCode::kUnavailable ? absl::OkStatus() : why;
}

absl::Status BulkWriter::Split(Batch& batch, Round& round) {
  if (batch.items.size() == 1) {
    Refuse(batch.items.front(), "too large for the store, even alone: " + round.obstacle);
    round.progress = true;
    batch.items.clear();
    batch.failures.clear();
    return absl::OkStatus();
  }
  const auto half = static_cast<std::ptrdiff_t>(batch.items.size() / 2);
  Batch second{{std::make_move_iterator(batch.items.begin() + half),
                std::make_move_iterator(batch.items.end())},
               {batch.failures.begin() + half, batch.failures.end()},
               0,
               batch.sender};
  batch.items.resize(half);
  batch.failures.resize(half);
  if (absl::Status s = SendOnce(batch, round); !s.ok()) return s;
  if (absl::Status s = SendOnce(second, round); !s.ok()) return s;
  std::move(second.items.begin(), second.items.end(), std::back_inserter(batch.items));
  batch.failures.insert(batch.failures.end(), second.failures.begin(), second.failures.end());
  return absl::OkStatus();
}

void BulkWriter::Refuse(const BulkItem& item, const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    ++counts_.refused;
  }
  on_refused_(item, reason);
}

}  // namespace indexswap
