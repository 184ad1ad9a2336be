#include "syncd/doctor/facts.h"

namespace syncd {
namespace {

const indexswap::GenerationStatus* Find(const indexswap::ReleaseStatus& status,
                                        std::optional<uint64_t> generation) {
  for (const indexswap::GenerationStatus& candidate : status.generations) {
    if (generation == candidate.generation) return &candidate;
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> StoreFacts::IndexesOf(std::optional<uint64_t> generation) const {
  std::vector<std::string> names;
  const indexswap::GenerationStatus* found = Find(status, generation);
  if (found == nullptr) return names;
  for (const auto& index : found->indexes) names.push_back(index.name);
  return names;
}

uint64_t StoreFacts::BytesOf(std::optional<uint64_t> generation) const {
  uint64_t bytes = 0;
  const indexswap::GenerationStatus* found = Find(status, generation);
  if (found == nullptr) return bytes;
  for (const auto& index : found->indexes) bytes += index.bytes;
  return bytes;
}

bool Facts::WriterAlive() const { return FolderHeld() || store.lease_beats; }

}  // namespace syncd
