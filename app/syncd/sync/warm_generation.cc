#include "syncd/sync/warm_generation.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "syncd/readmodel/generation_file.h"

namespace syncd {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kWarning = indexswap::Observer::Severity::kWarning;
constexpr auto kError = indexswap::Observer::Severity::kError;

// One transaction takes so much. Small enough that a document is out within milliseconds under
// load, large enough that commits don't dominate.
constexpr int kEventsPerTurn = 500;
constexpr size_t kBytesPerTurn = 4u << 20;

constexpr milliseconds kFirstWait{50};
constexpr milliseconds kLongestWait{5000};

std::string Text(const absl::Status& status) { return std::string(status.message()); }

// Errors of the file that pass: another connection writes, or the disk is full.
bool Passes(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kResourceExhausted;
}

// Errors that say something about an event rather than about the disk.
bool IsPoison(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInternal ||
         status.code() == absl::StatusCode::kInvalidArgument;
}

}  // namespace

WarmGeneration::WarmGeneration(uint64_t generation, std::string state_dir,
                               indexswap::Engine& engine, EventLog& log, bool drains,
                               milliseconds give_up, WarmCallbacks callbacks)
    : generation_(generation),
      state_dir_(std::move(state_dir)),
      engine_(engine),
      log_(log),
      callbacks_(std::move(callbacks)),
      poison_(give_up),
      drains_(drains) {
  state_.generation = generation;
  thread_ = std::thread([this] { Run(); });
}

WarmGeneration::~WarmGeneration() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void WarmGeneration::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void WarmGeneration::StartDraining() {
  const std::lock_guard lock(mutex_);
  drains_ = dirty_ = woken_ = true;
  changed_.notify_all();
}

void WarmGeneration::SetLive(bool live) {
  const std::lock_guard lock(mutex_);
  if (live_ != live) checked_ = false;
  live_ = live;
  woken_ = true;
  changed_.notify_all();
}

WarmState WarmGeneration::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

uint64_t WarmGeneration::Freeze() {
  std::unique_lock lock(mutex_);
  limit_ = 0;
  changed_.wait(lock, [this] { return !applying_ || stop_; });
  limit_ = state_.cursor;
  return limit_;
}

absl::Status WarmGeneration::CatchUp(uint64_t position, steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  limit_ = std::max(position, state_.cursor);
  woken_ = true;
  changed_.notify_all();
  const auto done = [this] {
    return stop_ || !state_.cold.empty() ||
           (opened_ && checked_ && !applying_ && state_.cursor >= limit_ &&
            state_.answered >= limit_);
  };
  const bool in_time = changed_.wait_until(lock, deadline, done);
  if (!state_.cold.empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("generation %d is cold: %s", generation_, state_.cold));
  }
  if (stop_) return absl::CancelledError("stopping");
  if (in_time) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrFormat("generation %d is %d events behind%s", generation_,
                      limit_ - std::min(limit_, state_.answered),
                      state_.trouble.empty() ? "" : ": " + state_.trouble));
}

void WarmGeneration::Thaw() {
  const std::lock_guard lock(mutex_);
  limit_ = kNoLimit;
  woken_ = true;
  changed_.notify_all();
}

absl::StatusOr<std::map<std::string, uint64_t>> WarmGeneration::ExpectedDocuments() {
  const std::lock_guard lock(file_mutex_);
  if (file_ == nullptr) return absl::UnavailableError("its file is not open");
  return file_->ExpectedDocuments();
}

absl::Status WarmGeneration::Requeue(const std::string& family, const std::string& id) {
  {
    const std::lock_guard lock(file_mutex_);
    if (file_ == nullptr) return absl::UnavailableError("its file is not open");
    if (absl::Status s = file_->Requeue(family, id); !s.ok()) return s;
  }
  const std::lock_guard lock(mutex_);
  dirty_ = woken_ = true;
  changed_.notify_all();
  return absl::OkStatus();
}

void WarmGeneration::Run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (wait_ > milliseconds(0)) {
        changed_.wait_for(lock, wait_, [this] { return stop_; });
      } else {
        changed_.wait(lock, [this] { return woken_ || stop_; });
      }
      if (stop_) return;
      woken_ = false;
    }
    while (RunOnce()) {
    }
    if (!state().cold.empty()) return;
  }
}

// One turn: true when there may be more to do at once.
bool WarmGeneration::RunOnce() {
  bool more = false;
  {
    const std::lock_guard lock(file_mutex_);
    const auto applied = ApplyNext();
    if (!applied.ok()) {
      Fail(applied.status(), true);
      return false;
    }
    more = *applied;
  }
  const absl::Status drained = DrainNow();
  const std::lock_guard lock(mutex_);
  return drained.ok() && more && !stop_;
}

absl::Status WarmGeneration::OpenFile() {
  if (file_ != nullptr) return absl::OkStatus();
  const auto path = std::filesystem::path(state_dir_) / GenerationFileName(generation_);
  auto file = EventFile::Open(path.string());
  if (!file.ok()) return file.status();
  auto reader = EventLogReader::Open(state_dir_);
  if (!reader.ok()) return reader.status();
  file_ = *std::move(file);
  reader_ = *std::move(reader);
  return absl::OkStatus();
}

