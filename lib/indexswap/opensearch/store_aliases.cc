// Alias requests, and the deletion of indexes by them.
#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <algorithm>
#include <utility>

#include "indexswap/opensearch/store.h"

namespace indexswap {
namespace {

constexpr char kLiftBlock[] = R"({"index.blocks.read_only_allow_delete":null})";

bool Contains(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

// What an answer to an alias request means.
absl::Status AliasStatus(const Fence& fence, const HttpResponse& response) {
  absl::Status status = StatusFromChange(response, Effect::kChange, "change aliases");
  if (status.ok()) return status;
  const ServerError error = ParseServerError(response);
  const std::string lease = LeaseName(fence.release, fence.epoch);
  if (error.type == "index_not_found_exception") {
    const bool own = error.index == lease || Contains(error.reason, "[" + lease + "]");
    return own ? FencedError(fence) : status;
  }
  if (error.type == "aliases_not_found_exception" || error.type == "resource_not_found_exception") {
    return absl::FailedPreconditionError(status.message());
  }
  if (error.type == "illegal_state_exception" && Contains(error.reason, "more than one write")) {
    const bool leader = Contains(error.reason, "[" + LeaderAlias(fence.release) + "]");
    return leader ? absl::AbortedError(
                        absl::StrFormat("another lease than %s leads; nothing was changed: %s",
                                        lease, std::string(status.message())))
                  : absl::FailedPreconditionError(status.message());
  }
  return status;
}

}  // namespace

bool IsFloodBlock(const HttpResponse& response) {
  if (response.status != 429 && response.status != 403) return false;
  const ServerError error = ParseServerError(response);
  return error.type == "cluster_block_exception" &&
         Contains(error.reason, "read-only-allow-delete");
}

absl::Status OpenSearchStore::LiftBlocks(const Fence& fence,
                                         const std::vector<std::string>& indexes) {
  // Through the lease's private alias first: whoever has lost it lifts nothing.
  const std::string lease = LeaseName(fence.release, fence.epoch);
  std::vector<std::string> names = {WriteAlias(lease, fence.epoch)};
  for (const std::string& index : indexes) {
    if (index != lease) names.push_back(index);
  }
  for (const std::string& name : names) {
    const absl::StatusOr<HttpResponse> response = Send(
        Effect::kRepeat, HttpMethod::kPut, "/" + PercentEncode(name) + "/_settings", kLiftBlock);
    if (!response.ok()) return response.status();
    if (response->status == 404) {
      if (name == names[0]) return FencedError(fence);
      continue;  // the request itself will say so
    }
    absl::Status status = StatusFromAnswer(*response, Effect::kRepeat, "lift the block of " + name);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status OpenSearchStore::PostAliases(const Fence& fence, const AliasRequest& request) {
  if (!request.status().ok()) return request.status();
  const std::string body = request.Body();
  absl::StatusOr<HttpResponse> response =
      Send(Effect::kChange, HttpMethod::kPost, AliasRequest::kPath, body);
  if (!response.ok()) return response.status();
  if (IsFloodBlock(*response)) {
    std::vector<std::string> indexes = request.indexes();
    indexes.erase(std::unique(indexes.begin(), indexes.end()), indexes.end());
    absl::Status lifted = LiftBlocks(fence, indexes);
    if (lifted.code() == absl::StatusCode::kAborted) return lifted;
    if (lifted.ok()) {
      response = Send(Effect::kChange, HttpMethod::kPost, AliasRequest::kPath, body);
    }
    if (!response.ok()) return response.status();
  }
  return AliasStatus(fence, *response);
}

AliasRequest OpenSearchStore::BuildUpdate(const Fence& fence,
                                          const std::vector<AliasAction>& actions) const {
  AliasRequest request(fence);
  for (const AliasAction& action : actions) {
    if (action.kind == AliasAction::Kind::kAdd) {
      request.Add(action.index, action.alias, action.filter, action.options);
    } else if (action.kind == AliasAction::Kind::kRemoveIndex) {
      request.RemoveIndex(action.index);
    } else {
      request.Remove(action.index, action.alias, server_.capabilities.must_exist);
    }
  }
  return request;
}

absl::Status OpenSearchStore::CheckRemovals(const Fence& fence,
                                            const std::vector<AliasAction>& actions) {
  const std::string lease = LeaseName(fence.release, fence.epoch);
  std::vector<std::string> names = {lease};
  for (const AliasAction& action : actions) {
    if (action.kind == AliasAction::Kind::kRemove) names.push_back(action.index);
  }
  if (names.size() == 1) return absl::OkStatus();
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const absl::StatusOr<IndexEntries> entries = ReadEntries(names);
  if (!entries.ok()) return entries.status();
  if (!entries->contains(lease)) return FencedError(fence);
  for (const AliasAction& action : actions) {
    if (action.kind != AliasAction::Kind::kRemove) continue;
    const auto entry = entries->find(action.index);
    if (entry == entries->end() || !entry->second.aliases.contains(action.alias)) {
      return absl::FailedPreconditionError(
          absl::StrFormat("alias %s is not on index %s: it was changed by someone else; read the "
                          "aliases again; nothing was changed",
                          action.alias, action.index));
    }
  }
  return absl::OkStatus();
}

absl::Status OpenSearchStore::UpdateAliases(const Fence& fence,
                                            const std::vector<AliasAction>& actions) {
  const AliasRequest request = BuildUpdate(fence, actions);
  if (!request.status().ok()) return request.status();
  if (!server_.capabilities.must_exist) {
    absl::Status removals = CheckRemovals(fence, actions);
    if (!removals.ok()) return removals;
  }
  return PostAliases(fence, request);
}

absl::Status OpenSearchStore::DeleteIndexes(const Fence& fence,
                                            const std::vector<std::string>& indexes) {
  AliasRequest request(fence);
  for (const std::string& index : indexes) request.RemoveIndex(index);
  if (!request.status().ok()) return request.status();
  const absl::StatusOr<IndexEntries> entries = ReadEntries(request.indexes());
  if (!entries.ok()) return entries.status();
  if (!entries->contains(LeaseName(fence.release, fence.epoch))) return FencedError(fence);
  for (const std::string& index : indexes) {
    const auto entry = entries->find(index);
    if (entry == entries->end()) {
      return absl::NotFoundError(
          absl::StrFormat("there is no index %s to delete; nothing was deleted", index));
    }
    for (const auto& [alias, details] : entry->second.aliases) {
      if (IsPrivateAlias(index, alias)) continue;
      return absl::FailedPreconditionError(
          absl::StrFormat("index %s is read through alias %s; nothing was deleted", index, alias));
    }
  }
  return PostAliases(fence, request);
}

}  // namespace indexswap
