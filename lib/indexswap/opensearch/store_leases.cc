// The lease: creating it, taking over, and the record in it.
#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <algorithm>
#include <utility>

#include "indexswap/json/meta_codec.h"
#include "indexswap/opensearch/store.h"

namespace indexswap {
namespace {

constexpr int kTakeOverRounds = 10;

// A copy on every other node of a small cluster; the record is never searched.
constexpr char kLeaseBody[] = R"({"settings":{"number_of_shards":1,"auto_expand_replicas":"0-1"},)"
                              R"("mappings":{"enabled":false},"aliases":{"%s":{}}})";

absl::Status OutvotedError(const Fence& fence, uint64_t higher) {
  return absl::AbortedError(absl::StrFormat(
      "release %s has a lease of the higher epoch %d: epoch %d is too late; nothing was changed",
      fence.release, higher, fence.epoch));
}

// OK unless `entries` hold a higher lease than the fence's.
absl::Status CheckHighest(const Fence& fence, const IndexEntries& entries) {
  for (const auto& [name, entry] : entries) {
    const std::optional<uint64_t> epoch = ParseLeaseName(fence.release, name);
    if (epoch && *epoch > fence.epoch) return OutvotedError(fence, *epoch);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<IndexEntries> OpenSearchStore::ReadAsHighest(const Fence& fence,
                                                            const std::vector<std::string>& names) {
  std::vector<std::string> expressions = {LeasePattern(fence.release)};
  expressions.insert(expressions.end(), names.begin(), names.end());
  absl::StatusOr<IndexEntries> entries = ReadEntries(expressions);
  if (!entries.ok()) return entries.status();
  if (!entries->contains(LeaseName(fence.release, fence.epoch))) return FencedError(fence);
  absl::Status highest = CheckHighest(fence, *entries);
  if (!highest.ok()) return highest;
  return entries;
}

absl::Status OpenSearchStore::CheckLease(const Fence& fence) {
  const std::string lease = LeaseName(fence.release, fence.epoch);
  const absl::StatusOr<IndexEntries> entries = ReadEntries({lease});
  if (!entries.ok()) return entries.status();
  return entries->contains(lease) ? absl::OkStatus() : FencedError(fence);
}

absl::Status OpenSearchStore::CreateLease(const Fence& fence, const LeaseRecord& record) {
  const absl::StatusOr<IndexEntries> before = ReadEntries({LeasePattern(fence.release)});
  if (!before.ok()) return before.status();
  absl::Status highest = CheckHighest(fence, *before);
  if (!highest.ok()) return highest;

  const std::string lease = LeaseName(fence.release, fence.epoch);
  const std::string body = absl::StrFormat(kLeaseBody, WriteAlias(lease, fence.epoch));
  const absl::StatusOr<HttpResponse> response =
      Send(Effect::kChange, HttpMethod::kPut, "/" + PercentEncode(lease), body);
  if (!response.ok()) return response.status();
  absl::Status status = StatusFromChange(*response, Effect::kChange, "create the lease " + lease);
  if (!status.ok()) return status;

  // Between the look and the creation a rival may have created this lease, lost it to a higher
  // one, and so have made room for it again. Whoever takes over with a higher epoch from now on
  // sees this lease; whoever did before is seen now.
  const absl::StatusOr<IndexEntries> after = ReadAsHighest(fence, {});
  if (after.status().code() == absl::StatusCode::kAborted) {
    // Never in force. Left behind if this fails: then the next takeover removes it.
    (void)Send(Effect::kChange, HttpMethod::kDelete, "/" + PercentEncode(lease));
  }
  status = after.ok() ? WriteLease(fence, record) : after.status();
  if (status.ok() || status.code() == absl::StatusCode::kAborted) return status;
  return absl::UnknownError(absl::StrFormat("the lease %s was created, but its record was not: %s",
                                            lease, std::string(status.message())));
}

absl::Status OpenSearchStore::WriteLease(const Fence& fence, const LeaseRecord& record) {
  const std::string lease = LeaseName(fence.release, fence.epoch);
  absl::Status status = PutThroughAlias(fence, lease, "/_doc/lease?require_alias=true",
                                        EncodeLease(record), "write the lease " + lease);
  return status.code() == absl::StatusCode::kNotFound ? FencedError(fence) : status;
}

AliasRequest OpenSearchStore::BuildTakeOver(const Fence& fence,
                                            const std::vector<std::string>& indexes,
                                            const IndexEntries& entries, bool& complete) const {
  AliasRequest request(fence);
  complete = entries.at(LeaseName(fence.release, fence.epoch))
                 .aliases.contains(LeaderAlias(fence.release));
  for (const auto& [name, entry] : entries) {
    const std::optional<uint64_t> epoch = ParseLeaseName(fence.release, name);
    if (!epoch || *epoch >= fence.epoch) continue;
    request.RemoveIndex(name);
    complete = false;
  }
  for (const std::string& index : indexes) {
    const auto entry = entries.find(index);
    if (entry == entries.end()) continue;
    for (const auto& [alias, details] : entry->second.aliases) {
      if (!IsPrivateAlias(index, alias) || ParseWriteAlias(alias)->epoch == fence.epoch) continue;
      request.Remove(index, alias, false);
      complete = false;
    }
    const std::string own = WriteAlias(index, fence.epoch);
    if (entry->second.aliases.contains(own)) continue;
    request.Add(index, own);
    complete = false;
  }
  return request;
}

absl::Status OpenSearchStore::TakeOver(const Fence& fence,
                                       const std::vector<std::string>& indexes) {
  // The writer in force may give an index its private alias, or create one, between our look and
  // our request; after the request it can't. So look again until nothing is left to do, which
  // also makes it safe to call this again after a lost answer.
  absl::Status status;
  for (int round = 0; round < kTakeOverRounds; ++round) {
    const absl::StatusOr<IndexEntries> entries = ReadAsHighest(fence, indexes);
    if (!entries.ok()) return entries.status();
    bool complete = false;
    const AliasRequest request = BuildTakeOver(fence, indexes, *entries, complete);
    if (!request.status().ok()) return request.status();
    if (complete) return absl::OkStatus();
    status = PostAliases(fence, request);
    // kNotFound: a lower lease or an index went in between.
    if (!status.ok() && status.code() != absl::StatusCode::kNotFound) return status;
  }
  return status.ok() ? absl::FailedPreconditionError(
                           "the takeover found new aliases of the old writer again and again")
                     : status;
}

}  // namespace indexswap
