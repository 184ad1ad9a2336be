// The gates that judge what came through the channels of a build.
#ifndef SYNCD_SYNC_CHANNEL_GATES_H_
#define SYNCD_SYNC_CHANNEL_GATES_H_

#include <absl/status/status.h>
#include <indexswap/generation.h>

#include <string>
#include <vector>

#include "syncd/config/config.h"
#include "syncd/readmodel/channel_state.h"

namespace syncd {

// `ended` and `rejected`.
std::vector<indexswap::GateResult> JudgeChannelGates(const std::vector<ChannelState>& channels,
                                                     const RejectedConfig& limits);

// Whether each of `overrides` names a gate that a sync, or a promotion, lets through by name; asked
// before anything is begun. kInvalidArgument names those that there are.
absl::Status CheckOverrides(const std::vector<std::string>& overrides);

// Whether each of `overrides` names a gate that is judged before a build is begun, and so may be
// let through before there is anything to promote. kInvalidArgument names those that there are.
absl::Status CheckOverridesOfBuild(const std::vector<std::string>& overrides);

}  // namespace syncd

#endif  // SYNCD_SYNC_CHANNEL_GATES_H_
