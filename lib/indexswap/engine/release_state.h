// Reading all of a release, also what only its older generations have.
#ifndef INDEXSWAP_ENGINE_RELEASE_STATE_H_
#define INDEXSWAP_ENGINE_RELEASE_STATE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/store.h>

namespace indexswap {

// What `store` holds of `query`, and of the families and aliases that the metas found there name
// beside: a generation may be of another release spec than the one in use.
absl::StatusOr<StoreState> ReadRelease(IndexStore& store, const StateQuery& query);

// The same for one who may write. kUnimplemented when a newer program holds the lease, or wrote
// what an alias of the release points at: nothing may be written beside it.
absl::StatusOr<StoreState> ReadForWriter(IndexStore& store, const StateQuery& query);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_RELEASE_STATE_H_
