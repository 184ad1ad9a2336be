// What in a cluster would change or block our indexes: templates, blocks, disks.
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <set>

#include "syncd/doctor/checks.h"
#include "syncd/sync/state_disk.h"

namespace syncd {
namespace {

// A sealed index has these as the plan says, or else the cluster's defaults, whatever a template
// sets.
const std::set<std::string>& OwnSettings() {
  static const auto* const own =
      new std::set<std::string>{"index.number_of_replicas", "index.refresh_interval"};
  return *own;
}

constexpr size_t kNamesShown = 8;

void Add(std::string_view kind, const std::vector<std::string>& names,
         std::vector<std::string>& parts) {
  if (names.empty()) return;
  const size_t shown = std::min(names.size(), kNamesShown);
  parts.push_back(absl::StrFormat(
      "%s %s%s", kind, absl::StrJoin(names.begin(), names.begin() + static_cast<long>(shown), ", "),
      shown < names.size() ? absl::StrFormat(" and %d more", names.size() - shown) : ""));
}

void Judge(const indexswap::TemplateFacts& facts, Findings& findings) {
  const char* const check = "store.templates";
  const std::string name =
      absl::StrFormat("%s %s (%s)", facts.legacy ? "legacy template" : "template", facts.name,
                      absl::StrJoin(facts.indexes, ", "));
  if (facts.data_stream) {
    findings.Stop(check, name + " makes a data stream of these names: no index can be created",
                  "change the template's patterns so that they leave these names out");
    return;
  }
  if (!facts.aliases.empty()) {
    findings.Stop(check,
                  absl::StrFormat("%s puts new indexes under the alias %s at once: readers would "
                                  "see a half-full index",
                                  name, absl::StrJoin(facts.aliases, ", ")),
                  "take the aliases out of the template, or these names out of its patterns");
    return;
  }
  std::vector<std::string> settings;
  std::copy_if(facts.settings.begin(), facts.settings.end(), std::back_inserter(settings),
               [](const std::string& key) { return !OwnSettings().contains(key); });
  std::vector<std::string> parts;
  Add("settings", settings, parts);
  Add("mappings", facts.mappings, parts);
  Add("component templates", facts.components, parts);
  if (parts.empty()) {
    findings.Info(check, name + " matches, and sets nothing that the plan does not set itself");
    return;
  }
  findings.Warning(
      check, absl::StrFormat("%s would change new indexes: %s", name, absl::StrJoin(parts, "; ")),
      "leave these names out of the template's patterns, or declare what it sets in "
      "the plan");
}

bool IsServerDisk(const Facts& facts) { return !facts.config.store.url.starts_with("sqlite:"); }

}  // namespace

void CheckTemplates(const Facts& facts, Findings& findings) {
  const auto& templates = facts.store.templates;
  if (!templates.ok()) {
    findings.Info("store.templates", "not checked: " + std::string(templates.status().message()),
                  "let the user of [store] read index templates, or look at them yourself");
    return;
  }
  if (templates->empty() && IsServerDisk(facts)) {
    findings.Ok("store.templates", "no index template matches the names of our indexes");
  }
  for (const auto& found : *templates) Judge(found, findings);
}

void CheckBlocks(const Facts& facts, Findings& findings) {
  const char* const check = "store.blocks";
  const auto& blocks = facts.store.blocks;
  if (!blocks.ok()) {
    findings.Info(check, "not checked: " + std::string(blocks.status().message()),
                  "let the user of [store] read settings");
    return;
  }
  for (const indexswap::BlockFacts& found : *blocks) {
    const std::string where = found.index.empty() ? "the whole store" : "index " + found.index;
    const std::string what = absl::StrFormat("%s has the block %s", where, found.block);
    const std::string lift =
        found.index.empty()
            ? (IsServerDisk(facts)
                   ? absl::StrFormat("set cluster.blocks.%s to null", found.block)
                   : std::string("make the file and its folder writable for the user that syncd "
                                 "runs as"))
            : absl::StrFormat("set index.blocks.%s of %s to null", found.block, found.index);
    if (found.block == "read_only_allow_delete") {
      findings.Stop(check, what + ": a disk has passed the flood stage",
                    "make room on the disks of the nodes; then " + lift);
    } else if (found.block == "write") {
      findings.Error(check, what + ": live events can't be written to it", lift);
    } else if (found.block == "read") {
      findings.Error(check, what + ": readers are refused", lift);
    } else {
      findings.Stop(check, what, lift);
    }
  }
  if (blocks->empty()) findings.Ok(check, "none on the live and the previous generation");
}

void CheckDisk(const Facts& facts, Findings& findings) {
  const char* const check = "store.disk";
  const auto& disks = facts.store.disks;
  if (!disks.ok()) {
    findings.Info(check, "not checked: " + std::string(disks.status().message()),
                  "let the user of [store] read the nodes' statistics and the cluster's settings");
    return;
  }
  if (disks->empty()) return;
  const auto& status = facts.store.status;
  const indexswap::RoomEstimate room =
      indexswap::EstimateRoom(facts.plan.ToReleaseSpec(), facts.store.BytesOf(status.live), *disks);
  const std::string what = absl::StrFormat(
      "the next build takes about %s (with %d replicas, beside what is kept: live %s, previous "
      "%s); %s until the low watermark, %s until the flood stage, on %d disks",
      BytesForPeople(room.build), room.replicas, BytesForPeople(room.live),
      BytesForPeople(facts.store.BytesOf(status.previous)), BytesForPeople(room.until_low),
      BytesForPeople(room.until_flood), room.disks);
  const char* const remedy =
      "make room, `syncd prune` what is no longer kept, keep fewer ([retention] generations), or "
      "add disk";
  if (room.until_flood == 0 || room.build > room.until_flood) {
    findings.Stop(check, what, remedy);
  } else if (room.build > room.until_low || room.until_low == 0) {
    findings.Warning(check, what, remedy);
  } else {
    findings.Ok(check, what);
  }
}

}  // namespace syncd