// Its plan may be another than the one in use, by which events are read from queues.
absl::Status WarmGeneration::CheckPlan() {
  bool is_live = false;
  {
    const std::lock_guard lock(mutex_);
    is_live = live_;
  }
  file_->LeaveOut(is_live);
  auto left_out = file_->LeftOut();
  if (!left_out.ok()) return left_out.status();
  std::string lacks = *std::move(left_out);
  if (lacks.empty()) lacks = log_.WhyNotAllFor(file_->plan());
  const std::lock_guard lock(mutex_);
  if (live_ != is_live) return absl::OkStatus();  // woken again
  if (!is_live && !lacks.empty()) return absl::FailedPreconditionError(lacks);
  if (state_.lacks.empty() && !lacks.empty()) {
    callbacks_.note(kWarning, absl::StrFormat("generation %d is live, and does not show all live "
                                              "events until the next sync: %s",
                                              generation_, lacks));
  }
  state_.lacks = std::move(lacks);
  checked_ = true;
  changed_.notify_all();
  return absl::OkStatus();
}

absl::StatusOr<bool> WarmGeneration::ApplyNext() {
  absl::Status ready = OpenFile();
  if (ready.ok()) ready = CheckPlan();
  if (!ready.ok()) return ready;
  uint64_t limit = 0;
  {
    const std::lock_guard lock(mutex_);
    state_.cursor = file_->cursor();
    if (!std::exchange(opened_, true)) changed_.notify_all();
    limit = std::min(limit_, log_.head());
    applying_ = limit > state_.cursor;
    if (!applying_) return false;
  }
  absl::Status status;
  auto events = reader_->Read(file_->cursor(), limit, kEventsPerTurn, kBytesPerTurn);
  if (!events.ok()) {
    status = events.status();
  } else {
    // Events that were forgotten because all had them leave a gap.
    const uint64_t cursor = events->empty() ? limit : events->back().position;
    callbacks_.step("events.apply.before");
    status = Apply(*events, cursor);
    callbacks_.step("events.apply.after");
  }
  const std::lock_guard lock(mutex_);
  applying_ = false;
  state_.cursor = file_->cursor();
  dirty_ = true;
  changed_.notify_all();
  if (!status.ok()) return status;
  return state_.cursor < limit;
}

// One event on which a view fails must not hold up those behind it: it is found by itself, and put
// aside.
absl::Status WarmGeneration::Apply(const std::vector<LoggedEvent>& events, uint64_t cursor) {
  const absl::Status together = file_->Apply(events, cursor);
  if (together.ok() || !IsPoison(together)) return together;
  for (const LoggedEvent& event : events) {
    const absl::Status alone = file_->Apply({event}, event.position);
    if (alone.ok()) continue;
    if (!IsPoison(alone)) return alone;
    if (absl::Status s = PutAside(event, alone); !s.ok()) return s;
    if (absl::Status s = file_->Apply({}, event.position); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status WarmGeneration::PutAside(const LoggedEvent& event, const absl::Status& reason) {
  DeadLetter letter;
  letter.channel = event.channel;
  letter.kind = DeadLetter::Kind::kRefused;
  letter.generation = generation_;
  letter.document_id = absl::StrFormat("event %d", event.position);
  letter.body = event.body;
  letter.reason = Text(reason);
  callbacks_.note(kError, absl::StrFormat("generation %d: event %d of channel %s can't be applied, "
                                          "and is a dead letter now",
                                          generation_, event.position, event.channel));
  return log_.AddDeadLetter(letter);
}

void WarmGeneration::Publish(uint64_t answered) {
  {
    const std::lock_guard lock(mutex_);
    state_.answered = answered;
    if (!state_.trouble.empty()) {
      callbacks_.note(kWarning, absl::StrFormat("generation %d gets on again", generation_));
    }
    state_.trouble.clear();
    wait_ = milliseconds(0);
    changed_.notify_all();
  }
  callbacks_.answered();
}

void WarmGeneration::Fail(const absl::Status& status, bool of_file) {
  if (status.code() == absl::StatusCode::kCancelled) return;
  if (!of_file && status.code() == absl::StatusCode::kAborted) {
    callbacks_.lost(status);
    const std::lock_guard lock(mutex_);
    wait_ = kLongestWait;
    state_.trouble = Text(status);
    return;
  }
  bool is_live = false;
  {
    const std::lock_guard lock(mutex_);
    is_live = live_;
  }
  const bool gone = !of_file && status.code() == absl::StatusCode::kNotFound;
  // Nothing may be acknowledged that the live index has not answered for, so it is never given up.
  if (((of_file && !Passes(status)) || gone) && !is_live) return TurnCold(Text(status));
  const std::lock_guard lock(mutex_);
  if (state_.trouble.empty()) {
    callbacks_.note(kWarning, absl::StrFormat("generation %d does not get on; trying again: %s",
                                              generation_, Text(status)));
  }
  state_.trouble = Text(status);
  wait_ = std::clamp(wait_ * 2, kFirstWait, kLongestWait);
}

void WarmGeneration::TurnCold(const std::string& reason) {
  if (const absl::Status s = log_.MarkCold(generation_, reason); !s.ok()) {
    callbacks_.note(kWarning, Text(s));
  }
  callbacks_.note(kError, absl::StrFormat("generation %d is cold, it gets no events any more: %s",
                                          generation_, reason));
  const std::lock_guard lock(mutex_);
  state_.cold = reason;
  changed_.notify_all();
}

}  // namespace syncd
