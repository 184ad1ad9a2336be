#include "indexswap/opensearch/inspector_codec.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <map>
#include <optional>
#include <utility>

#include "indexswap/opensearch/answers.h"

namespace indexswap {
namespace {

namespace json = boost::json;

constexpr std::string_view kIndexBlocks = "index.blocks.";
constexpr std::string_view kClusterBlocks = "cluster.blocks.";
constexpr char kDisk[] = "cluster.routing.allocation.disk.";

absl::StatusOr<json::object> ParseObject(std::string_view what, std::string_view body) {
  absl::StatusOr<json::value> value = ParseJson(what, body);
  if (!value.ok()) return value.status();
  if (!value->is_object()) {
    return absl::DataLossError(absl::StrFormat("%s: the answer is no JSON object", what));
  }
  return std::move(value->as_object());
}

const json::object* Member(const json::object* object, std::string_view key) {
  const json::value* value =
      object == nullptr ? nullptr : object->if_contains(json::string_view(key.data(), key.size()));
  return value == nullptr ? nullptr : value->if_object();
}

// The texts in a list, or one text that stands for a list of one.
std::vector<std::string> Texts(const json::object& object, std::string_view key) {
  std::vector<std::string> texts;
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  const json::array* list = value == nullptr ? nullptr : value->if_array();
  if (list == nullptr) {
    if (std::string text = TextMember(object, key); !text.empty()) texts.push_back(text);
    return texts;
  }
  for (const json::value& item : *list) {
    if (item.is_string()) texts.emplace_back(item.get_string());
  }
  return texts;
}

int64_t Number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  json::error_code error;
  const auto number = value == nullptr ? 0 : value->to_number<int64_t>(error);
  return error ? 0 : number;
}

// The keys of nested settings, flat and with `index.` in front.
void Flatten(const json::object& settings, const std::string& prefix,
             std::vector<std::string>& keys) {
  for (const json::key_value_pair& pair : settings) {
    const std::string key = prefix + std::string(pair.key());
    if (pair.value().is_object()) {
      Flatten(pair.value().get_object(), key + ".", keys);
    } else {
      keys.push_back(key.starts_with("index.") ? key : "index." + key);
    }
  }
}

// What a mapping sets; some servers have it under a type's name.
void ReadMappings(const json::object& mappings, std::vector<std::string>& keys) {
  if (const json::object* inner = Member(&mappings, "_doc")) return ReadMappings(*inner, keys);
  for (const json::key_value_pair& pair : mappings) {
    const json::object* fields = pair.key() == "properties" ? pair.value().if_object() : nullptr;
    if (fields == nullptr) {
      keys.emplace_back(pair.key());
      continue;
    }
    for (const json::key_value_pair& field : *fields) {
      keys.push_back("properties." + std::string(field.key()));
    }
  }
}

void ReadContents(const json::object* contents, TemplateFacts& facts) {
  if (const json::object* settings = Member(contents, "settings")) {
    Flatten(*settings, "", facts.settings);
  }
  if (const json::object* mappings = Member(contents, "mappings")) {
    ReadMappings(*mappings, facts.mappings);
  }
  if (const json::object* aliases = Member(contents, "aliases")) {
    for (const json::key_value_pair& pair : *aliases) facts.aliases.emplace_back(pair.key());
  }
}

struct Template {
  TemplateFacts facts;
  std::vector<std::string> patterns;
  int64_t priority = 0;

  bool Matches(std::string_view name) const {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string& pattern) { return MatchesPattern(pattern, name); });
  }
};

absl::StatusOr<std::vector<Template>> ReadComposable(std::string_view body) {
  const auto root = ParseObject("index templates", body);
  if (!root.ok()) return root.status();
  const json::value* list = root->if_contains("index_templates");
  if (list == nullptr || !list->is_array()) {
    return absl::DataLossError("index templates: the answer has no list of them");
  }
  std::vector<Template> templates;
  for (const json::value& item : list->get_array()) {
    const json::object* object = item.if_object();
    const json::object* inner = Member(object, "index_template");
    if (inner == nullptr) continue;
    Template read;
    read.facts.name = TextMember(*object, "name");
    read.facts.components = Texts(*inner, "composed_of");
    read.facts.data_stream = inner->contains("data_stream");
    read.patterns = Texts(*inner, "index_patterns");
    read.priority = Number(*inner, "priority");
    ReadContents(Member(inner, "template"), read.facts);
    templates.push_back(std::move(read));
  }
  return templates;
}

