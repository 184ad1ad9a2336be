#include "indexswap/testing/store_contract.h"

#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <algorithm>
#include <random>
#include <utility>

#include "indexswap/json/canonical.h"

namespace indexswap::testing {
namespace {

// The types and date formats of the product's own mappings, strict so that misspelt fields show.
constexpr char kMappings[] = R"json({
  "dynamic": "strict",
  "properties": {
    "name": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}},
    "code": {"type": "keyword"},
    "live": {"type": "boolean"},
    "count": {"type": "long"},
    "share": {"type": "double"},
    "day": {"type": "date", "format": "uuuu-MM-dd"},
    "at": {"type": "date", "format": "uuuu-MM-dd'T'HH:mm:ss.SSS"},
    "notes": {"type": "nested", "properties": {
      "id": {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}},
      "when": {"type": "date", "format": "uuuu-MM-dd'T'HH:mm:ss.SSS"}}},
    "extra": {"type": "object", "enabled": false}
  }
})json";

std::vector<StoreFactory>& Factories() {
  static std::vector<StoreFactory> factories;
  return factories;
}

std::string RandomRelease() {
  static std::mt19937_64 random{std::random_device{}()};
  return absl::StrFormat("ct%012x", random() & 0xffffffffffff);
}

}  // namespace

void RegisterStore(StoreFactory factory) { Factories().push_back(std::move(factory)); }

void StoreContract::SetUp() {
  release_ = RandomRelease();
  master_ = release_ + "_master";
  other_ = release_ + "_other";
  store_ = GetParam().make();
  ASSERT_NE(store_, nullptr) << "the factory of " << GetParam().name << " made no store";
}

void StoreContract::TearDown() {
  if (store_ == nullptr) {
    return;
  }
  // As an operator would: take the lease, take the aliases away, delete the indexes.
  absl::StatusOr<StoreState> state = store_->Read({release_, {master_, other_}, {}});
  ASSERT_TRUE(state.ok()) << state.status();
  uint64_t epoch = state->leases.empty() ? 1 : state->leases.back().epoch + 1;
  std::vector<std::string> indexes;
  for (const IndexState& index : state->indexes) {
    if (index.meta.has_value()) {
      indexes.push_back(index.name);
    }
  }
  std::vector<AliasAction> removals;
  for (const auto& [alias, targets] : state->aliases) {
    for (const AliasTarget& target : targets) {
      removals.push_back(Remove(alias, target.index));
    }
  }
  Fence fence = Lead(epoch, indexes);
  if (!removals.empty()) {
    absl::Status removed = store_->UpdateAliases(fence, removals);
    EXPECT_TRUE(removed.ok()) << removed;
  }
  if (!indexes.empty()) {
    absl::Status deleted = store_->DeleteIndexes(fence, indexes);
    EXPECT_TRUE(deleted.ok()) << deleted;
  }
  if (GetParam().clean_up) {
    GetParam().clean_up(release_);
  }
}

Fence StoreContract::Lead(uint64_t epoch, const std::vector<std::string>& indexes) {
  Fence fence{release_, epoch};
  absl::Status created = store_->CreateLease(fence, RecordOf(absl::StrFormat("owner%d", epoch)));
  EXPECT_TRUE(created.ok()) << created;
  absl::Status taken = store_->TakeOver(fence, indexes);
  EXPECT_TRUE(taken.ok()) << taken;
  return fence;
}

GenerationMeta StoreContract::MetaOf(uint64_t generation) const {
  GenerationMeta meta;
  meta.release = release_;
  meta.generation = generation;
  meta.build_id = absl::StrFormat("build%d", generation);
  meta.plan_hash = "plan";
  meta.families = {master_, other_};
  meta.created_at = "2026-01-02T03:04:05Z";
  return meta;
}

IndexDefinition StoreContract::DefinitionOf(const std::string& index) const {
  std::optional<GenerationName> name = ParseIndexName(index);
  return {index, kMappings, R"({"number_of_shards":1})", MetaOf(name ? name->generation : 1)};
}

