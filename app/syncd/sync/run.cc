#include "syncd/sync/run.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>

namespace syncd {
namespace {

using std::chrono::milliseconds;

// A queue is asked for its count at most this often.
constexpr milliseconds kCountInterval{200};

// Before the start, a queue counts as drained when nothing has come for so long. Messages that a
// dead consumer held are back in the queue at once, so this need not be long.
constexpr milliseconds kDrainQuiet{300};

double Seconds(milliseconds duration) { return static_cast<double>(duration.count()) / 1000; }

}  // namespace

std::string_view ToString(ChannelStage stage) {
  static constexpr std::string_view kNames[] = {"waiting",   "opening",  "draining", "starting",
                                                "receiving", "settling", "ended"};
  return kNames[static_cast<int>(stage)];
}

Run::Run(std::vector<RunChannel> channels, RunTimeouts timeouts, RunTime now)
    : channels_(std::move(channels)), timeouts_(timeouts) {
  for (const RunChannel& channel : channels_) {
    ChannelProgress& progress = progress_[channel.name];
    progress.records = channel.records_before;
    progress.owed = channel.owed_markers;
    if (channel.ended_before) progress.stage = ChannelStage::kEnded;
    Clock& clock = clocks_[channel.name];
    clock.started = clock.last_message = clock.last_count = now;
  }
}

const RunChannel& Run::Find(const std::string& name) const {
  return *std::find_if(channels_.begin(), channels_.end(),
                       [&](const RunChannel& channel) { return channel.name == name; });
}

std::vector<RunEffect> Run::On(const RunEvent& event, RunTime now) {
  Effects effects;
  if (event.kind == RunEvent::Kind::kTick) {
    OpenWhatMayBegin(now, effects);
    for (const RunChannel& channel : channels_) Tick(channel, now, effects);
    return effects;
  }
  const RunChannel& channel = Find(event.channel);
  ChannelProgress& progress = progress_[channel.name];
  Clock& clock = clocks_[channel.name];
  switch (event.kind) {
    case RunEvent::Kind::kOpened:
      Opened(channel, now, effects);
      break;
    case RunEvent::Kind::kMessages:
      Messages(channel, event, now, effects);
      break;
    case RunEvent::Kind::kLeftOver:
      LeftOver(channel, event, now);
      break;
    case RunEvent::Kind::kQueueCount:
      QueueCount(channel, event.records, now, effects);
      break;
    case RunEvent::Kind::kStartSent:
      if (progress.stage == ChannelStage::kStarting) {
        // A quick sender's end marker may be here before the confirmation of the start.
        progress.stage = clock.marker ? ChannelStage::kSettling : ChannelStage::kReceiving;
      }
      ++progress.starts;
      clock.started = now;
      if (progress.starts == 1) clock.last_message = now;
      break;
    case RunEvent::Kind::kInterrupted:
      // Quiet counts only while something could come.
      if (progress.stage == ChannelStage::kSettling) clock.last_message = now;
      break;
    case RunEvent::Kind::kFileEnded:
      End(channel, effects);
      break;
    case RunEvent::Kind::kTick:
      break;
  }
  if (progress.stage == ChannelStage::kEnded) OpenWhatMayBegin(now, effects);
  return effects;
}

void Run::OpenWhatMayBegin(RunTime now, Effects& effects) {
  for (const RunChannel& channel : channels_) {
    ChannelProgress& progress = progress_[channel.name];
    if (progress.stage != ChannelStage::kWaiting) continue;
    const bool may =
        std::all_of(channel.after.begin(), channel.after.end(), [&](const std::string& name) {
          const auto before = progress_.find(name);
          return before == progress_.end() || before->second.stage == ChannelStage::kEnded;
        });
    if (!may) continue;
    progress.stage = ChannelStage::kOpening;
    clocks_[channel.name].last_message = now;
    effects.push_back({RunEffect::Kind::kOpen, channel.name, ""});
  }
}

void Run::Opened(const RunChannel& channel, RunTime now, Effects&) {
  ChannelProgress& progress = progress_[channel.name];
  Clock& clock = clocks_[channel.name];
  clock.started = clock.last_message = now;
  clock.any_message = channel.records_before > 0;
  clock.marker = channel.marker_before;
  clock.expected = channel.expected_before;
  if (!channel.has_start || channel.is_file) {
    progress.stage = ChannelStage::kReceiving;
  } else if (channel.started_before) {
    progress.stage = clock.marker ? ChannelStage::kSettling : ChannelStage::kReceiving;
    progress.starts = 1;
  } else {
    progress.stage = ChannelStage::kDraining;
  }
}

void Run::Messages(const RunChannel& channel, const RunEvent& event, RunTime now,
                   Effects& effects) {
  ChannelProgress& progress = progress_[channel.name];
  Clock& clock = clocks_[channel.name];
  if (progress.stage == ChannelStage::kDraining) return LeftOver(channel, event, now);
  if (progress.stage == ChannelStage::kEnded) return;  // stragglers; the end stands
  clock.last_message = now;
  clock.any_message = true;
  progress.records += event.records;
  if (event.expected) clock.expected = event.expected;
  if (event.markers == 0 || channel.is_file) return;
  clock.marker = true;
  if (progress.stage == ChannelStage::kReceiving) {
    progress.stage = ChannelStage::kSettling;
    effects.push_back({RunEffect::Kind::kNote, channel.name,
                       absl::StrFormat("%s: its end marker came after %d records", channel.name,
                                       progress.records)});
  }
}

// Of an earlier run, so its end marker ends nothing here.
void Run::LeftOver(const RunChannel& channel, const RunEvent& event, RunTime now) {
  ChannelProgress& progress = progress_[channel.name];
  clocks_[channel.name].last_message = now;
  progress.left_over += event.messages;
  progress.owed -= std::min(progress.owed, event.markers);
}

void Run::AskCount(const RunChannel& channel, RunTime now, Effects& effects) {
  Clock& clock = clocks_[channel.name];
  if (clock.count_asked && now - clock.last_count < kCountInterval) return;
  clock.count_asked = true;
  clock.last_count = now;
  effects.push_back({RunEffect::Kind::kAskCount, channel.name, ""});
}

void Run::Tick(const RunChannel& channel, RunTime now, Effects& effects) {
  switch (progress_[channel.name].stage) {
    case ChannelStage::kDraining:
      return TickDraining(channel, now, effects);
    case ChannelStage::kReceiving:
    case ChannelStage::kSettling:
      if (!channel.is_file) TickReceiving(channel, now, effects);
      return;
    default:
      return;
  }
}

void Run::TickDraining(const RunChannel& channel, RunTime now, Effects& effects) {
  ChannelProgress& progress = progress_[channel.name];
  const Clock& clock = clocks_[channel.name];
  if (progress.owed > 0 && now - clock.last_message >= timeouts_.owed) {
    effects.push_back(
        {RunEffect::Kind::kNote, channel.name,
         absl::StrFormat("%s: %d end markers of an earlier sync have not come within %.0f s; going "
                         "on without them",
                         channel.name, progress.owed, Seconds(timeouts_.owed))});
    effects.push_back({RunEffect::Kind::kForgetOwed, channel.name, ""});
    progress.owed = 0;
  }
  if (progress.owed == 0 && now - clock.last_message >= timeouts_.stall) {
    effects.push_back({RunEffect::Kind::kFail, channel.name,
                       absl::StrFormat("channel %s: what its queue held before the start can't be "
                                       "read away: nothing has come for %.0f s",
                                       channel.name, Seconds(timeouts_.stall))});
    return;
  }
  if (progress.owed == 0 && now - clock.last_message >= kDrainQuiet) {
    AskCount(channel, now, effects);
  }
}

void Run::TickReceiving(const RunChannel& channel, RunTime now, Effects& effects) {
  ChannelProgress& progress = progress_[channel.name];
  Clock& clock = clocks_[channel.name];
  const auto silent = now - clock.last_message;
  const bool counts_fit = !clock.expected || progress.records >= *clock.expected;
  const bool settling = progress.stage == ChannelStage::kSettling;
  if (silent >= timeouts_.stall) {
    const std::string why = !counts_fit
                                ? absl::StrFormat("its end marker says %d records", *clock.expected)
                            : settling ? "its queue never became empty"
                                       : "its end marker has not come";
    effects.push_back(
        {RunEffect::Kind::kFail, channel.name,
         absl::StrFormat("channel %s: nothing has come for %.0f s; %d records so far, %s",
                         channel.name, Seconds(timeouts_.stall), progress.records, why)});
    return;
  }
  if (settling && counts_fit) {
    if (silent >= std::max(timeouts_.quiet, channel.quiet)) AskCount(channel, now, effects);
    return;
  }
  if (channel.has_start && !clock.any_message && now - clock.started >= timeouts_.start) {
    clock.started = now;
    effects.push_back({RunEffect::Kind::kNote, channel.name,
                       absl::StrFormat("%s: its start brought nothing within %.0f s; sending it "
                                       "again",
                                       channel.name, Seconds(timeouts_.start))});
    effects.push_back({RunEffect::Kind::kSendStart, channel.name, ""});
  }
}

void Run::QueueCount(const RunChannel& channel, uint64_t count, RunTime now, Effects& effects) {
  ChannelProgress& progress = progress_[channel.name];
  Clock& clock = clocks_[channel.name];
  clock.count_asked = false;
  if (count > 0) return;  // it is about to come; if it never does, the channel stalls
  if (progress.stage == ChannelStage::kDraining && progress.owed == 0) {
    progress.stage = ChannelStage::kStarting;
    if (progress.left_over > 0) {
      effects.push_back({RunEffect::Kind::kNote, channel.name,
                         absl::StrFormat("%s: %d messages were left over from before; they are not "
                                         "part of this sync",
                                         channel.name, progress.left_over)});
    }
    effects.push_back({RunEffect::Kind::kSendStart, channel.name, ""});
  } else if (progress.stage == ChannelStage::kSettling &&
             now - clock.last_message >= std::max(timeouts_.quiet, channel.quiet)) {
    End(channel, effects);
  }
}

void Run::End(const RunChannel& channel, Effects& effects) {
  progress_[channel.name].stage = ChannelStage::kEnded;
  effects.push_back({RunEffect::Kind::kEnd, channel.name, ""});
}

bool Run::Collects(const std::string& channel) const {
  const auto found = progress_.find(channel);
  return found != progress_.end() && found->second.stage != ChannelStage::kDraining;
}

bool Run::complete() const {
  return std::all_of(progress_.begin(), progress_.end(),
                     [](const auto& p) { return p.second.stage == ChannelStage::kEnded; });
}

std::string Run::WaitsFor() const {
  std::vector<std::string> waits;
  for (const auto& [name, progress] : progress_) {
    if (progress.stage == ChannelStage::kEnded) continue;
    waits.push_back(
        absl::StrFormat("%s (%s, %d records)", name, ToString(progress.stage), progress.records));
  }
  return absl::StrJoin(waits, ", ");
}

}  // namespace syncd