absl::StatusOr<std::vector<Template>> ReadLegacy(std::string_view body) {
  const auto root = ParseObject("legacy index templates", body);
  if (!root.ok()) return root.status();
  std::vector<Template> templates;
  for (const json::key_value_pair& pair : *root) {
    const json::object* object = pair.value().if_object();
    if (object == nullptr) continue;
    Template read;
    read.facts.name = pair.key();
    read.facts.legacy = true;
    read.patterns = Texts(*object, "index_patterns");
    ReadContents(object, read.facts);
    templates.push_back(std::move(read));
  }
  return templates;
}

bool IsTrue(const json::value& value) { return value == "true" || value == true; }

uint64_t UntilFree(const Watermark& watermark, uint64_t total, uint64_t available) {
  uint64_t keep = watermark.free_bytes;
  if (watermark.free_part > 0) {
    const auto part = static_cast<uint64_t>(watermark.free_part * static_cast<double>(total));
    keep = keep > 0 ? std::min(keep, part) : part;
  }
  return available > keep ? available - keep : 0;
}

bool HoldsData(const json::object& node) {
  const std::vector<std::string> roles = Texts(node, "roles");
  return roles.empty() || std::any_of(roles.begin(), roles.end(), [](const std::string& role) {
           return role.starts_with("data");
         });
}

}  // namespace

