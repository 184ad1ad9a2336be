#include "indexswap/engine/bulk_writer.h"

#include <absl/strings/str_format.h>

#include <algorithm>

namespace indexswap {
namespace {

constexpr int kVersionBits = 40;

// What an item takes in a request beside its id and its document: the action line, roughly.
constexpr size_t kItemOverheadBytes = 128;

size_t Bytes(const BulkItem& item) {
  return item.id.size() + item.document.size() + kItemOverheadBytes;
}

std::string Text(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

uint64_t FencedVersion(uint64_t epoch, uint64_t version) { return epoch << kVersionBits | version; }

BulkWriter::BulkWriter(IndexStore& store, LeaseKeeper& lease, const BulkOptions& options,
                       Clock& clock, Observer& observer, OnRefused on_refused)
    : store_(store),
      lease_(lease),
      options_(options),
      clock_(clock),
      observer_(observer),
      on_refused_(std::move(on_refused)) {
  for (int i = 0; i < std::max(options_.in_flight, 1); ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

BulkWriter::~BulkWriter() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

absl::Status BulkWriter::Add(BulkItem item) {
  const size_t bytes = Bytes(item);
  std::unique_lock lock(mutex_);
  // A document larger than the whole buffer is let in alone rather than never.
  const auto fits = [&] {
    return !error_.ok() || buffered_bytes_ == 0 ||
           buffered_bytes_ + bytes <= options_.max_buffered_bytes;
  };
  if (!fits()) {
    CloseBatch();  // else a batch that no one sends could be what fills the buffer
    space_.wait(lock, fits);
  }
  if (!error_.ok()) return error_;
  if (!open_.items.empty() && open_.bytes + bytes > options_.max_bytes) CloseBatch();
  open_.items.push_back(std::move(item));
  open_.bytes += bytes;
  buffered_bytes_ += bytes;
  high_water_bytes_ = std::max(high_water_bytes_, buffered_bytes_);
  if (open_.items.size() >= options_.max_documents || open_.bytes >= options_.max_bytes) {
    CloseBatch();
  }
  return absl::OkStatus();
}

void BulkWriter::CloseBatch() {
  if (open_.items.empty()) return;
  queue_.push_back(std::move(open_));
  open_ = Batch();
  work_.notify_one();
}

absl::Status BulkWriter::Flush() {
  std::unique_lock lock(mutex_);
  CloseBatch();
  space_.wait(lock, [this] { return !error_.ok() || (queue_.empty() && in_flight_ == 0); });
  return error_;
}

BulkCounts BulkWriter::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

size_t BulkWriter::high_water_bytes() const {
  const std::lock_guard lock(mutex_);
  return high_water_bytes_;
}

void BulkWriter::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return stop_ || (!queue_.empty() && error_.ok()); });
    if (stop_) return;
    Batch batch = std::move(queue_.front());
    queue_.pop_front();
    ++in_flight_;
    lock.unlock();
    const size_t bytes = batch.bytes;
    const absl::Status status = Send(std::move(batch));
    lock.lock();
    --in_flight_;
    buffered_bytes_ -= bytes;
    if (error_.ok()) error_ = status;
    space_.notify_all();
  }
}

absl::Status BulkWriter::Send(Batch batch) {
  std::vector<BulkItem> items = std::move(batch.items);
  auto wait = options_.retry_min;
  auto give_up_at = clock_.Monotonic() + options_.give_up;
  while (true) {
    bool progress = false;
    std::string obstacle;
    if (absl::Status s = SendOnce(items, progress, obstacle); !s.ok()) return s;
    if (items.empty()) return absl::OkStatus();
    if (progress) {
      wait = options_.retry_min;
      give_up_at = clock_.Monotonic() + options_.give_up;
    }
    if (clock_.Monotonic() >= give_up_at) {
      return absl::UnavailableError(
          absl::StrFormat("%d documents could not be written for %d ms: %s", items.size(),
                          options_.give_up.count(), obstacle));
    }
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return absl::CancelledError("the writer was closed");
      counts_.retried += items.size();
    }
    clock_.SleepFor(wait);
    wait = std::min(wait * 2, options_.retry_max);
  }
}

absl::Status BulkWriter::SendOnce(std::vector<BulkItem>& items, bool& progress,
                                  std::string& obstacle) {
  const absl::StatusOr<Fence> fence = lease_.Current();
  if (!fence.ok()) return fence.status();
  // The caller's version comes back out of the low bits, whichever epoch a former try has put in.
  for (BulkItem& item : items) {
    item.version = FencedVersion(fence->epoch, item.version & ((1ULL << kVersionBits) - 1));
  }
  observer_.OnStep("bulk.before");
  absl::StatusOr<std::vector<BulkResult>> results = store_.Bulk(*fence, items);
  observer_.OnStep("bulk.after");
  {
    const std::lock_guard lock(mutex_);
    ++counts_.requests;
  }
  if (results.ok()) return Sort(items, *std::move(results), progress, obstacle);
  obstacle = Text(results.status());
  switch (results.status().code()) {
    case absl::StatusCode::kOutOfRange:
      return Split(items, progress, obstacle);
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

absl::Status BulkWriter::Sort(std::vector<BulkItem>& items, std::vector<BulkResult> results,
                              bool& progress, std::string& obstacle) {
  if (results.size() != items.size()) {
    return absl::InternalError(
        absl::StrFormat("the store answered for %d of %d documents", results.size(), items.size()));
  }
  std::vector<BulkItem> again;
  uint64_t written = 0;
  bool fenced = false;
  for (size_t i = 0; i < items.size(); ++i) {
    switch (results[i].outcome) {
      case BulkResult::Outcome::kDone:
      case BulkResult::Outcome::kNotNewer:
        ++written;
        progress = true;
        continue;
      case BulkResult::Outcome::kRefused:
        Refuse(items[i], results[i].reason);
        progress = true;
        continue;
      case BulkResult::Outcome::kFenced:
        fenced = true;
        break;
      case BulkResult::Outcome::kBusy:
      case BulkResult::Outcome::kBlocked:
        break;
    }
    obstacle = results[i].reason;
    again.push_back(std::move(items[i]));
  }
  const uint64_t sent_epoch = again.empty() ? 0 : again.front().version >> kVersionBits;
  items = std::move(again);
  {
    const std::lock_guard lock(mutex_);
    counts_.written += written;
  }
  if (!fenced) return absl::OkStatus();
  const auto now = lease_.Current();
  if (!now.ok()) return now.status();
  if (now->epoch != sent_epoch) return absl::OkStatus();
  lease_.NoteLost();
  return lease_.Current().status();
}

absl::Status BulkWriter::Split(std::vector<BulkItem>& items, bool& progress,
                               std::string& obstacle) {
  if (items.size() == 1) {
    Refuse(items.front(), "too large for the store, even alone: " + obstacle);
    progress = true;
    items.clear();
    return absl::OkStatus();
  }
  std::vector<BulkItem> second(std::make_move_iterator(items.begin() + items.size() / 2),
                               std::make_move_iterator(items.end()));
  items.resize(items.size() / 2);
  if (absl::Status s = SendOnce(items, progress, obstacle); !s.ok()) return s;
  if (absl::Status s = SendOnce(second, progress, obstacle); !s.ok()) return s;
  std::move(second.begin(), second.end(), std::back_inserter(items));
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
