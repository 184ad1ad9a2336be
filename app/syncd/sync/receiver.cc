#include "syncd/sync/receiver.h"

#include <absl/strings/str_format.h>

#include <chrono>
#include <thread>

namespace syncd {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// One transaction takes at most so much from one source. Large enough that commits are rare beside
// messages, small enough that the memory for one turn stays small.
constexpr uint64_t kMessagesPerTurn = 2000;
constexpr size_t kBytesPerTurn = 8u << 20;

// How far the clocks of a queue and of this host may be apart.
constexpr int64_t kClockDifferenceMs = 5000;

// Between two attempts to reach a broker that is away.
constexpr milliseconds kTryAgain{500};

// How long to wait for one source when none has anything.
constexpr milliseconds kIdleWait{20};

constexpr auto kInfo = indexswap::Observer::Severity::kInfo;
constexpr auto kWarning = indexswap::Observer::Severity::kWarning;

std::string Text(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

Receiver::Receiver(Sources& sources, GenerationFile& file, Journal& journal, Options options,
                   RunHooks& hooks)
    : sources_(sources), file_(file), journal_(journal), options_(options), hooks_(hooks) {
  for (const PlanChannel& channel : file_.plan().channels) {
    if (channel.kind == PlanChannel::Kind::kSnapshot) channels_[channel.name].plan = &channel;
  }
}

Receiver::~Receiver() {
  for (auto& [name, channel] : channels_) {
    if (channel.source) channel.source->Close().IgnoreError();
  }
}

std::vector<RunChannel> Receiver::Setup() {
  std::map<std::string, ChannelState> states;
  for (ChannelState& state : file_.channels()) states[state.name] = state;
  std::vector<RunChannel> setup;
  for (const PlanChannel& channel : file_.plan().channels) {
    if (channel.kind != PlanChannel::Kind::kSnapshot) continue;
    RunChannel one;
    one.name = channel.name;
    one.after = channel.after;
    if (options_.sequential && !setup.empty()) one.after.push_back(setup.back().name);
    one.is_file = sources_.files();
    one.has_start = channel.has_start && !one.is_file;
    one.quiet = sources_.MinimumQuiet(channel);
    if (!one.is_file) one.owed_markers = journal_.Owed(channel.name).value_or(0);
    if (options_.resumed) {
      const ChannelState& state = states[channel.name];
      one.started_before = state.starts > 0;
      one.ended_before = state.ended;
      one.records_before = state.records;
      one.marker_before = state.markers > 0;
      one.expected_before = state.expected;
    }
    setup.push_back(std::move(one));
  }
  return setup;
}

absl::Status Receiver::Receive() {
  run_ = std::make_unique<Run>(Setup(), options_.timeouts, Now());
  while (!run_->complete()) {
    if (hooks_.Interrupted()) return absl::CancelledError("interrupted while receiving");
    if (absl::Status s = Event({RunEvent::Kind::kTick}); !s.ok()) return s;
    if (absl::Status s = TryAgain(); !s.ok()) return s;
    if (absl::StatusOr<bool> any = Turn(); !any.ok()) return any.status();
    Report();
  }
  return absl::OkStatus();
}

void Receiver::Report() {
  RunProgress progress;
  progress.stage = "receiving";
  progress.channels = run_->progress();
  progress.waits_for = run_->WaitsFor();
  hooks_.OnProgress(progress);
}

absl::Status Receiver::Event(RunEvent event) { return CarryOut(run_->On(event, Now())); }

absl::Status Receiver::CarryOut(const std::vector<RunEffect>& effects) {
  for (const RunEffect& effect : effects) {
    if (absl::Status s = CarryOut(effect); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status Receiver::CarryOut(const RunEffect& effect) {
  switch (effect.kind) {
    case RunEffect::Kind::kOpen:
    case RunEffect::Kind::kSendStart:
      return Reach(effect, Now() + options_.timeouts.stall);
    case RunEffect::Kind::kAskCount: {
      const auto count = channels_[effect.channel].source->Waiting();
      if (!count.ok()) return absl::OkStatus();  // asked again with the next tick
      return Event({RunEvent::Kind::kQueueCount, effect.channel, 0, *count});
    }
    case RunEffect::Kind::kForgetOwed:
      return journal_.ClearOwed(effect.channel);
    case RunEffect::Kind::kEnd:
      return End(effect.channel);
    case RunEffect::Kind::kNote:
      hooks_.Note(kInfo, effect.text);
      return absl::OkStatus();
    case RunEffect::Kind::kFail:
      return absl::DeadlineExceededError(
          absl::StrFormat("%s. The sync waited for: %s", effect.text, run_->WaitsFor()));
  }
  return absl::OkStatus();
}

// A broker that is away for a while must not end a run that may be hours old.
absl::Status Receiver::Reach(const RunEffect& effect, steady_clock::time_point give_up) {
  const absl::Status status =
      effect.kind == RunEffect::Kind::kOpen ? Open(effect.channel) : SendStart(effect.channel);
  const auto now = Now();
  if (status.code() != absl::StatusCode::kUnavailable || now >= give_up) return status;
  for (const Postponed& one : postponed_) {
    if (one.effect.kind == effect.kind && one.effect.channel == effect.channel) {
      return absl::OkStatus();
    }
  }
  hooks_.Note(kWarning, absl::StrFormat("%s; trying again", Text(status)));
  postponed_.push_back({effect, now + kTryAgain, give_up});
  return absl::OkStatus();
}

absl::Status Receiver::TryAgain() {
  std::vector<Postponed> due;
  std::erase_if(postponed_, [&](const Postponed& one) {
    if (one.next_try > Now()) return false;
    due.push_back(one);
    return true;
  });
  for (const Postponed& one : due) {
    if (absl::Status s = Reach(one.effect, one.give_up); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status Receiver::Open(const std::string& name) {
  Channel& channel = channels_[name];
  absl::StatusOr<std::unique_ptr<Source>> source = sources_.Make(*channel.plan);
  if (!source.ok()) return source.status();
  if (*source == nullptr) return Event({RunEvent::Kind::kFileEnded, name});
  if (absl::Status s = (*source)->Open(); !s.ok()) {
    return absl::Status(s.code(), absl::StrFormat("channel %s: %s", name, Text(s)));
  }
  channel.source = *std::move(source);
  channel.decoder = std::make_unique<Decoder>(*channel.plan);
  return Event({RunEvent::Kind::kOpened, name});
}

// Whoever has slept may no longer be the writer: then the messages are another's, and so is the
// right to ask for a snapshot.
absl::Status Receiver::AwaitWriter() {
  if (sources_.files() || !options_.confirm) return absl::OkStatus();
  const auto begin = steady_clock::now();
  absl::Status held = options_.confirm();
  if (held.code() != absl::StatusCode::kUnavailable) return held;
  hooks_.Note(kWarning, "receiving stands still: " + Text(held));
  while (held.code() == absl::StatusCode::kUnavailable) {
    if (hooks_.Interrupted()) return absl::CancelledError("interrupted while receiving");
    std::this_thread::sleep_for(kIdleWait);
    held = options_.confirm();
  }
  paused_ += steady_clock::now() - begin;
  return held;
}

absl::Status Receiver::SendStart(const std::string& name) {
  if (absl::Status s = AwaitWriter(); !s.ok()) return s;
  const PlanStart& start = channels_[name].plan->start;
  // Raised before the start is out, so that its end marker is expected whatever happens now.
  if (absl::Status s = journal_.RaiseOwed(name); !s.ok()) return s;
  if (absl::Status s = file_.NoteStart(name); !s.ok()) return s;
  hooks_.Reached("start.publish.before");
  const absl::Status sent =
      sources_.publisher()->Publish(start.exchange, start.routing_key, start.body);
  hooks_.Reached("start.publish.after");
  if (sent.code() == absl::StatusCode::kUnknown) {
    hooks_.Note(kWarning, absl::StrFormat("channel %s: nobody knows whether its start was sent: %s",
                                          name, Text(sent)));
  } else if (!sent.ok()) {
    journal_.LowerOwed(name).IgnoreError();
    return absl::Status(sent.code(), absl::StrFormat("channel %s: its start could not be sent: %s",
                                                     name, Text(sent)));
  } else {
    hooks_.Note(kInfo, absl::StrFormat("%s: asked for its snapshot", name));
  }
  return Event({RunEvent::Kind::kStartSent, name});
}

absl::Status Receiver::End(const std::string& name) {
  if (absl::Status s = file_.MarkEnded(name); !s.ok()) return s;
  Channel& channel = channels_[name];
  channel.ended = true;
  if (sources_.files()) channel.source.reset();
  hooks_.Note(
      kInfo, absl::StrFormat("%s: ended with %d records", name, run_->progress().at(name).records));
  return absl::OkStatus();
}

absl::StatusOr<bool> Receiver::Turn() {
  std::vector<std::string> open;
  for (const auto& [name, channel] : channels_) {
    if (channel.source) open.push_back(name);
  }
  if (open.empty()) {
    std::this_thread::sleep_for(kIdleWait);
    return false;
  }
  Hauls hauls;
  absl::Status filled;
  for (const std::string& name : open) {
    if (filled = Fill(name, milliseconds(0), hauls[name]); !filled.ok()) break;
  }
  bool any = false;
  for (const auto& [name, haul] : hauls) any = any || haul.messages > 0 || haul.file_ended;
  if (filled.ok() && !any) {
    const std::string& name = open[turn_++ % open.size()];
    filled = Fill(name, kIdleWait, hauls[name]);
    any = hauls[name].messages > 0;
  }
  if (!filled.ok()) {
    file_.Rollback().IgnoreError();
    return filled;
  }
  if (absl::Status s = CommitAndAck(hauls); !s.ok()) return s;
  for (const auto& [name, haul] : hauls) {
    if (haul.lost) channels_[name].source.reset();
  }
  if (absl::Status s = Tell(hauls); !s.ok()) return s;
  return any;
}

absl::Status Receiver::Fill(const std::string& name, milliseconds wait, Haul& haul) {
  Source& source = *channels_[name].source;
  size_t bytes = 0;
  while (haul.messages < kMessagesPerTurn && bytes < kBytesPerTurn) {
    absl::StatusOr<std::optional<Message>> next =
        source.Next(haul.messages == 0 ? wait : milliseconds(0));
    switch (next.status().code()) {
      case absl::StatusCode::kOk:
        break;
      case absl::StatusCode::kOutOfRange:
        haul.file_ended = true;
        return absl::OkStatus();
      case absl::StatusCode::kUnavailable:
        haul.interrupted = true;
        hooks_.Note(kWarning, absl::StrFormat("channel %s: %s", name, Text(next.status())));
        return absl::OkStatus();
      case absl::StatusCode::kInvalidArgument:
        // A line that is too long. What cannot be read becomes a dead letter that says so, and the
        // lines behind it are read all the same.
        ++haul.messages;
        if (absl::Status s = TakeIn(name, {Text(next.status()), {}}, haul); !s.ok()) return s;
        continue;
      default:
        if (!channels_[name].ended) return next.status();
        hooks_.Note(kWarning, absl::StrFormat("channel %s: what may still come behind its end is "
                                              "not read: %s",
                                              name, Text(next.status())));
        haul.lost = true;
        return absl::OkStatus();
    }
    if (!*next) return absl::OkStatus();
    ++haul.messages;
    bytes += (*next)->body.size();
    haul.last = (*next)->position;
    if (absl::Status s = TakeIn(name, **next, haul); !s.ok()) return s;
  }
  return absl::OkStatus();
}

// What the queue got before this run began belongs to an earlier one. Clocks differ a little.
bool Receiver::IsLeftOver(const std::string& name, const Message& message) const {
  if (!run_->Collects(name)) return true;
  return message.sent_ms && *message.sent_ms < options_.started_at_ms - kClockDifferenceMs;
}

absl::Status Receiver::TakeIn(const std::string& name, const Message& message, Haul& haul) {
  // Begun with its first message, so that live events get at the file while nothing comes.
  if (!in_batch_) {
    if (absl::Status s = file_.BeginBatch(); !s.ok()) return s;
    in_batch_ = true;
  }
  if (IsLeftOver(name, message)) {
    ++haul.left_over;
    const auto envelope = channels_[name].decoder->Decode(
        message.body, [](const DecodedItem&) { return absl::OkStatus(); });
    if (envelope.ok() && envelope->ends) ++haul.left_over_markers;
    return file_.NoteLeftOver(name, 1);
  }
  const absl::StatusOr<IngestResult> result = file_.Ingest(name, message.body);
  if (!result.ok()) return result.status();
  haul.records += result->records;
  if (result->ended) ++haul.markers;
  if (result->expected) haul.expected = result->expected;
  return absl::OkStatus();
}

absl::Status Receiver::CommitAndAck(Hauls& hauls) {
  uint64_t messages = 0;
  for (const auto& [name, haul] : hauls) messages += haul.messages;
  if (messages == 0) return absl::OkStatus();
  if (absl::Status s = options_.keep_room ? options_.keep_room() : absl::OkStatus(); !s.ok()) {
    file_.Rollback().IgnoreError();
    return s;
  }
  hooks_.Reached("receive.commit.before");
  if (absl::Status s = file_.Commit(); !s.ok()) {
    file_.Rollback().IgnoreError();
    return s;
  }
  in_batch_ = false;
  hooks_.Reached("receive.commit.after");
  for (const auto& [name, haul] : hauls) {
    const uint64_t markers = haul.markers + haul.left_over_markers;
    for (uint64_t i = 0; i < markers && !sources_.files(); ++i) {
      if (absl::Status s = journal_.LowerOwed(name); !s.ok()) return s;
    }
  }
  if (absl::Status s = AwaitWriter(); !s.ok()) return s;
  hooks_.Reached("receive.ack.before");
  for (const auto& [name, haul] : hauls) {
    if (haul.messages == 0) continue;
    // What is not acknowledged comes again, and is the same again.
    channels_[name].source->Ack(haul.last).IgnoreError();
  }
  hooks_.Reached("receive.ack.after");
  return absl::OkStatus();
}

absl::Status Receiver::Tell(const Hauls& hauls) {
  for (const auto& [name, haul] : hauls) {
    if (haul.interrupted) {
      if (absl::Status s = Event({RunEvent::Kind::kInterrupted, name}); !s.ok()) return s;
    }
    if (haul.left_over > 0) {
      const RunEvent event{RunEvent::Kind::kLeftOver, name,        haul.left_over, 0,
                           haul.left_over_markers,    std::nullopt};
      if (absl::Status s = Event(event); !s.ok()) return s;
    }
    if (haul.messages > haul.left_over) {
      const RunEvent event{RunEvent::Kind::kMessages,
                           name,
                           haul.messages - haul.left_over,
                           haul.records,
                           haul.markers,
                           haul.expected};
      if (absl::Status s = Event(event); !s.ok()) return s;
    }
    if (haul.file_ended) {
      if (absl::Status s = Event({RunEvent::Kind::kFileEnded, name}); !s.ok()) return s;
    }
  }
  return absl::OkStatus();
}

}  // namespace syncd