std::string StoreContract::CreateMaster(const Fence& fence, uint64_t generation) {
  std::string index = IndexName(master_, generation);
  absl::Status created = store_->CreateIndex(fence, DefinitionOf(index));
  EXPECT_TRUE(created.ok()) << created;
  return index;
}

StoreState StoreContract::ReadState(const std::vector<std::string>& aliases) {
  absl::StatusOr<StoreState> state = store_->Read({release_, {master_, other_}, aliases});
  EXPECT_TRUE(state.ok()) << state.status();
  return state.ok() ? *std::move(state) : StoreState{};
}

BulkResult StoreContract::WriteOne(const Fence& fence, const BulkItem& item) {
  std::vector<BulkResult> results = Write(fence, {item});
  return results.size() == 1 ? results[0] : BulkResult{BulkResult::Outcome::kBusy, "no result"};
}

std::vector<BulkResult> StoreContract::Write(const Fence& fence,
                                             const std::vector<BulkItem>& items) {
  absl::StatusOr<std::vector<BulkResult>> results = store_->Bulk(fence, items);
  EXPECT_TRUE(results.ok()) << results.status();
  if (!results.ok()) {
    return {};
  }
  EXPECT_EQ(results->size(), items.size());
  return *std::move(results);
}

int64_t StoreContract::CountOf(const std::string& target, const std::string& filter) {
  absl::StatusOr<uint64_t> count = store_->Count(target, filter);
  EXPECT_TRUE(count.ok()) << target << " " << filter << ": " << count.status();
  return count.ok() ? static_cast<int64_t>(*count) : -1;
}

std::string StoreContract::DocumentOf(const std::string& index, const std::string& id) {
  absl::StatusOr<std::vector<StoredDocument>> documents = store_->Fetch(index, {id});
  EXPECT_TRUE(documents.ok()) << documents.status();
  if (!documents.ok() || documents->empty()) {
    return "";
  }
  EXPECT_EQ(documents->front().id, id);
  absl::StatusOr<std::string> canonical = CanonicalJson(documents->front().document);
  EXPECT_TRUE(canonical.ok()) << canonical.status();
  return canonical.ok() ? *canonical : "";
}

uint64_t StoreContract::VersionOf(const std::string& index, const std::string& id) {
  absl::StatusOr<std::vector<StoredDocument>> documents = store_->Fetch(index, {id});
  EXPECT_TRUE(documents.ok()) << documents.status();
  return documents.ok() && !documents->empty() ? documents->front().version : 0;
}

std::string StoreContract::TargetOf(const std::string& alias) {
  StoreState state = ReadState({alias});
  auto found = state.aliases.find(alias);
  if (found == state.aliases.end()) {
    return "";
  }
  EXPECT_EQ(found->second.size(), 1u);
  return found->second.front().index;
}

LeaseRecord RecordOf(const std::string& id) {
  LeaseRecord record;
  record.owner = {"host", 42, "127.0.0.1:8088", "state", id};
  return record;
}

BulkItem Put(const std::string& index, const std::string& id, uint64_t version,
             const std::string& document) {
  return {BulkItem::Kind::kIndex, index, id, version, document};
}

BulkItem Delete(const std::string& index, const std::string& id, uint64_t version) {
  return {BulkItem::Kind::kDelete, index, id, version, ""};
}

AliasAction Add(const std::string& alias, const std::string& index, const std::string& filter) {
  return {AliasAction::Kind::kAdd, alias, index, filter};
}

AliasAction Remove(const std::string& alias, const std::string& index) {
  return {AliasAction::Kind::kRemove, alias, index, ""};
}

INSTANTIATE_TEST_SUITE_P(Store, StoreContract, ::testing::ValuesIn(Factories()),
                         [](const auto& store) { return store.param.name; });

}  // namespace indexswap::testing
