#include "syncd/daemon/service.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "syncd/wiring.h"

namespace syncd {
namespace {

using std::chrono::milliseconds;

constexpr auto kInfo = indexswap::Observer::Severity::kInfo;
constexpr auto kWarning = indexswap::Observer::Severity::kWarning;
constexpr auto kError = indexswap::Observer::Severity::kError;

// The lease is looked at so often in its time-out.
constexpr int kLooks = 20;

// The HTTP status of what may be tried again in a moment.
constexpr int kNotYet = 503;

// Nobody waits longer for SIGTERM to be seen.
constexpr milliseconds kSlice{100};

std::string Text(const absl::Status& status) { return std::string(status.message()); }

// What may be over in a moment: the store is away, or busy.
bool Passes(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kUnknown ||
         status.code() == absl::StatusCode::kDeadlineExceeded ||
         status.code() == absl::StatusCode::kResourceExhausted;
}

}  // namespace

Service::Service(ServiceTools tools, Config config, std::optional<Schedule> every)
    : tools_(std::move(tools)),
      every_(std::move(every)),
      state_(config.state),
      config_(std::move(config)) {}

Service::~Service() { Stop(); }

Config Service::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

absl::Status Service::Run(const std::string& address, const std::function<bool()>& stopping) {
  address_ = address;
  // Now, rather than at the takeover on the day it is needed.
  if (absl::Status s = QueueSources(config())->Check(tools_.plan); !s.ok()) return s;
  while (!stopping()) {
    if (absl::Status s = Round(stopping); !s.ok()) return s;
  }
  return absl::OkStatus();
}

// One look at the lease, and all that follows if it is this process's now.
absl::Status Service::Round(const std::function<bool()>& stopping) {
  if (tenure_ == nullptr) {
    auto opened = tools_.open(address_);
    if (!opened.ok()) return Wait(opened.status(), stopping);
    Open(*std::move(opened));
  }
  const auto attempt = tenure_->engine->TryLease();
  if (!attempt.ok()) return Wait(attempt.status(), stopping);
  NoteHolder(*attempt);
  if (attempt->taken) return BeActive(*attempt, stopping);
  settled_ = true;
  Pause(config().lease.timeout / kLooks, stopping);
  return absl::OkStatus();
}

// The trouble itself where waiting does not cure it; otherwise OK, a while later.
absl::Status Service::Wait(const absl::Status& trouble, const std::function<bool()>& stopping) {
  if (!settled_ && !Passes(trouble)) return trouble;
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    is_new = std::exchange(trouble_, Text(trouble)) != trouble_;
  }
  if (is_new) {
    tools_.note(kError,
                "waiting as a standby, since nobody knows who holds the lease; trying "
                "again: " +
                    Text(trouble));
  }
  Pause(config().lease.timeout / kLooks, stopping);
  return absl::OkStatus();
}

void Service::NoteHolder(const indexswap::LeaseAttempt& attempt) {
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    is_new = !trouble_.empty() || !holder_ ||
             (attempt.holder && attempt.holder->epoch != holder_->epoch);
    trouble_.clear();
    holder_ = attempt.holder;
  }
  if (is_new && attempt.holder && !attempt.taken) tools_.note(kInfo, "standby: " + WhoHoldsIt());
}

void Service::Pause(milliseconds duration, const std::function<bool()>& stopping) {
  const auto end = tools_.clock->Monotonic() + duration;
  while (!stopping()) {
    const auto left = std::chrono::ceil<milliseconds>(end - tools_.clock->Monotonic());
    if (left <= milliseconds(0)) return;
    tools_.clock->SleepFor(std::min(left, kSlice));
  }
}

