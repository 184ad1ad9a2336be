// What index settings say of copies.
#ifndef INDEXSWAP_JSON_REPLICAS_H_
#define INDEXSWAP_JSON_REPLICAS_H_

#include <cstdint>
#include <string_view>

namespace indexswap {

// How many replicas an index of these settings has on `nodes` data nodes (at least 1): a node holds
// one copy of a shard at most. `settings` is a JSON object as in FamilySpec, nested or with dotted
// keys; what it doesn't say is the server's own default, 1. Thread-safe.
uint64_t ReplicasOn(uint64_t nodes, std::string_view settings);

}  // namespace indexswap

#endif  // INDEXSWAP_JSON_REPLICAS_H_
