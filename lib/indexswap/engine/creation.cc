#include "indexswap/engine/creation.h"

#include <indexswap/names.h>

#include <utility>

namespace indexswap {

GenerationMeta NewMeta(const ReleaseSpec& release, uint64_t generation, std::string build_id,
                       std::string created_at) {
  GenerationMeta meta;
  meta.release = release.name;
  meta.generation = generation;
  meta.build_id = std::move(build_id);
  meta.plan_hash = release.plan_hash;
  for (const FamilySpec& family : release.families) meta.families.push_back(family.name);
  meta.aliases = release.aliases;
  meta.created_at = std::move(created_at);
  return meta;
}

std::vector<IndexDefinition> DefineIndexes(const ReleaseSpec& release, const GenerationMeta& meta) {
  std::vector<IndexDefinition> indexes;
  for (const FamilySpec& family : release.families) {
    indexes.push_back(
        {IndexName(family.name, meta.generation), family.mappings, family.settings, meta});
  }
  return indexes;
}

}  // namespace indexswap