// Whether the predecessor, elsewhere, was cut off while it built.
bool Service::TakeStock(const indexswap::LeaseAttempt& attempt) {
  const bool elsewhere = attempt.holder && attempt.holder->record &&
                         attempt.holder->record->owner.state_id != tenure_->journal->state_id();
  if (!elsewhere) return false;
  const auto note = [this](const absl::Status& status) {
    if (!status.ok()) tools_.note(kWarning, Text(status));
  };
  // What was asked for here was asked for before the other's time.
  note(tenure_->wanted->Forget());
  const auto status = tenure_->engine->Status();
  note(status.status());
  if (!status.ok() || !status->building) return false;
  // Senders may still be answering the other: what they send is no part of the next snapshot, and
  // neither is their end marker.
  for (const PlanChannel& channel : tools_.plan.channels) {
    const bool starts = channel.kind == PlanChannel::Kind::kSnapshot && channel.has_start;
    if (starts) note(tenure_->journal->RaiseOwed(channel.name));
  }
  return true;
}

absl::Status Service::BeActive(const indexswap::LeaseAttempt& attempt,
                               const std::function<bool()>& stopping) {
  bool cut_off = TakeStock(attempt);
  Begin(stopping);
  absl::Status status = daemon_->Start();
  const bool started = status.ok();
  settled_ = settled_ || started;
  if (started) {
    tools_.note(kInfo, "active: this process holds the lease");
    if (cut_off) {
      tools_.note(kWarning, "a sync was under way when its writer ended: it is begun anew");
    }
    status = daemon_->Wait([&] {
      // Not yet, while the lease that was just taken is to be confirmed by a first beat.
      if (cut_off) cut_off = daemon_->StartSync({}).status == kNotYet;
      return stopping();
    });
    if (status.ok()) return status;  // stopping
  }
  const bool ends = started && status.code() != absl::StatusCode::kAborted;
  if (ends) {
    const std::lock_guard lock(mutex_);
    ended_ = Text(status);
  }
  End();
  if (ends) {
    // Not the lease: the state folder is gone, and its lock with it.
    tenure_->engine->ReleaseLease().IgnoreError();
    Close();
    return status;
  }
  if (started) {
    // Whatever was asked for here is the successor's to do, or to refuse.
    tenure_->wanted->Forget().IgnoreError();
    tools_.note(kWarning, "not active any more, and a standby from now on: " + Text(status));
  } else {
    tenure_->engine->ReleaseLease().IgnoreError();
  }
  Close();
  if (started || stopping()) return absl::OkStatus();
  if (absl::Status s = Wait(status, stopping); !s.ok()) return s;
  Pause(config().lease.timeout, stopping);  // somebody else may be luckier
  return absl::OkStatus();
}

void Service::Open(std::unique_ptr<Tenure> tenure) {
  tenure_ = std::move(tenure);
  const std::lock_guard lock(mutex_);
  open_ = tenure_.get();
}

void Service::Begin(const std::function<bool()>& stopping) {
  const DaemonTools tools{tools_.plan,   *tenure_->engine, *tenure_->journal,
                          *tenure_->log, *tenure_->wanted, tools_.refused,
                          tools_.note,   tools_.step,      stopping};
  daemon_ = std::make_unique<Daemon>(tools, config(), every_);
  const std::lock_guard lock(mutex_);
  active_ = daemon_.get();
}

// Nobody calls the daemon any more once it ends.
void Service::End() {
  {
    std::unique_lock lock(mutex_);
    active_ = nullptr;
    holder_.reset();
    left_.wait(lock, [this] { return visits_ == 0; });
  }
  daemon_.reset();
}

void Service::Close() {
  {
    std::unique_lock lock(mutex_);
    open_ = nullptr;
    left_.wait(lock, [this] { return visits_ == 0; });
  }
  tenure_.reset();
}

void Service::Stop() {
  End();
  if (tenure_ == nullptr) return;
  if (const absl::Status s = tenure_->engine->ReleaseLease(); !s.ok()) {
    tools_.note(kWarning, "the lease was not given back: " + Text(s));
  }
  Close();
}

void Service::Reload(const Config& config) {
  const Visit visit(*this);
  {
    const std::lock_guard lock(mutex_);
    config_.sync = config.sync;
    config_.rejected = config.rejected;
    config_.disk = config.disk;
    config_.keep_dead_letters = config.keep_dead_letters;
  }
  if (visit.daemon() != nullptr) visit.daemon()->Reload(config);
}

}  // namespace syncd
