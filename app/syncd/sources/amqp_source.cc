#include "syncd/sources/amqp_source.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

namespace syncd {
namespace {

constexpr std::chrono::milliseconds kFirstPause{100};

// How often an idle or paused connection is looked after (its shortest heartbeat is 1 s, sent at
// half of that).
constexpr std::chrono::milliseconds kTick{400};

// A connection that stood for so long was not refused at once: begin with short pauses again.
constexpr std::chrono::seconds kStood{5};

}  // namespace

AmqpSource::AmqpSource(AmqpOptions options, std::string queue)
    : options_(std::move(options)),
      queue_(std::move(queue)),
      deliveries_(options_.prefetch_bytes, [this] { wakeup_.Signal(); }),
      prefetch_(options_.prefetch_messages, options_.prefetch_bytes) {}

AmqpSource::~AmqpSource() { Close().IgnoreError(); }

absl::Status AmqpSource::Open() {
  if (thread_.joinable()) return absl::OkStatus();
  stop_ = false;
  opened_.reset();
  thread_ = std::thread([this] { Run(); });
  std::unique_lock lock(mutex_);
  opened_changed_.wait(lock, [this] { return opened_.has_value(); });
  const absl::Status status = *opened_;
  lock.unlock();
  if (!status.ok()) thread_.join();
  return status;
}

absl::StatusOr<std::optional<Message>> AmqpSource::Next(std::chrono::milliseconds timeout) {
  if (!thread_.joinable()) return absl::FailedPreconditionError(Describe() + " is not open");
  return deliveries_.Pop(timeout);
}

absl::Status AmqpSource::Ack(const Position& position) { return deliveries_.Ack(position); }

absl::StatusOr<uint64_t> AmqpSource::Waiting() {
  if (!thread_.joinable()) return absl::FailedPreconditionError(Describe() + " is not open");
  return deliveries_.Ask(options_.answer_timeout);
}

absl::Status AmqpSource::Close() {
  if (!thread_.joinable()) return absl::OkStatus();
  stop_ = true;
  wakeup_.Signal();
  thread_.join();
  return absl::OkStatus();
}

void AmqpSource::Interrupt() { deliveries_.Interrupt(); }

AmqpSource::Stats AmqpSource::stats() const {
  return Stats{deliveries_.connection(), deliveries_.bytes_highest(), prefetch_now_};
}

void AmqpSource::ReportOpened(const absl::Status& status) {
  {
    std::lock_guard lock(mutex_);
    if (opened_) return;
    opened_ = status;
  }
  opened_changed_.notify_all();
}

// One connection after another, until Close or an error that a new connection can't mend.
void AmqpSource::Run() {
  pause_ = kFirstPause;
  lost_at_ = Clock::now();
  for (bool first = true; !stop_; first = false) {
    absl::StatusOr<std::unique_ptr<AmqpSession>> session =
        AmqpSession::Start(options_, queue_, prefetch_);
    absl::Status status = session.status();
    if (session.ok()) {
      const Clock::time_point since = Clock::now();
      deliveries_.Connected();
      ReportOpened(absl::OkStatus());
      status = Serve(**session);
      if (status.ok()) {  // Close was called
        (*session)->Close();
        break;
      }
      lost_at_ = Clock::now();
      if (lost_at_ - since >= kStood) pause_ = kFirstPause;
    } else if (first) {
      return ReportOpened(status);
    } else if (IsFinal(status)) {
      deliveries_.Fail(status);
      break;
    }
    session = status;  // the dead connection goes before the pause
    deliveries_.Lost(absl::UnavailableError(
        absl::StrFormat("%s (%s is connecting again)", std::string(status.message()), Describe())));
    Pause(status);
  }
  ReportOpened(absl::CancelledError(Describe() + " was closed"));
}

// Of what a new connection answers. A consumer that is there after a loss is most likely our own
// of the lost connection, until the broker has missed its heartbeats; and a queue may be on its way
// back, too. A reader of events waits for as long as it takes, a snapshot's ends.
bool AmqpSource::IsFinal(const absl::Status& status) const {
  switch (status.code()) {
    case absl::StatusCode::kFailedPrecondition:
      return options_.exclusive &&
             Clock::now() - lost_at_ > std::chrono::seconds(3 * options_.heartbeat_s);
    case absl::StatusCode::kInvalidArgument:
      return true;
    default:
      return false;
  }
}

// Waits before the next attempt, a little longer each time, answering questions meanwhile.
void AmqpSource::Pause(const absl::Status& status) {
  const auto jitter = std::uniform_int_distribution<int64_t>(0, pause_.count() / 4)(random_);
  const Clock::time_point until = Clock::now() + pause_ + std::chrono::milliseconds(jitter);
  pause_ = std::min(2 * pause_, std::max(options_.reconnect_max, kFirstPause));
  while (!stop_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return;
    if (deliveries_.TakeQuestion()) {
      deliveries_.Answer(absl::UnavailableError(status.message()));
    }
    wakeup_.Wait(left);
  }
}

// Works on one connection until it is lost, or (OK) Close is called.
absl::Status AmqpSource::Serve(AmqpSession& session) {
  while (!stop_) {
    if (absl::Status status = Exchange(session); !status.ok()) return status;
    const size_t room = deliveries_.Room();
    if (room == 0) {
      // The reader is behind, and messages are larger than the prefetch counted on: what comes
      // stays in the socket. If that takes too long the broker cuts us off, and the next
      // connection begins with a smaller prefetch.
      if (absl::Status status = session.KeepAlive(); !status.ok()) return status;
      if (wakeup_.Wait(kTick, session.fd(), Wakeup::On::kHangUp)) {
        return absl::UnavailableError("the broker closed the connection while the reader was busy");
      }
      continue;
    }
    absl::StatusOr<bool> more = Receive(session, room);
    if (!more.ok()) return more.status();
    if (!*more) wakeup_.Wait(kTick, session.fd());
  }
  return Exchange(session);  // what was acknowledged before Close
}

// Passes on what the reader wants.
absl::Status AmqpSource::Exchange(AmqpSession& session) {
  if (std::optional<uint64_t> tag = deliveries_.TakeAck()) {
    if (absl::Status status = session.Ack(*tag); !status.ok()) return status;
  }
  if (!deliveries_.TakeQuestion()) return absl::OkStatus();
  if (deliveries_.Room() > 0) return session.AskCount();
  deliveries_.Answer(ready_);  // the broker's answer would be behind what we do not read now
  return absl::OkStatus();
}

// Hands over what the socket has. True if there may be more.
absl::StatusOr<bool> AmqpSource::Receive(AmqpSession& session, size_t room) {
  batch_.clear();
  absl::StatusOr<bool> more = session.Read(room, batch_);
  prefetch_now_ = prefetch_.current();
  if (!more.ok()) return more.status();
  if (!batch_.empty()) deliveries_.Push(batch_);
  if (std::optional<uint64_t> ready = session.TakeCount()) {
    ready_ = *ready;
    deliveries_.Answer(ready_);
  }
  return more;
}

std::unique_ptr<Source> MakeAmqpSource(AmqpOptions options, std::string queue) {
  return std::make_unique<AmqpSource>(std::move(options), std::move(queue));
}

}  // namespace syncd
