#include "syncd/sync/channel_gates.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <array>

#include "syncd/sync/state_disk.h"

namespace syncd {
namespace {

// The folder's own, and those of the engine.
constexpr std::array<const char*, 4> kBeforeBuild = {kDiskGate, "capacity", "blocks", "templates"};

}  // namespace

std::vector<indexswap::GateResult> JudgeChannelGates(const std::vector<ChannelState>& channels,
                                                     const RejectedConfig& limits) {
  std::vector<std::string> open, figures, beyond;
  for (const ChannelState& channel : channels) {
    if (!channel.ended) open.push_back(channel.name);
    const uint64_t allowed = std::max(
        limits.count, static_cast<uint64_t>(limits.part * static_cast<double>(channel.records)));
    figures.push_back(
        absl::StrFormat("%s: %d of %d", channel.name, channel.rejected, channel.records));
    if (channel.rejected > allowed) {
      beyond.push_back(absl::StrFormat("%s: %d of %d records rejected, at most %d", channel.name,
                                       channel.rejected, channel.records, allowed));
    }
  }
  return {
      {"ended", open.empty(), false,
       open.empty() ? "every channel has ended" : "not ended: " + absl::StrJoin(open, ", ")},
      {"rejected", beyond.empty(), false, absl::StrJoin(beyond.empty() ? figures : beyond, "; ")}};
}

absl::Status CheckOverrides(const std::vector<std::string>& overrides) {
  static constexpr std::array kGates = {
      "refused", "rejected", "shrink", "empty",   "min_documents", "filters", "health",
      "queries", "digest",   "disk",   "changed", "capacity",      "blocks",  "templates"};
  for (const std::string& name : overrides) {
    if (!indexswap::CanBeOverridden(name)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "the gate %s can't be overridden: the build would not be complete", name));
    }
    if (std::ranges::find(kGates, name) == kGates.end()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("there is no gate %s; those that can be overridden are %s", name,
                          absl::StrJoin(kGates, ", ")));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckOverridesOfBuild(const std::vector<std::string>& overrides) {
  if (absl::Status s = CheckOverrides(overrides); !s.ok()) return s;
  for (const std::string& name : overrides) {
    if (std::ranges::find(kBeforeBuild, name) != kBeforeBuild.end()) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "the gate %s is not judged before a build; those that are: %s. A build that it has stopped "
        "is let through by `sync --promote N --override %s`",
        name, absl::StrJoin(kBeforeBuild, ", "), name));
  }
  return absl::OkStatus();
}

}  // namespace syncd
