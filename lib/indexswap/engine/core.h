// What the workflows of one engine share.
#ifndef INDEXSWAP_ENGINE_CORE_H_
#define INDEXSWAP_ENGINE_CORE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/observer.h>
#include <indexswap/options.h>
#include <indexswap/release.h>
#include <indexswap/store.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "indexswap/engine/digest.h"
#include "indexswap/engine/lease.h"
#include "indexswap/engine/view.h"

namespace indexswap {

// One engine's store, release and lease. Owned by the engine, and outlives its builds.
struct Core {
  Core(std::shared_ptr<IndexStore> the_store, ReleaseSpec the_release, EngineOptions the_options,
       Observer& the_observer);

  std::shared_ptr<IndexStore> store;
  const ReleaseSpec release;
  const EngineOptions options;
  Observer& observer;
  const StateQuery query;
  LeaseKeeper lease;
  std::mutex workflow;                // one writing workflow at a time
  std::atomic<uint64_t> building{0};  // the generation that this process builds; 0: none
  DocumentSet written_since;          // of that one: what live changes were about, before they are
                                      // sent, if all of it is going to be compared

  // What the store holds now.
  absl::StatusOr<ReleaseView> ReadView();

  // The same, tried until `outcome_timeout` while the store can't say.
  absl::StatusOr<ReleaseView> ReadViewSurely();

  // Makes a change that readers don't see, and that may be made twice. Where the answer is lost the
  // lease is forced on first, so that what is still under way has no effect any more. Never
  // kUnknown.
  absl::Status Change(const std::function<absl::Status(const Fence& fence)>& change);

  // The time of day as RFC 3339 in UTC, to the second.
  std::string Timestamp() const;

  // Writes `meta` to each of its generation's indexes.
  absl::Status WriteMeta(const GenerationMeta& meta);

  // The same to the indexes of some of its families.
  absl::Status WriteMeta(const GenerationMeta& meta, const std::vector<std::string>& families);
};

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_CORE_H_