bool MatchesPattern(std::string_view pattern, std::string_view name) {
  size_t p = 0;
  size_t n = 0;
  std::optional<size_t> star;
  size_t resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star) {
      p = *star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

absl::StatusOr<std::vector<TemplateFacts>> ParseTemplates(std::string_view composable,
                                                          std::string_view legacy,
                                                          const std::vector<std::string>& names) {
  auto first = ReadComposable(composable);
  if (!first.ok()) return first.status();
  auto second = ReadLegacy(legacy);
  if (!second.ok()) return second.status();
  for (const std::string& name : names) {
    Template* best = nullptr;
    for (Template& candidate : *first) {
      if (!candidate.Matches(name)) continue;
      if (best == nullptr || candidate.priority > best->priority) best = &candidate;
    }
    if (best != nullptr) {
      best->facts.indexes.push_back(name);
      continue;
    }
    for (Template& candidate : *second) {
      if (candidate.Matches(name)) candidate.facts.indexes.push_back(name);
    }
  }
  std::vector<TemplateFacts> found;
  for (std::vector<Template>* templates : {&*first, &*second}) {
    for (Template& candidate : *templates) {
      if (!candidate.facts.indexes.empty()) found.push_back(std::move(candidate.facts));
    }
  }
  std::sort(found.begin(), found.end(),
            [](const TemplateFacts& a, const TemplateFacts& b) { return a.name < b.name; });
  return found;
}

absl::Status ParseIndexBlocks(std::string_view body, std::vector<BlockFacts>& blocks) {
  const auto root = ParseObject("blocks of indexes", body);
  if (!root.ok()) return root.status();
  for (const json::key_value_pair& index : *root) {
    const json::object* settings = Member(index.value().if_object(), "settings");
    if (settings == nullptr) continue;
    for (const json::key_value_pair& pair : *settings) {
      const std::string_view key(pair.key().data(), pair.key().size());
      if (!key.starts_with(kIndexBlocks) || !IsTrue(pair.value())) continue;
      blocks.push_back({std::string(index.key()), std::string(key.substr(kIndexBlocks.size()))});
    }
  }
  return absl::OkStatus();
}

absl::Status ParseClusterBlocks(std::string_view body, std::vector<BlockFacts>& blocks) {
  const auto root = ParseObject("settings of the cluster", body);
  if (!root.ok()) return root.status();
  for (const char* scope : {"persistent", "transient"}) {
    const json::object* settings = Member(&*root, scope);
    if (settings == nullptr) continue;
    for (const json::key_value_pair& pair : *settings) {
      const std::string_view key(pair.key().data(), pair.key().size());
      if (!key.starts_with(kClusterBlocks) || !IsTrue(pair.value())) continue;
      blocks.push_back({"", std::string(key.substr(kClusterBlocks.size()))});
    }
  }
  return absl::OkStatus();
}

Watermark ParseWatermark(std::string_view text) {
  static constexpr std::pair<std::string_view, uint64_t> kUnits[] = {
      {"pb", uint64_t{1} << 50}, {"tb", uint64_t{1} << 40}, {"gb", 1u << 30},
      {"mb", 1u << 20},          {"kb", 1u << 10},          {"b", 1}};
  Watermark watermark;
  double number = 0;
  if (text.ends_with('%')) {
    if (absl::SimpleAtod({text.data(), text.size() - 1}, &number)) {
      watermark.free_part = std::clamp(1 - number / 100, 0.0, 1.0);
    }
    return watermark;
  }
  if (absl::SimpleAtod({text.data(), text.size()}, &number)) {
    watermark.free_part = std::clamp(1 - number, 0.0, 1.0);
    return watermark;
  }
  for (const auto& [unit, bytes] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const size_t digits = text.size() - unit.size();
    if (absl::SimpleAtod({text.data(), digits}, &number) && number > 0) {
      watermark.free_bytes = static_cast<uint64_t>(number * static_cast<double>(bytes));
    }
    break;
  }
  return watermark;
}

absl::StatusOr<Watermarks> ParseWatermarks(std::string_view body) {
  const auto root = ParseObject("settings of the cluster", body);
  if (!root.ok()) return root.status();
  // The first that says anything is in force.
  const auto setting = [&](const std::string& key) -> std::string {
    for (const char* scope : {"transient", "persistent", "defaults"}) {
      const json::object* settings = Member(&*root, scope);
      if (settings != nullptr && settings->contains(key)) return TextMember(*settings, key);
    }
    return "";
  };
  const auto watermark = [&](const std::string& name) {
    Watermark read = ParseWatermark(setting(kDisk + name));
    // Elasticsearch 8: a large disk need not keep a whole part of itself free.
    const Watermark headroom = ParseWatermark(setting(kDisk + name + ".max_headroom"));
    if (read.free_part > 0) read.free_bytes = headroom.free_bytes;
    return read;
  };
  Watermarks watermarks;
  watermarks.enabled = setting(std::string(kDisk) + "threshold_enabled") != "false";
  watermarks.low = watermark("watermark.low");
  watermarks.flood = watermark("watermark.flood_stage");
  return watermarks;
}

absl::StatusOr<std::vector<DiskFacts>> ParseDisks(std::string_view body,
                                                  const Watermarks& watermarks) {
  const auto root = ParseObject("disks of the nodes", body);
  if (!root.ok()) return root.status();
  std::vector<DiskFacts> disks;
  const json::object* nodes = Member(&*root, "nodes");
  if (nodes == nullptr) return absl::DataLossError("disks of the nodes: the answer has no nodes");
  for (const json::key_value_pair& pair : *nodes) {
    const json::object* node = pair.value().if_object();
    const json::object* total = Member(Member(node, "fs"), "total");
    if (total == nullptr || !HoldsData(*node)) continue;
    DiskFacts disk;
    disk.node = TextMember(*node, "name");
    disk.total = static_cast<uint64_t>(std::max<int64_t>(0, Number(*total, "total_in_bytes")));
    disk.available =
        static_cast<uint64_t>(std::max<int64_t>(0, Number(*total, "available_in_bytes")));
    const Watermarks used = watermarks.enabled ? watermarks : Watermarks{};
    disk.until_low = UntilFree(used.low, disk.total, disk.available);
    disk.until_flood = UntilFree(used.flood, disk.total, disk.available);
    disks.push_back(std::move(disk));
  }
  return disks;
}

}  // namespace indexswap
