#include "indexswap/engine/release_state.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace indexswap {
namespace {

bool AddMissing(const std::string& name, std::vector<std::string>& names) {
  if (std::ranges::find(names, name) != names.end()) return false;
  names.push_back(name);
  return true;
}

// Adds what the metas of `state` name; whether that was anything new.
bool Widen(const StoreState& state, StateQuery& query) {
  bool wider = false;
  for (const IndexState& index : state.indexes) {
    if (!index.meta || index.meta->release != query.release) continue;
    for (const std::string& family : index.meta->families) {
      wider |= AddMissing(family, query.families);
    }
    for (const AliasSpec& alias : index.meta->aliases) {
      wider |= AddMissing(alias.name, query.aliases);
    }
  }
  return wider;
}

absl::Status CheckNoneNewer(const StoreState& state) {
  for (const Lease& lease : state.leases) {
    if (!lease.newer.empty()) {
      return absl::UnimplementedError(absl::StrFormat("epoch %d: %s", lease.epoch, lease.newer));
    }
  }
  for (const auto& [alias, targets] : state.aliases) {
    for (const AliasTarget& target : targets) {
      for (const IndexState& index : state.indexes) {
        if (index.name != target.index || index.newer.empty()) continue;
        return absl::UnimplementedError(
            absl::StrFormat("alias %s points at %s: %s", alias, index.name, index.newer));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StoreState> ReadRelease(IndexStore& store, const StateQuery& query) {
  StateQuery wide = query;
  while (true) {
    auto state = store.Read(wide);
    if (!state.ok() || !Widen(*state, wide)) return state;
  }
}

absl::StatusOr<StoreState> ReadForWriter(IndexStore& store, const StateQuery& query) {
  auto state = ReadRelease(store, query);
  if (!state.ok()) return state;
  if (absl::Status s = CheckNoneNewer(*state); !s.ok()) return s;
  return state;
}

}  // namespace indexswap
