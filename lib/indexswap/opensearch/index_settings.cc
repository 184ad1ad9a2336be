#include "indexswap/opensearch/index_settings.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <utility>

namespace indexswap {
namespace {

namespace json = boost::json;

// Dotted key without `index.`, to its value.
using FlatSettings = std::map<std::string, json::value>;

constexpr char kRefresh[] = "refresh_interval";
constexpr char kReplicas[] = "number_of_replicas";
constexpr char kAutoExpand[] = "auto_expand_replicas";

// What no server changes on an open index; a name that ends in a dot stands for all below it.
constexpr std::string_view kStatic[] = {"analysis.",
                                        "check_on_startup",
                                        "codec",
                                        "codec.",
                                        "knn",
                                        "load_fixed_bitset_filters_eagerly",
                                        "mapping.source.",
                                        "mode",
                                        "number_of_routing_shards",
                                        "number_of_shards",
                                        "replication.",
                                        "routing_partition_size",
                                        "routing_path",
                                        "shard.check_on_startup",
                                        "similarity.",
                                        "soft_deletes.enabled",
                                        "sort.",
                                        "store.type"};

bool IsStatic(std::string_view key) {
  return std::any_of(std::begin(kStatic), std::end(kStatic), [key](std::string_view name) {
    return name.ends_with('.') ? key.starts_with(name) : key == name;
  });
}

void Flatten(const std::string& prefix, const json::object& object, FlatSettings& out) {
  for (const json::key_value_pair& member : object) {
    std::string key = prefix + std::string(member.key().data(), member.key().size());
    if (const json::object* nested = member.value().if_object()) {
      Flatten(key + ".", *nested, out);
      continue;
    }
    if (key.starts_with("index.")) key.erase(0, 6);
    out[std::move(key)] = member.value();
  }
}

absl::StatusOr<FlatSettings> Parse(std::string_view settings) {
  FlatSettings flat;
  if (settings.empty()) return flat;
  json::error_code error;
  const json::value value = json::parse(json::string_view(settings.data(), settings.size()), error);
  if (error || !value.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the index settings should be a JSON object such as "
                        "{\"number_of_replicas\":1}, and are: %s",
                        settings.substr(0, 200)));
  }
  Flatten("", value.as_object(), flat);
  return flat;
}

std::string Serialize(const FlatSettings& flat) {
  json::object object;
  for (const auto& [key, value] : flat) object["index." + key] = value;
  return json::serialize(object);
}

}  // namespace

absl::StatusOr<std::string> LoadingSettings(std::string_view settings) {
  absl::StatusOr<FlatSettings> flat = Parse(settings);
  if (!flat.ok()) return flat.status();
  (*flat)[kRefresh] = "-1";
  (*flat)[kReplicas] = 0;
  (*flat)[kAutoExpand] = "false";
  return Serialize(*flat);
}

absl::StatusOr<std::string> SealedSettings(std::string_view settings) {
  absl::StatusOr<FlatSettings> flat = Parse(settings);
  if (!flat.ok()) return flat.status();
  std::erase_if(*flat, [](const auto& setting) { return IsStatic(setting.first); });
  for (const char* key : {kRefresh, kReplicas, kAutoExpand}) flat->try_emplace(key, nullptr);
  return Serialize(*flat);
}

}  // namespace indexswap
