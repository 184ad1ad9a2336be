// The gates that judge what came through the channels of a build.
#ifndef SYNCD_SYNC_CHANNEL_GATES_H_
#define SYNCD_SYNC_CHANNEL_GATES_H_

#include <indexswap/generation.h>

#include <vector>

#include "syncd/config/config.h"
#include "syncd/readmodel/channel_state.h"

namespace syncd {

// `ended` and `rejected`.
std::vector<indexswap::GateResult> JudgeChannelGates(const std::vector<ChannelState>& channels,
                                                     const RejectedConfig& limits);

}  // namespace syncd

#endif  // SYNCD_SYNC_CHANNEL_GATES_H_
