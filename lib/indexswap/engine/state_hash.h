// One text that stands for what a store holds of a release, as far as a swap depends on it.
#ifndef INDEXSWAP_ENGINE_STATE_HASH_H_
#define INDEXSWAP_ENGINE_STATE_HASH_H_

#include <cstdint>
#include <string>

#include "indexswap/engine/view.h"

namespace indexswap {

// The state that a plan was made from: the plan's hash, where every alias points (with filters and
// options, and names that concrete indexes have), and which generations there are (builds, how far
// they are, when they were live). Neither counts and sizes, nor who holds the lease. `next` is the
// number that the next generation gets. Three parts, joined by `-`, of 16 hexadecimal digits each.
// Pure.
std::string StateHash(const ReleaseView& view, const std::string& plan_hash, uint64_t next);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_STATE_HASH_H_
