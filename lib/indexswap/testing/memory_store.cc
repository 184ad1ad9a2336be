#include "indexswap/testing/memory_store.h"

#include <absl/strings/str_format.h>
#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <indexswap/names.h>

#include <algorithm>
#include <utility>

#include "indexswap/json/canonical.h"
#include "indexswap/query/search_body.h"
#include "indexswap/testing/filter_matcher.h"
#include "indexswap/testing/memory_store_impl.h"

namespace indexswap::testing {

using Outcome = BulkResult::Outcome;

absl::Status MemoryCluster::CreateForeignIndex(const std::string& name,
                                               const std::string& mappings) {
  absl::StatusOr<ParsedMapping> mapping = ParsedMapping::Parse(mappings);
  if (!mapping.ok()) return mapping.status();
  const std::lock_guard lock(mutex_);
  if (indexes_.contains(name) || aliases_.contains(name)) return absl::AlreadyExistsError(name);
  indexes_[name].made = ++made_;
  indexes_[name].mapping = std::make_shared<const ParsedMapping>(*std::move(mapping));
  return absl::OkStatus();
}

absl::Status MemoryStore::CheckFence(const Fence& fence) const {
  const auto leases = cluster_->leases_.find(fence.release);
  if (leases != cluster_->leases_.end() && !leases->second.empty() &&
      leases->second.begin()->first == fence.epoch) {
    return absl::OkStatus();
  }
  return absl::AbortedError(LeaseName(fence.release, fence.epoch) + " is not in force");
}

absl::StatusOr<MemoryStore::Index*> MemoryStore::Own(const Fence& fence,
                                                     const std::string& name) const {
  absl::Status fenced = CheckFence(fence);
  if (!fenced.ok()) return fenced;
  const auto found = cluster_->indexes_.find(name);
  if (found == cluster_->indexes_.end() || found->second.release != fence.release) {
    return absl::NotFoundError("no index " + name);
  }
  if (found->second.write_epoch != fence.epoch) {
    return absl::AbortedError(WriteAlias(name, fence.epoch) + " is gone");
  }
  return &found->second;
}

absl::StatusOr<StoreState> MemoryStore::Read(const StateQuery& query) {
  const std::lock_guard lock(cluster_->mutex_);
  StoreState state;
  for (const auto& [epoch, record] : cluster_->leases_[query.release]) {
    state.leases.push_back({epoch, record, ""});
  }
  for (const auto& [name, index] : cluster_->indexes_) {
    const std::optional<GenerationName> parsed = ParseIndexName(name);
    if (!parsed || std::count(query.families.begin(), query.families.end(), parsed->family) == 0) {
      continue;
    }
    IndexState found{name, std::nullopt, {}, 0, ""};
    if (index.release == query.release && index.meta.format == 1) found.meta = index.meta;
    if (index.meta.format != 1) found.newer = "its _meta was written by a newer program";
    if (index.write_epoch > 0) found.write_epochs = {index.write_epoch};
    for (const auto& [id, document] : index.documents) found.bytes += document.json.size();
    state.indexes.push_back(std::move(found));
  }
  for (const auto& [alias, targets] : cluster_->aliases_) {
    const bool asked = std::count(query.aliases.begin(), query.aliases.end(), alias) > 0;
    for (const AliasTarget& target : targets) {
      const bool ours =
          std::any_of(state.indexes.begin(), state.indexes.end(),
                      [&target](const IndexState& index) { return index.name == target.index; });
      if (asked || ours) state.aliases[alias].push_back(target);
    }
  }
  for (const std::string& alias : query.aliases) {
    if (cluster_->indexes_.contains(alias)) state.concrete.push_back(alias);
  }
  return state;
}

absl::Status MemoryStore::CreateLease(const Fence& fence, const LeaseRecord& record) {
  const std::lock_guard lock(cluster_->mutex_);
  std::map<uint64_t, LeaseRecord>& leases = cluster_->leases_[fence.release];
  const std::string name = LeaseName(fence.release, fence.epoch);
  if (leases.contains(fence.epoch)) return absl::AlreadyExistsError(name);
  if (!leases.empty() && leases.rbegin()->first > fence.epoch) return absl::AbortedError(name);
  leases[fence.epoch] = record;
  return absl::OkStatus();
}

absl::Status MemoryStore::TakeOver(const Fence& fence, const std::vector<std::string>& indexes) {
  const std::lock_guard lock(cluster_->mutex_);
  std::map<uint64_t, LeaseRecord>& leases = cluster_->leases_[fence.release];
  const auto own = leases.find(fence.epoch);
  if (own == leases.end()) {
    return absl::AbortedError("no lease " + LeaseName(fence.release, fence.epoch));
  }
  leases.erase(leases.begin(), own);
  for (const std::string& index : indexes) {
    const auto found = cluster_->indexes_.find(index);
    if (found != cluster_->indexes_.end() && found->second.release == fence.release) {
      found->second.write_epoch = fence.epoch;
    }
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::WriteLease(const Fence& fence, const LeaseRecord& record) {
  const std::lock_guard lock(cluster_->mutex_);
  std::map<uint64_t, LeaseRecord>& leases = cluster_->leases_[fence.release];
  const auto own = leases.find(fence.epoch);
  if (own == leases.end()) {
    return absl::AbortedError("no lease " + LeaseName(fence.release, fence.epoch));
  }
  own->second = record;
  return absl::OkStatus();
}

absl::Status MemoryStore::CreateIndex(const Fence& fence, const IndexDefinition& definition) {
  absl::StatusOr<ParsedMapping> mapping = ParsedMapping::Parse(definition.mappings);
  if (!mapping.ok()) return mapping.status();
  const std::lock_guard lock(cluster_->mutex_);
  absl::Status fenced = CheckFence(fence);
  if (!fenced.ok()) return fenced;
  if (!ParseIndexName(definition.name)) return absl::InvalidArgumentError(definition.name);
  if (cluster_->indexes_.contains(definition.name) ||
      cluster_->aliases_.contains(definition.name)) {
    return absl::AlreadyExistsError(definition.name);
  }
  Index& index = cluster_->indexes_[definition.name];
  index.made = ++cluster_->made_;
  index.release = fence.release;
  index.meta = definition.meta;
  index.settings = definition.settings;
  index.mapping = std::make_shared<const ParsedMapping>(*std::move(mapping));
  index.write_epoch = fence.epoch;
  return absl::OkStatus();
}

absl::Status MemoryStore::WriteMeta(const Fence& fence, const std::string& index,
                                    const GenerationMeta& meta) {
  const std::lock_guard lock(cluster_->mutex_);
  absl::StatusOr<Index*> own = Own(fence, index);
  if (own.ok()) (*own)->meta = meta;
  return own.status();
}

absl::Status MemoryStore::FinishLoading(const Fence& fence, const std::string& index,
                                        const std::string& settings) {
  absl::StatusOr<std::string> canonical = CanonicalJson(settings);
  if (!canonical.ok()) return canonical.status();
  const std::lock_guard lock(cluster_->mutex_);
  absl::StatusOr<Index*> own = Own(fence, index);
  if (!own.ok()) return own.status();
  (*own)->settings = *canonical;
  MakeSearchable(**own);
  return absl::OkStatus();
}

void MemoryStore::MakeSearchable(Index& index) {
  for (const std::string& id : index.unrefreshed) {
    const MemoryCluster::Document& document = index.documents[id];
    if (document.deleted) {
      index.searchable.erase(id);
    } else {
      index.searchable[id] = document.json;
    }
  }
  index.unrefreshed.clear();
}

absl::Status MemoryStore::Refresh(const std::string& index) {
  const std::lock_guard lock(cluster_->mutex_);
  const auto found = cluster_->indexes_.find(index);
  if (found == cluster_->indexes_.end()) return absl::NotFoundError("no index " + index);
  MakeSearchable(found->second);
  return absl::OkStatus();
}

BulkResult MemoryStore::WriteItem(const Fence& fence, const BulkItem& item) {
  absl::StatusOr<Index*> index = Own(fence, item.index);
  if (!index.ok()) return {Outcome::kFenced, std::string(index.status().message())};
  if (item.id.empty() || item.id.size() > 512)
    return {Outcome::kRefused, "an id has 1 to 512 bytes"};
  if (item.kind == BulkItem::Kind::kIndex) {
    const absl::Status fits = (*index)->mapping->Check(item.document);
    if (!fits.ok()) return {Outcome::kRefused, std::string(fits.message())};
  }
  const auto stored = (*index)->documents.find(item.id);
  if (stored != (*index)->documents.end() && stored->second.version >= item.version) {
    return {Outcome::kNotNewer, ""};
  }
  (*index)->documents[item.id] = {item.version, item.document,
                                  item.kind == BulkItem::Kind::kDelete};
  (*index)->unrefreshed.insert(item.id);
  ++(*index)->writes;
  return {Outcome::kDone, ""};
}

absl::StatusOr<std::vector<BulkResult>> MemoryStore::Bulk(const Fence& fence,
                                                          const std::vector<BulkItem>& items) {
  const std::lock_guard lock(cluster_->mutex_);
  std::vector<BulkResult> results;
  results.reserve(items.size());
  for (const BulkItem& item : items) results.push_back(WriteItem(fence, item));
  return results;
}

absl::StatusOr<ResolvedFilter> MemoryStore::Resolve(const std::string& index,
                                                    const std::string& filter) const {
  absl::StatusOr<Filter> parsed = ParseFilter(filter);
  if (!parsed.ok()) return parsed.status();
  return ResolveFilter(*parsed, *cluster_->indexes_.at(index).mapping);
}

absl::StatusOr<SearchFound> MemoryStore::Search(const std::string& target,
                                                const std::string& filter,
                                                const std::string& body) {
  const absl::StatusOr<SearchBody> search = ParseSearchBody(body);
  if (!search.ok()) return search.status();
  const absl::Time began = absl::Now();
  std::string both = search->query;
  if (!filter.empty()) {
    both =
        absl::StrFormat(R"({"bool":{"filter":[%s%s%s]}})", filter, both.empty() ? "" : ",", both);
  }
  const absl::StatusOr<uint64_t> hits = Count(target, both);
  if (!hits.ok()) return hits.status();
  return SearchFound{*hits, absl::ToChronoMicroseconds(absl::Now() - began)};
}

absl::StatusOr<uint64_t> MemoryStore::Count(const std::string& target, const std::string& filter) {
  const int64_t now_ms = absl::ToUnixMillis(absl::Now());
  const std::lock_guard lock(cluster_->mutex_);
  std::vector<AliasTarget> targets;
  if (cluster_->indexes_.contains(target)) {
    targets = {{target, ""}};
  } else if (cluster_->aliases_.contains(target)) {
    targets = cluster_->aliases_[target];
  } else {
    return absl::NotFoundError("no index or alias " + target);
  }
  uint64_t count = 0;
  for (const AliasTarget& each : targets) {
    absl::StatusOr<ResolvedFilter> of_alias = Resolve(each.index, each.filter);
    if (!of_alias.ok()) return of_alias.status();
    absl::StatusOr<ResolvedFilter> of_call = Resolve(each.index, filter);
    if (!of_call.ok()) return of_call.status();
    for (const auto& [id, document] : cluster_->indexes_[each.index].searchable) {
      count += Matches(*of_alias, document, now_ms) && Matches(*of_call, document, now_ms);
    }
  }
  return count;
}

absl::StatusOr<IndexFacts> MemoryStore::Inspect(const std::string& index) {
  const std::lock_guard lock(cluster_->mutex_);
  const auto found = cluster_->indexes_.find(index);
  if (found == cluster_->indexes_.end()) return absl::NotFoundError("no index " + index);
  IndexFacts facts{index,
                   absl::StrFormat("uuid-%d", found->second.made),
                   found->second.searchable.size(),
                   found->second.writes,
                   0,
                   {}};
  for (const auto& [alias, targets] : cluster_->aliases_) {
    for (const AliasTarget& target : targets) {
      if (target.index == index) facts.aliases.push_back(alias);
    }
  }
  return facts;
}

absl::StatusOr<std::vector<StoredDocument>> MemoryStore::Fetch(
    const std::string& index, const std::vector<std::string>& ids) {
  const std::lock_guard lock(cluster_->mutex_);
  const auto found = cluster_->indexes_.find(index);
  if (found == cluster_->indexes_.end()) return absl::NotFoundError("no index " + index);
  std::vector<StoredDocument> documents;
  for (const std::string& id : ids) {
    const auto document = found->second.documents.find(id);
    if (document != found->second.documents.end() && !document->second.deleted) {
      documents.push_back({id, document->second.version, document->second.json});
    }
  }
  return documents;
}

absl::Status MemoryStore::Scan(const std::string& index, size_t page_documents,
                               const ScanVisitor& visit) {
  std::vector<StoredDocument> page;
  std::unique_lock lock(cluster_->mutex_);
  const auto found = cluster_->indexes_.find(index);
  if (found == cluster_->indexes_.end()) return absl::NotFoundError("no index " + index);
  const Index moment = found->second;
  lock.unlock();
  for (const auto& [id, document] : moment.searchable) {
    page.push_back({id, moment.documents.at(id).version, document});
    if (page.size() < page_documents) continue;
    if (absl::Status s = visit(std::exchange(page, {})); !s.ok()) return s;
  }
  return page.empty() ? absl::OkStatus() : visit(std::move(page));
}

absl::StatusOr<Health> MemoryStore::CheckHealth(const std::vector<std::string>& indexes,
                                                Health::Colour) {
  const std::lock_guard lock(cluster_->mutex_);
  for (const std::string& index : indexes) {
    if (!cluster_->indexes_.contains(index)) return Health{Health::Colour::kRed, index};
  }
  return Health{};
}

std::unique_ptr<IndexStore> MakeMemoryStore(std::shared_ptr<MemoryCluster> cluster) {
  return std::make_unique<MemoryStore>(std::move(cluster));
}

std::unique_ptr<IndexStore> MakeMemoryStore() {
  return MakeMemoryStore(std::make_shared<MemoryCluster>());
}

}  // namespace indexswap::testing
