// What a new generation begins as: its `_meta`, and its indexes. For the build that creates them,
// and for the plan that shows how they will be created.
#ifndef INDEXSWAP_ENGINE_CREATION_H_
#define INDEXSWAP_ENGINE_CREATION_H_

#include <indexswap/generation.h>
#include <indexswap/release.h>
#include <indexswap/store.h>

#include <cstdint>
#include <string>
#include <vector>

namespace indexswap {

// Stand in a plan for what only the build knows.
inline constexpr char kBuildIdToCome[] = "<build_id>";
inline constexpr char kTimeToCome[] = "<created_at>";

// The `_meta` of generation `generation` of `release`, which is building; without gates.
GenerationMeta NewMeta(const ReleaseSpec& release, uint64_t generation, std::string build_id,
                       std::string created_at);

// Its indexes, one a family, in the order in which they are created. Pure.
std::vector<IndexDefinition> DefineIndexes(const ReleaseSpec& release, const GenerationMeta& meta);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_CREATION_H_
