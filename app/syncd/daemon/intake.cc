#include "syncd/daemon/intake.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <chrono>

namespace syncd {
namespace {

using std::chrono::milliseconds;

constexpr auto kInfo = indexswap::Observer::Severity::kInfo;
constexpr auto kWarning = indexswap::Observer::Severity::kWarning;
constexpr auto kError = indexswap::Observer::Severity::kError;

// One commit of the journal takes at most so much.
constexpr size_t kMessagesPerCommit = 500;
constexpr size_t kBytesPerCommit = 4u << 20;

// How long to wait for a message: what waits to be acknowledged is looked at that often.
constexpr milliseconds kIdleWait{50};

// How often a channel in trouble is asked whether that is over.
constexpr milliseconds kLookAgain{1000};

constexpr milliseconds kFirstPause{200};
constexpr milliseconds kLongestPause{10'000};

std::string Text(const absl::Status& status) { return std::string(status.message()); }

IncomingEvent ToEvent(const std::string& channel, const Message& message) {
  IncomingEvent event{channel, message.body, {}};
  event.stamp.sent_ms = message.sent_ms;
  event.stamp.sequence = message.sequence;
  event.stamp.message_id = message.message_id;
  return event;
}

// Errors that say something about a message rather than about the disk.
bool IsPoison(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInternal ||
         status.code() == absl::StatusCode::kInvalidArgument;
}

}  // namespace

ChannelIntake::ChannelIntake(std::string channel, MakeSource make, EventLog& log,
                             IntakeCallbacks callbacks)
    : channel_(std::move(channel)),
      make_(std::move(make)),
      log_(log),
      callbacks_(std::move(callbacks)) {
  state_.channel = channel_;
  thread_ = std::thread([this] { Run(); });
}

ChannelIntake::~ChannelIntake() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    wake_.notify_all();
  }
  thread_.join();
}

IntakeState ChannelIntake::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void ChannelIntake::Run() {
  while (!stop_) {
    auto source = make_();
    absl::Status status = source.status();
    if (status.ok()) {
      {
        const std::lock_guard lock(mutex_);
        state_.queue = (*source)->Describe();
      }
      status = (*source)->Open();
      if (status.ok()) status = Serve(**source);
      pending_.clear();
      (*source)->Close().IgnoreError();
    }
    if (stop_) return;
    Trouble(status);
    Pause();
  }
}

// Reads one source until it fails for good, or the intake ends.
absl::Status ChannelIntake::Serve(Source& source) {
  {
    const std::lock_guard lock(mutex_);
    if (!state_.trouble.empty()) {
      callbacks_.note(kInfo, absl::StrFormat("channel %s: reading again", channel_));
    }
    state_.trouble.clear();
    wait_ = milliseconds(0);
  }
  while (!stop_) {
    if (absl::Status s = Take(source); !s.ok()) return s;
    Acknowledge(source);
  }
  Acknowledge(source);
  return absl::OkStatus();
}

// Takes what there is, journals it, and remembers what it waits for.
absl::Status ChannelIntake::Take(Source& source) {
  std::vector<Message> messages;
  size_t bytes = 0;
  while (messages.size() < kMessagesPerCommit && bytes < kBytesPerCommit && !stop_) {
    auto next = source.Next(messages.empty() ? kIdleWait : milliseconds(0));
    if (next.status().code() == absl::StatusCode::kUnavailable) {
      // It reconnects by itself. What was taken still waits to be acknowledged: a broker that has
      // given it back ignores that, and SQS holds it for as long as this process does.
      Trouble(next.status());
      break;
    }
    if (!next.ok()) return next.status();
    if (!*next) break;
    bytes += (*next)->body.size();
    messages.push_back(**std::move(next));
  }
  if (messages.empty()) {
    LookWhetherItIsOver(source);
    return absl::OkStatus();
  }
  callbacks_.step("events.journal.before");
  absl::Status journalled = Journal(messages);
  if (IsPoison(journalled)) journalled = Isolate(messages);
  callbacks_.step("events.journal.after");
  if (!journalled.ok()) return journalled;
  pending_.push_back({log_.head(), messages.back().position, messages.size()});
  callbacks_.journalled();
  const std::lock_guard lock(mutex_);
  state_.trouble.clear();
  state_.unacknowledged += messages.size();
  return absl::OkStatus();
}

// A queue may be quiet for hours after an outage: then its count tells that it can be read again.
void ChannelIntake::LookWhetherItIsOver(Source& source) {
  const auto now = std::chrono::steady_clock::now();
  if (state().trouble.empty() || now - looked_at_ < kLookAgain) return;
  looked_at_ = now;
  if (!source.Waiting().ok()) return;
  const std::lock_guard lock(mutex_);
  state_.trouble.clear();
  callbacks_.note(kInfo, absl::StrFormat("channel %s: reading again", channel_));
}

absl::Status ChannelIntake::Journal(const std::vector<Message>& messages) {
  std::vector<IncomingEvent> events;
  events.reserve(messages.size());
  for (const Message& message : messages) events.push_back(ToEvent(channel_, message));
  return log_.Append(events).status();
}

// One message that can't be journalled must not hold up those behind it: it becomes a dead letter.
absl::Status ChannelIntake::Isolate(const std::vector<Message>& messages) {
  for (const Message& message : messages) {
    const absl::Status journalled = Journal({message});
    if (journalled.ok()) continue;
    if (!IsPoison(journalled)) return journalled;
    DeadLetter letter;
    letter.channel = channel_;
    letter.kind = DeadLetter::Kind::kRejected;
    letter.reason = Text(journalled);
    letter.body = message.body;
    letter.stamp = ToEvent(channel_, message).stamp;
    if (absl::Status s = log_.AddDeadLetter(letter); !s.ok()) return s;
    callbacks_.note(kError, absl::StrFormat("channel %s: a message could not be journalled, and is "
                                            "a dead letter now: %s",
                                            channel_, Text(journalled)));
  }
  return absl::OkStatus();
}

void ChannelIntake::Acknowledge(Source& source) {
  if (MayAcknowledge() > 0) {
    callbacks_.step("events.ack.before");
    // Asked once more, after whatever has come between: whoever has slept acknowledges nothing.
    if (const size_t ready = MayAcknowledge(); ready > 0) {
      source.Ack(pending_[ready - 1].position).IgnoreError();  // or it comes again
      pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(ready));
      callbacks_.step("events.ack.after");
    }
  }
  uint64_t left = 0;
  for (const Pending& pending : pending_) left += pending.messages;
  const std::lock_guard lock(mutex_);
  state_.unacknowledged = left;
}

// How many of those that wait, from the first on.
size_t ChannelIntake::MayAcknowledge() const {
  if (pending_.empty()) return 0;
  const std::optional<uint64_t> answered = callbacks_.acknowledged();
  if (!answered) return 0;
  const auto waits = [&](const Pending& pending) { return pending.needed > *answered; };
  return static_cast<size_t>(std::ranges::find_if(pending_, waits) - pending_.begin());
}

void ChannelIntake::Trouble(const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  if (state_.trouble != Text(status)) {
    callbacks_.note(kWarning, absl::StrFormat("channel %s: %s", channel_, Text(status)));
  }
  state_.trouble = Text(status);
}

void ChannelIntake::Pause() {
  std::unique_lock lock(mutex_);
  wait_ = std::clamp(wait_ * 2, kFirstPause, kLongestPause);
  wake_.wait_for(lock, wait_, [this] { return stop_.load(); });
}

}  // namespace syncd
