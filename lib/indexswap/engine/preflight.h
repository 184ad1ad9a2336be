// The gates before anything is created: what would stop a build or its swap, and can be seen now.
#ifndef INDEXSWAP_ENGINE_PREFLIGHT_H_
#define INDEXSWAP_ENGINE_PREFLIGHT_H_

#include <absl/status/statusor.h>
#include <indexswap/generation.h>

#include <string_view>
#include <vector>

#include "indexswap/engine/core.h"
#include "indexswap/engine/view.h"

namespace indexswap {

// `capacity`: the build with its replicas, beside all that is kept, fits below the flood stage.
// `blocks`: nothing is set that would refuse the swap, or the way back from it.
// `templates`: no template of the store would show new indexes to readers, or make them something
// else. What the store doesn't let its user see passes, and says so. An error is the store's.
absl::StatusOr<std::vector<GateResult>> JudgeBeforeBuild(Core& core, const ReleaseView& view,
                                                         uint64_t generation);

// `blocks` alone, which can change until the swap. `creates`: indexes are still to be created,
// which a block of the whole store may refuse beside. While the lease is not held, what would keep
// it from being taken is looked at, too: taking it moves the private aliases of all that is ours.
absl::StatusOr<GateResult> JudgeBlocks(Core& core, const ReleaseView& view, bool creates);

// Those of `gates` that are judged before the build and not again.
bool IsJudgedBeforeBuild(std::string_view gate);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_PREFLIGHT_H_
