#include "indexswap/engine/bulk_writer.h"

#include <absl/strings/str_format.h>

#include <algorithm>

namespace indexswap {
namespace {

// How long it takes at most until a wait sees that the lease is lost, and how often OnWait is
// called.
constexpr std::chrono::milliseconds kLook{100};

}  // namespace

BulkWriter::BulkWriter(IndexStore& store, LeaseKeeper& lease, const BulkOptions& options,
                       Clock& clock, Observer& observer, OnRefused on_refused)
    : store_(store),
      lease_(lease),
      options_(options),
      clock_(clock),
      observer_(observer),
      on_refused_(std::move(on_refused)),
      flow_(options_) {
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
  turn_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

absl::Status BulkWriter::Add(BulkItem item) {
  const size_t bytes = RequestBytes(item);
  std::unique_lock lock(mutex_);
  // A document larger than the whole buffer is let in alone rather than never.
  const auto fits = [&] {
    return !error_.ok() || buffered_bytes_ == 0 ||
           buffered_bytes_ + bytes <= options_.max_buffered_bytes;
  };
  if (!fits()) {
    CloseBatch();  // else a batch that no one sends could be what fills the buffer
    if (absl::Status s = Wait(lock, fits); !s.ok()) return s;
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
  return Wait(lock, [this] { return !error_.ok() || (queue_.empty() && in_flight_ == 0); });
}

absl::Status BulkWriter::Wait(std::unique_lock<std::mutex>& lock,
                              const std::function<bool()>& done) {
  while (!space_.wait_for(lock, kLook, done)) {
    lock.unlock();
    const absl::Status status = CallOnWait();
    lock.lock();
    if (!status.ok()) End(status);
  }
  return error_;
}

void BulkWriter::End(const absl::Status& status) {
  if (error_.ok()) error_ = status;
  space_.notify_all();
  turn_.notify_all();
}

void BulkWriter::set_on_wait(OnWait on_wait) {
  const std::lock_guard lock(mutex_);
  on_wait_ = std::move(on_wait);
}

absl::Status BulkWriter::CallOnWait() const {
  OnWait on_wait;
  {
    const std::lock_guard lock(mutex_);
    on_wait = on_wait_;
  }
  return on_wait ? on_wait() : absl::OkStatus();
}

BulkCounts BulkWriter::counts() const {
  const std::lock_guard lock(mutex_);
  BulkCounts counts = counts_;
  counts.cuts = flow_.cuts();
  return counts;
}

void BulkWriter::ReadersFirst() {
  const std::lock_guard lock(mutex_);
  flow_.ReadersFirst();
}

void BulkWriter::Readers(bool slow) {
  const std::lock_guard lock(mutex_);
  flow_.Readers(slow);
  turn_.notify_all();
}

std::string BulkWriter::blocked() const {
  const std::lock_guard lock(mutex_);
  return flow_.pause() ? flow_.pause()->cause : "";
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
    batch.sender = ++senders_;
    ++in_flight_;
    lock.unlock();
    const size_t bytes = batch.bytes;
    const absl::Status status = Send(std::move(batch));
    lock.lock();
    --in_flight_;
    buffered_bytes_ -= bytes;
    End(status);
  }
}

absl::Status BulkWriter::GoesOn() const {
  if (stop_) return absl::CancelledError("the writer was closed");
  if (!error_.ok()) return error_;
  return lease_.Current().status();
}

absl::Status BulkWriter::Sleep(std::chrono::milliseconds duration) {
  const auto until = clock_.Monotonic() + duration;
  std::unique_lock lock(mutex_);
  while (true) {
    if (absl::Status s = GoesOn(); !s.ok()) return s;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_.Monotonic());
    if (left.count() <= 0) return absl::OkStatus();
    clock_.WaitFor(turn_, lock, std::min(left, kLook));
  }
}

absl::StatusOr<FlowControl::Turn> BulkWriter::TakeTurn(uint64_t sender) {
  std::unique_lock lock(mutex_);
  while (true) {
    if (absl::Status s = GoesOn(); !s.ok()) return s;
    const auto now = clock_.Monotonic();
    const auto wait = flow_.WaitToSend(sender, now);
    if (!wait) {
      turn_.wait_for(lock, kLook);  // in between, the lease is looked at
    } else if (wait->count() <= 0) {
      ++counts_.requests;
      return flow_.Begin(now);
    } else {
      clock_.WaitFor(turn_, lock, std::min(*wait, kLook));
    }
  }
}

void BulkWriter::EndTurn(const Batch& batch, const FlowControl::Turn& turn, const Round& round,
                         bool answered) {
  const auto now = clock_.Monotonic();
  const bool clean = answered && round.obstacle.empty();
  bool begins = false;
  std::optional<FlowControl::Pause> over;
  {
    const std::lock_guard lock(mutex_);
    flow_.End(turn,
              round.pressure ? FlowControl::Load::kPressure
              : clean        ? FlowControl::Load::kClean
                             : FlowControl::Load::kOther,
              now);
    if (!round.block.empty()) {
      begins = flow_.Block(batch.sender, round.block, now);
      if (begins) ++counts_.pauses;
    } else if (answered) {
      over = flow_.Through(batch.sender);
    }
    if (over) counts_.paused += std::chrono::ceil<std::chrono::milliseconds>(now - over->since);
  }
  turn_.notify_all();
  if (begins) {
    observer_.OnNote(
        Observer::Severity::kWarning,
        absl::StrFormat("writing is paused: %s; it goes on by itself when the block is "
                        "gone: free disk space if it is the flood stage's, or have "
                        "whoever has set it remove it",
                        round.block));
  }
  if (over) {
    observer_.OnNote(
        Observer::Severity::kInfo,
        absl::StrFormat("writing goes on after %.1f s: gone is %s",
                        std::chrono::duration<double>(now - over->since).count(), over->cause));
  }
}

}  // namespace indexswap
