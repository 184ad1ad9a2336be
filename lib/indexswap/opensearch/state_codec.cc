#include "indexswap/opensearch/state_codec.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "indexswap/http/transport.h"
#include "indexswap/json/canonical.h"
#include "indexswap/json/meta_codec.h"
#include "indexswap/opensearch/answers.h"

namespace indexswap {
namespace {

namespace json = boost::json;

// The object under `path` in `object`, or nullptr.
const json::object* Find(const json::object& object, std::initializer_list<const char*> path) {
  const json::object* at = &object;
  for (const char* key : path) {
    const json::value* value = at->if_contains(key);
    at = value == nullptr ? nullptr : value->if_object();
    if (at == nullptr) return nullptr;
  }
  return at;
}

absl::StatusOr<IndexEntry> ParseEntry(const json::object& object) {
  IndexEntry entry;
  if (const json::object* aliases = Find(object, {"aliases"})) {
    for (const json::key_value_pair& alias : *aliases) {
      json::object options = alias.value().is_object() ? alias.value().as_object() : json::object();
      const json::object* filter = Find(options, {"filter"});
      absl::StatusOr<std::string> canonical =
          CanonicalJson(filter == nullptr ? std::string() : json::serialize(*filter));
      if (!canonical.ok()) return canonical.status();
      options.erase("filter");
      absl::StatusOr<std::string> others =
          CanonicalJson(options.empty() ? std::string() : json::serialize(options));
      if (!others.ok()) return others.status();
      entry.aliases[std::string(alias.key().data(), alias.key().size())] = {*std::move(canonical),
                                                                            *std::move(others)};
    }
  }
  if (const json::object* meta = Find(object, {"mappings", "_meta", "indexswap"})) {
    entry.meta = json::serialize(*meta);
  }
  if (const json::object* settings = Find(object, {"settings", "index"})) {
    entry.uuid = TextMember(*settings, "uuid");
  }
  return entry;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The index as ours, if its name says so.
absl::StatusOr<std::optional<IndexState>> OwnIndex(const StateQuery& query, const std::string& name,
                                                   const IndexEntry& entry) {
  const std::optional<GenerationName> parsed = ParseIndexName(name);
  if (!parsed || !Contains(query.families, parsed->family)) return std::nullopt;
  IndexState state;
  state.name = name;
  if (entry.meta) {
    absl::StatusOr<GenerationMeta> meta = DecodeMeta(*entry.meta);
    if (absl::IsUnimplemented(meta.status())) state.newer = std::string(meta.status().message());
    if (meta.ok()) state.meta = *std::move(meta);
  }
  for (const auto& [alias, details] : entry.aliases) {
    if (IsPrivateAlias(name, alias)) state.write_epochs.push_back(ParseWriteAlias(alias)->epoch);
  }
  std::sort(state.write_epochs.begin(), state.write_epochs.end());
  return state;
}

}  // namespace

std::string IndexesTarget(const std::vector<std::string>& expressions) {
  std::string target;
  for (const std::string& expression : expressions) {
    target += target.empty() ? '/' : ',';
    const bool pattern = expression.ends_with('*');
    target += PercentEncode(pattern ? expression.substr(0, expression.size() - 1) : expression);
    if (pattern) target += '*';
  }
  // The uuid is there so that an index with nothing else to show is not filtered away.
  return target +
         "?ignore_unavailable=true&allow_no_indices=true&expand_wildcards=all"
         "&filter_path=*.aliases,*.mappings._meta,*.settings.index.uuid";
}

absl::StatusOr<IndexEntries> ParseIndexes(std::string_view body) {
  absl::StatusOr<json::value> root = ParseJson("the answer about indexes", body);
  if (!root.ok()) return root.status();
  if (!root->is_object()) return absl::DataLossError("the answer about indexes is no object");
  IndexEntries entries;
  for (const json::key_value_pair& index : root->as_object()) {
    if (!index.value().is_object()) {
      return absl::DataLossError("the answer about indexes holds something else");
    }
    absl::StatusOr<IndexEntry> entry = ParseEntry(index.value().as_object());
    if (!entry.ok()) return entry.status();
    entries[std::string(index.key().data(), index.key().size())] = *std::move(entry);
  }
  return entries;
}

bool IsPrivateAlias(const std::string& index, const std::string& alias) {
  const std::optional<WriteAliasName> parsed = ParseWriteAlias(alias);
  return parsed && parsed->index == index;
}

absl::StatusOr<StoreState> AssembleState(const StateQuery& query, const IndexEntries& entries) {
  StoreState state;
  for (const auto& [name, entry] : entries) {
    if (const std::optional<uint64_t> epoch = ParseLeaseName(query.release, name)) {
      state.leases.push_back({*epoch, std::nullopt, ""});
    }
    if (Contains(query.aliases, name)) state.concrete.push_back(name);
    absl::StatusOr<std::optional<IndexState>> own = OwnIndex(query, name, entry);
    if (!own.ok()) return own.status();
    for (const auto& [alias, details] : entry.aliases) {
      const bool shown = Contains(query.aliases, alias) || *own;
      if (!shown || IsPrivateAlias(name, alias)) continue;
      state.aliases[alias].push_back({name, details.filter, details.options});
    }
    if (*own) state.indexes.push_back(**std::move(own));
  }
  std::sort(state.leases.begin(), state.leases.end(),
            [](const Lease& a, const Lease& b) { return a.epoch < b.epoch; });
  return state;
}

std::string EncodeLeaseRequest(const std::string& release, const std::vector<Lease>& leases) {
  json::array docs;
  for (const Lease& lease : leases) {
    docs.push_back(json::object{{"_index", LeaseName(release, lease.epoch)}, {"_id", "lease"}});
  }
  return json::serialize(json::object{{"docs", std::move(docs)}});
}

absl::Status ParseLeases(std::string_view body, std::vector<Lease>& leases) {
  absl::StatusOr<json::value> root = ParseJson("the answer about leases", body);
  if (!root.ok()) return root.status();
  const json::value* docs = root->is_object() ? root->as_object().if_contains("docs") : nullptr;
  if (docs == nullptr || !docs->is_array() || docs->as_array().size() != leases.size()) {
    return absl::DataLossError("the answer about leases has another number of them");
  }
  for (size_t i = 0; i < leases.size(); ++i) {
    const json::value& doc = docs->as_array()[i];
    if (!doc.is_object()) return absl::DataLossError("the answer about leases holds no object");
    if (const json::object* error = Find(doc.as_object(), {"error"})) {
      if (TextMember(*error, "type") == "index_not_found_exception") continue;
      return absl::UnavailableError(
          absl::StrFormat("lease %d can't be read: %s", leases[i].epoch, DescribeError(*error)));
    }
    if (const json::object* source = Find(doc.as_object(), {"_source"})) {
      absl::StatusOr<LeaseRecord> record = DecodeLease(json::serialize(*source));
      if (absl::IsUnimplemented(record.status())) {
        leases[i].newer = std::string(record.status().message());
        continue;
      }
      if (!record.ok()) return record.status();
      leases[i].record = *std::move(record);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, uint64_t>> ParseSizes(std::string_view body) {
  absl::StatusOr<json::value> root = ParseJson("the answer about sizes", body);
  if (!root.ok()) return root.status();
  if (!root->is_array()) return absl::DataLossError("the answer about sizes is no list");
  std::map<std::string, uint64_t> sizes;
  for (const json::value& row : root->as_array()) {
    uint64_t bytes = 0;
    if (row.is_object() &&
        absl::SimpleAtoi(TextMember(row.as_object(), "pri.store.size"), &bytes)) {
      sizes[TextMember(row.as_object(), "index")] = bytes;
    }
  }
  return sizes;
}

absl::StatusOr<ShardFigures> ParseShardFigures(const std::string& index, std::string_view body) {
  absl::StatusOr<json::value> root = ParseJson("the answer about shards", body);
  if (!root.ok()) return root.status();
  const json::object* shards =
      root->is_object() ? Find(root->as_object(), {"indices", index.c_str(), "shards"}) : nullptr;
  if (shards == nullptr) return absl::DataLossError("the answer about shards has none");
  ShardFigures figures;
  for (const json::key_value_pair& shard : *shards) {
    bool found = false;
    const json::array* copies = shard.value().if_array();
    for (const json::value& copy : copies == nullptr ? json::array() : *copies) {
      const json::object* object = copy.if_object();
      const json::object* routing = object == nullptr ? nullptr : Find(*object, {"routing"});
      const json::value* primary = routing == nullptr ? nullptr : routing->if_contains("primary");
      const json::object* numbers = object == nullptr ? nullptr : Find(*object, {"seq_no"});
      const json::value* last = numbers == nullptr ? nullptr : numbers->if_contains("max_seq_no");
      if (primary == nullptr || *primary != json::value(true) || last == nullptr) continue;
      json::error_code error;
      figures.writes += static_cast<uint64_t>(last->to_number<int64_t>(error) + 1);
      const json::object* store = Find(*object, {"store"});
      const json::value* size = store == nullptr ? nullptr : store->if_contains("size_in_bytes");
      if (size != nullptr) figures.bytes += size->to_number<uint64_t>(error);
      found = true;
    }
    if (!found) {
      return absl::UnavailableError(
          absl::StrFormat("shard %s of %s has no primary now", std::string(shard.key()), index));
    }
  }
  return figures;
}

absl::StatusOr<std::vector<StoredDocument>> ParseDocuments(std::string_view body) {
  absl::StatusOr<json::value> root = ParseJson("the answer about documents", body);
  if (!root.ok()) return root.status();
  const json::value* docs = root->is_object() ? root->as_object().if_contains("docs") : nullptr;
  if (docs == nullptr || !docs->is_array()) {
    return absl::DataLossError("the answer about documents has none");
  }
  std::vector<StoredDocument> documents;
  for (const json::value& doc : docs->as_array()) {
    if (!doc.is_object()) return absl::DataLossError("the answer about documents holds no object");
    const json::object& object = doc.as_object();
    if (const json::object* error = Find(object, {"error"})) {
      const bool missing = TextMember(*error, "type") == "index_not_found_exception";
      return absl::Status(
          missing ? absl::StatusCode::kNotFound : absl::StatusCode::kUnavailable,
          absl::StrFormat("document %s: %s", TextMember(object, "_id"), DescribeError(*error)));
    }
    const json::object* source = Find(object, {"_source"});
    if (source == nullptr) continue;
    const json::value* version = object.if_contains("_version");
    json::error_code code;
    const uint64_t number = version == nullptr ? 0 : version->to_number<uint64_t>(code);
    documents.push_back({TextMember(object, "_id"), number, json::serialize(*source)});
  }
  return documents;
}

}  // namespace indexswap
