// Alias requests on the memory store, and the deletion of indexes.
#include <indexswap/names.h>

#include <algorithm>
#include <utility>

#include "indexswap/json/canonical.h"
#include "indexswap/json/meta_codec.h"
#include "indexswap/testing/memory_store_impl.h"

namespace indexswap::testing {

absl::Status MemoryStore::Apply(const AliasAction& action, AliasTable& table,
                                std::set<std::string>& removed) const {
  if (action.kind == AliasAction::Kind::kRemoveIndex) {
    if (!cluster_->indexes_.contains(action.index)) {
      return absl::NotFoundError("no index " + action.index);
    }
    removed.insert(action.index);
    table = ApplyActions(std::move(table), {action});
    return absl::OkStatus();
  }
  std::vector<AliasTarget>& targets = table[action.alias];
  const auto found =
      std::find_if(targets.begin(), targets.end(),
                   [&action](const AliasTarget& target) { return target.index == action.index; });
  if (action.kind == AliasAction::Kind::kRemove) {
    if (found == targets.end()) {
      return absl::FailedPreconditionError(action.alias + " is not on " + action.index);
    }
    targets.erase(found);
    return absl::OkStatus();
  }
  if (cluster_->indexes_.contains(action.alias) && !removed.contains(action.alias)) {
    return absl::InvalidArgumentError(action.alias + " is an index");
  }
  absl::Status valid = ValidateAliasName(action.alias);
  if (!valid.ok()) return valid;
  if (!cluster_->indexes_.contains(action.index)) {
    return absl::NotFoundError("no index " + action.index);
  }
  absl::StatusOr<ResolvedFilter> resolved = Resolve(action.index, action.filter);
  if (!resolved.ok()) return resolved.status();
  if (found != targets.end()) targets.erase(found);
  targets.push_back({action.index, CanonicalJson(action.filter).value(), action.options});
  std::sort(targets.begin(), targets.end());
  return absl::OkStatus();
}

absl::Status MemoryStore::UpdateAliases(const Fence& fence,
                                        const std::vector<AliasAction>& actions) {
  const std::lock_guard lock(cluster_->mutex_);
  absl::Status status = CheckFence(fence);
  if (!status.ok()) return status;
  AliasTable table = cluster_->aliases_;
  std::set<std::string> removed;
  for (const AliasAction& action : actions) {
    status = Apply(action, table, removed);
    if (!status.ok()) return status;
  }
  std::erase_if(table, [](const auto& alias) { return alias.second.empty(); });
  cluster_->aliases_ = std::move(table);
  for (const std::string& index : removed) cluster_->indexes_.erase(index);
  return absl::OkStatus();
}

absl::Status MemoryStore::DeleteIndexes(const Fence& fence,
                                        const std::vector<std::string>& indexes) {
  const std::lock_guard lock(cluster_->mutex_);
  absl::Status fenced = CheckFence(fence);
  if (!fenced.ok()) return fenced;
  for (const std::string& name : indexes) {
    const auto found = cluster_->indexes_.find(name);
    if (found == cluster_->indexes_.end() || found->second.release != fence.release) {
      return absl::NotFoundError("no index " + name);
    }
    for (const auto& [alias, targets] : cluster_->aliases_) {
      for (const AliasTarget& target : targets) {
        if (target.index == name) {
          return absl::FailedPreconditionError(alias + " points at " + name);
        }
      }
    }
  }
  for (const std::string& name : indexes) cluster_->indexes_.erase(name);
  return absl::OkStatus();
}

std::vector<ExplainedRequest> MemoryStore::Explain(const Fence& fence,
                                                   const std::vector<IndexDefinition>& created,
                                                   const std::vector<AliasAction>& actions) const {
  const std::string under = "under " + LeaseName(fence.release, fence.epoch) + ":\n";
  std::vector<ExplainedRequest> requests;
  for (const IndexDefinition& index : created) {
    requests.push_back({"", "", under + "create " + index.name + "\n" + EncodeMeta(index.meta)});
  }
  if (actions.empty()) return requests;
  std::string text = under;
  for (const AliasAction& action : actions) text += indexswap::Describe(action) + "\n";
  requests.push_back({"", "", text});
  return requests;
}

}  // namespace indexswap::testing
