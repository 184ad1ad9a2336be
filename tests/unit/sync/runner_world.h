// A whole sync into a memory store.
#ifndef SYNCD_TESTS_UNIT_SYNC_RUNNER_WORLD_H_
#define SYNCD_TESTS_UNIT_SYNC_RUNNER_WORLD_H_

#include <memory>
#include <string>
#include <utility>

#include "../support/state_world.h"
#include "run_fakes.h"
#include "syncd/sync/runner.h"

namespace syncd {

class RunnerWorld : public StateWorld {
 protected:
  // `source`: a SyncRequest's. Few documents come, and aliases may stay empty.
  explicit RunnerWorld(const std::string& source, std::shared_ptr<indexswap::IndexStore> store =
                                                      indexswap::testing::MakeMemoryStore())
      : StateWorld(std::move(store)) {
    Open(plan_.ToReleaseSpec());
    config_.state = folder_.path();
    request_.source = source;
    request_.overrides = {"empty"};
  }

  SyncOutcome RunFrom(Sources& sources) {
    SyncRunner runner(
        {plan_, config_, *engine_, *journal_, *log_, *warm_, sources, refused_, hooks_});
    return runner.Run(request_);
  }

  Config config_;
  RefusedDocuments refused_;
  RecordingHooks hooks_;
  SyncRequest request_;
};

}  // namespace syncd

#endif  // SYNCD_TESTS_UNIT_SYNC_RUNNER_WORLD_H_
