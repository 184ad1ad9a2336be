#include "syncd/plan/plan_sections.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "syncd/plan/section_checks.h"

namespace syncd {
namespace {

constexpr std::array kFieldTypes = {FieldType::kText,    FieldType::kKeyword, FieldType::kInteger,
                                    FieldType::kBoolean, FieldType::kDate,    FieldType::kDateTime};
constexpr std::array<std::string_view, 10> kOwnTables = {
    "plan_file", "channel",   "run",          "dead_letter",    "event_cursor",
    "outbox",    "former_id", "set_by_event", "document_count", "refused_document"};
constexpr std::string_view kHydrateTable = "document";
constexpr std::string_view kOrderColumn = "order_value";

bool IsIdentifier(std::string_view name) {
  const auto lawful = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::ranges::all_of(name, lawful);
}

bool IsChannelName(std::string_view name) {
  const auto lawful = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !name.empty() && name[0] != '-' && std::ranges::all_of(name, lawful);
}

std::optional<FieldType> ParseFieldType(std::string_view word) {
  for (const FieldType type : kFieldTypes) {
    if (FieldTypeName(type) == word) return type;
  }
  return std::nullopt;
}

FieldType ReadFieldType(TomlSection& section, const std::string& key, const std::string& word) {
  if (const auto type = ParseFieldType(word)) return *type;
  section.Fail(key, absl::StrFormat("expected text, keyword, integer, boolean, date or datetime, "
                                    "got \"%s\"",
                                    word));
  return FieldType::kText;
}

// `name = "type"`, or `name = { type = "…", from = "…" }`.
PlanField ReadField(TomlSection& fields, const std::string& name, const toml::node& node) {
  PlanField field{.name = name, .type = FieldType::kText, .from = name};
  if (name == kOrderColumn) fields.Fail(name, "this column is syncd's own; expected another name");
  if (!IsIdentifier(name)) {
    fields.Fail(name, "expected a name of letters, digits and _, not beginning with a digit");
  }
  if (const auto* word = node.as_string()) {
    field.type = ReadFieldType(fields, name, word->get());
  } else if (node.is_table()) {
    fields.Table(name, [&](TomlSection& section) {
      field.type = ReadFieldType(section, "type", section.Required("type"));
      field.from = section.Optional("from", name);
    });
  } else {
    fields.Fail(name, absl::StrFormat("expected a type such as \"text\", or a table with type and "
                                      "from, got %s",
                                      TomlTypeName(node)));
  }
  return field;
}

void CheckFieldReference(TomlSection& section, const PlanEntity& entity, const std::string& key,
                         const std::string& field) {
  if (field.empty() || entity.FindField(field) != nullptr) return;
  section.Fail(key, absl::StrFormat("expected one of the entity's fields, got \"%s\"", field));
}

void ReadEntity(TomlSection& section, Plan& plan) {
  PlanEntity entity;
  entity.name = ReadName(section);
  CheckUnique(section, plan.entities, entity.name);
  if (!IsIdentifier(entity.name)) {
    section.Fail("name", "expected letters, digits and _, not beginning with a digit");
  }
  if (std::ranges::find(kOwnTables, entity.name) != kOwnTables.end() ||
      entity.name.starts_with("sqlite_")) {
    section.Fail("name", "this table is syncd's own; expected another name");
  }
  if (entity.name == kHydrateTable && !plan.hydrate_file.empty()) {
    section.Fail("name", "this is what hydrate reads documents from; expected another name");
  }
  entity.key = section.Required("key");
  entity.join = section.Optional("join", entity.key);
  entity.order = section.Optional("order");
  const bool has_fields = section.Table("fields", [&](TomlSection& fields) {
    fields.Each([&](const std::string& name, const toml::node& node) {
      entity.fields.push_back(ReadField(fields, name, node));
    });
  });
  if (!has_fields) section.Fail("fields", "missing; expected a table of fields and their types");
  CheckFieldReference(section, entity, "key", entity.key);
  CheckFieldReference(section, entity, "join", entity.join);
  CheckFieldReference(section, entity, "order", entity.order);
  plan.entities.push_back(std::move(entity));
}

// What every path of a change event without a leading `/` starts at.
constexpr char kFullDocument[] = "fullDocument";

std::map<std::string, std::string> ReadTexts(TomlSection& section) {
  std::map<std::string, std::string> texts;
  section.Each(
      [&](const std::string& key, const toml::node&) { texts[key] = section.Required(key); });
  return texts;
}

// The conditions of an assignment, and what becomes of its texts.
void ReadConditions(TomlSection& section, const PlanEntity& entity, bool change_stream,
                    PlanAssignment& assignment) {
  assignment.only_with = section.Optional("only_with");
  section.Tables("when", [&](TomlSection& when) { assignment.when.push_back(ReadTexts(when)); });
  section.Table("words", [&](TomlSection& words) {
    words.Each([&](const std::string& field, const toml::node&) {
      if (entity.FindField(field) == nullptr) {
        words.Fail(field, absl::StrFormat("no field of entity \"%s\"", entity.name));
      }
      words.Table(field, [&](TomlSection& texts) { assignment.words[field] = ReadTexts(texts); });
    });
  });
  assignment.deletes = section.Boolean("deletes", false);
  if (assignment.deletes && !change_stream) {
    section.Fail("deletes",
                 "only the events of a change stream delete; expected format = "
                 "\"change-stream\" in the channel");
  }
}

PlanAssignment ReadAssignment(TomlSection& section, const Plan& plan, bool change_stream) {
  PlanAssignment assignment;
  assignment.entity = section.Required("entity");
  assignment.at = section.Optional("at", change_stream ? kFullDocument : "");
  const PlanEntity* entity = plan.FindEntity(assignment.entity);
  if (entity == nullptr) {
    section.Fail("entity", absl::StrFormat("expected the name of an [[entity]], got \"%s\"",
                                           assignment.entity));
    return assignment;
  }
  section.Table("from", [&](TomlSection& from) {
    from.Each([&](const std::string& field, const toml::node&) {
      if (entity->FindField(field) == nullptr) {
        from.Fail(field, absl::StrFormat("no field of entity \"%s\"", entity->name));
      }
      assignment.from[field] = from.Required(field);
    });
  });
  ReadConditions(section, *entity, change_stream, assignment);
  return assignment;
}

// `cluster_time`, `sequence`, `sent`, `arrival`, or the path of a date-time that begins with `/`.
std::optional<PlanOrder> ParseOrder(const std::string& word) {
  if (word == "cluster_time") return PlanOrder{PlanOrder::Kind::kClusterTime, ""};
  if (word == "sequence") return PlanOrder{PlanOrder::Kind::kSequence, ""};
  if (word == "sent") return PlanOrder{PlanOrder::Kind::kSent, ""};
  if (word == "arrival") return PlanOrder{PlanOrder::Kind::kArrival, ""};
  if (word.size() > 1 && word[0] == '/') return PlanOrder{PlanOrder::Kind::kField, word};
  return std::nullopt;
}

void ReadEvents(TomlSection& section, PlanChannel& channel) {
  const std::string format = section.Optional("format", "plain");
  if (format != "plain" && format != "change-stream") {
    section.Fail("format",
                 absl::StrFormat("expected \"plain\" or \"change-stream\", got \"%s\"", format));
  }
  channel.change_stream = format == "change-stream";
  std::vector<std::string> words = section.Strings("order");
  if (words.empty()) {
    words = channel.change_stream
                ? std::vector<std::string>{"cluster_time", "sequence", "sent", "arrival"}
                : std::vector<std::string>{"sequence", "arrival"};
  }
  for (const std::string& word : words) {
    if (const auto order = ParseOrder(word)) {
      channel.order.push_back(*order);
    } else {
      section.Fail("order", absl::StrFormat("expected cluster_time, sequence, sent, arrival, or "
                                            "the path of a date-time such as "
                                            "\"/fullDocument.changedAt\", got \"%s\"",
                                            word));
    }
  }
}

bool ReadMessage(TomlSection& section, const std::string& key, PlanStart& message) {
  return section.Table(key, [&](TomlSection& table) {
    message.exchange = table.Required("exchange");
    message.routing_key = table.Required("routing_key");
    message.body = table.Required("body");
  });
}

void ReadEnd(TomlSection& section, PlanChannel& channel) {
  channel.has_end = section.Table("end", [&](TomlSection& end) {
    channel.end.field = end.Required("field");
    channel.end.value = end.Json("value", "true");
    channel.end.count = end.Optional("count");
  });
}

void ReadChannel(TomlSection& section, const std::set<std::string>& channels, Plan& plan) {
  PlanChannel channel;
  channel.name = ReadName(section);
  CheckUnique(section, plan.channels, channel.name);
  if (!IsChannelName(channel.name)) {
    section.Fail("name", "expected lower-case letters, digits and -, as in a file's name");
  }
  const std::string kind = section.Required("kind");
  if (kind != "snapshot" && kind != "events") {
    section.Fail("kind", absl::StrFormat("expected \"snapshot\" or \"events\", got \"%s\"", kind));
  }
  channel.kind = kind == "events" ? PlanChannel::Kind::kEvents : PlanChannel::Kind::kSnapshot;
  channel.queue = section.Optional("queue");
  if (!channel.queue.empty() && !channel.queue.starts_with("amqp:") &&
      !channel.queue.starts_with("sqs:")) {
    section.Fail("queue", "expected \"amqp:<queue>\" or \"sqs:<queue URL>\"");
  }
  if (channel.kind == PlanChannel::Kind::kSnapshot) {
    channel.has_start = ReadMessage(section, "start", channel.start);
    ReadEnd(section, channel);
    channel.may_be_empty = section.Boolean("may_be_empty", false);
    channel.after = section.Strings("after");
    for (const std::string& name : channel.after) {
      if (!channels.contains(name) || name == channel.name) {
        section.Fail("after", absl::StrFormat("expected other channels, got \"%s\"", name));
      }
    }
  } else {
    ReadEvents(section, channel);
  }
  channel.items = section.Optional("items");
  if (channel.kind == PlanChannel::Kind::kEvents && !channel.items.empty()) {
    section.Fail("items", "an event is one item; expected items in snapshot channels only");
  }
  section.Tables("assigns", [&](TomlSection& assigns) {
    channel.assigns.push_back(ReadAssignment(assigns, plan, channel.change_stream));
  });
  if (channel.kind == PlanChannel::Kind::kSnapshot && channel.assigns.empty()) {
    section.Fail("assigns", "missing; expected a list of tables such as { entity = \"doctor\" }");
  }
  plan.channels.push_back(std::move(channel));
}

void ReadFamily(TomlSection& section, Plan& plan) {
  PlanFamily family;
  family.name = ReadName(section);
  CheckUnique(section, plan.families, family.name);
  family.view = section.Optional("view", family.name);
  if (!IsIdentifier(family.view)) section.Fail("view", "expected letters, digits and _");
  family.mapping_file = section.Required("mapping");
  if (!IsFileName(family.mapping_file)) {
    section.Fail("mapping", "expected the name of a file beside plan.toml");
  }
  section.Table("settings", [](TomlSection& settings) {
    settings.Each([](const std::string&, const toml::node&) {});
  });
  family.settings = section.Json("settings", "");
  family.min_documents = section.Count("min_documents", 0);
  plan.families.push_back(std::move(family));
}

void ReadAlias(TomlSection& section, Plan& plan) {
  indexswap::AliasSpec alias;
  alias.name = ReadName(section);
  CheckUnique(section, plan.aliases, alias.name);
  alias.family = section.Required("family");
  if (plan.FindFamily(alias.family) == nullptr) {
    section.Fail("family",
                 absl::StrFormat("expected the name of a [[family]], got \"%s\"", alias.family));
  }
  alias.filter = section.Optional("filter");
  alias.may_be_empty = section.Boolean("may_be_empty", false);
  plan.aliases.push_back(std::move(alias));
}

void ReadHeader(TomlSection& section, Plan& plan) {
  plan.name = section.Required("name");
  plan.release = section.Optional("release", plan.name);
  plan.get_starts_sync = section.Boolean("get_starts_sync", false);
  plan.views = section.Strings("views");
  if (plan.views.empty()) section.Fail("views", "missing; expected a list of SQL files");
  for (const std::string& file : plan.views) {
    if (!IsFileName(file)) section.Fail("views", "expected names of files beside plan.toml");
  }
  plan.hydrate_file = section.Optional("hydrate");
  if (!plan.hydrate_file.empty() && !IsFileName(plan.hydrate_file)) {
    section.Fail("hydrate", "expected the name of a file beside plan.toml");
  }
  plan.hydrated_starts_sync = section.Boolean("hydrated_starts_sync", false);
  plan.has_after_swap = ReadMessage(section, "after_swap", plan.after_swap);
}

// The names of all channels, known before any is read: `after` may name a later one.
std::set<std::string> ChannelNames(const toml::table& root) {
  std::set<std::string> names;
  if (const toml::array* list = root["channel"].as_array()) {
    for (const toml::node& node : *list) {
      const toml::table* table = node.as_table();
      if (table == nullptr) continue;
      if (const auto name = (*table)["name"].value<std::string>()) names.insert(*name);
    }
  }
  return names;
}

// A channel that waits for itself through others would never start.
bool HasCycle(const Plan& plan) {
  std::set<std::string> ended;
  for (size_t before = ended.size() + 1; before != ended.size();) {
    before = ended.size();
    for (const PlanChannel& channel : plan.channels) {
      const auto done = [&](const std::string& name) { return ended.contains(name); };
      if (std::ranges::all_of(channel.after, done)) ended.insert(channel.name);
    }
  }
  return ended.size() != plan.channels.size();
}

}  // namespace

void ReadSections(const toml::table& root, TomlErrors& errors, Plan& plan) {
  TomlSection top(root, "", errors);
  if (!top.Table("plan", [&](TomlSection& section) {
        section.set_title("[plan]");
        ReadHeader(section, plan);
      })) {
    errors.Add(1, "expected a table [plan] with name and views");
  }
  const std::set<std::string> channels = ChannelNames(root);
  top.Tables("entity", [&](TomlSection& section) { ReadEntity(section, plan); });
  top.Tables("channel", [&](TomlSection& section) { ReadChannel(section, channels, plan); });
  top.Tables("family", [&](TomlSection& section) { ReadFamily(section, plan); });
  top.Tables("alias", [&](TomlSection& section) { ReadAlias(section, plan); });
  top.Tables("query", [&](TomlSection& section) { ReadQuery(section, plan); });
  top.Finish();
  if (errors.ok() && HasCycle(plan)) {
    errors.Add(1, "[[channel]]: key \"after\": channels wait for each other in a circle");
  }
}

}  // namespace syncd
