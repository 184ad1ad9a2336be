// The state folder: who holds it, its disk, its files.
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <set>

#include "syncd/doctor/checks.h"
#include "syncd/sync/state_disk.h"

namespace syncd {
namespace {

constexpr uint32_t kOwnerOnly = 0700;

void CheckFolder(const Facts& facts, Findings& findings) {
  const FolderFacts& folder = facts.folder;
  const std::string& path = facts.config.state;
  if (folder.exists && !folder.is_folder) {
    findings.Stop("state.folder", path + " is not a folder",
                  "set `state` to a folder, or remove the file");
  } else if (!folder.writable) {
    findings.Stop("state.folder",
                  absl::StrFormat("%s cannot be %s by this user", path,
                                  folder.exists ? "written to" : "made"),
                  "give it to the user that syncd runs as");
  } else if (!folder.exists) {
    findings.Info("state.folder", path + " is not there yet; the first command makes it");
  } else {
    findings.Ok("state.folder", path);
  }
  if (folder.is_folder && (folder.mode & ~kOwnerOnly) != 0) {
    findings.Warning(
        "state.mode",
        absl::StrFormat("%s has mode %04o: others can read the data in it", path, folder.mode),
        "chmod 0700 " + path);
  }
}

void CheckFreeDisk(const Facts& facts, Findings& findings) {
  const FolderFacts& folder = facts.folder;
  if (!folder.writable) return;
  const uint64_t needed = BuildNeeds(folder.largest_file, facts.config.disk.min_free_bytes);
  const std::string what =
      absl::StrFormat("%s free for the state folder; the next build needs about %s",
                      BytesForPeople(folder.free_bytes), BytesForPeople(needed));
  if (folder.free_bytes < needed) {
    findings.Stop(
        "state.disk", what,
        "make room, `syncd prune` what is no longer kept, move the folder, or set [gates] "
        "min_free_bytes");
  } else {
    findings.Ok("state.disk", what);
  }
}

void CheckGenerations(const Facts& facts, Findings& findings) {
  const std::set<uint64_t> files(facts.folder.generations.begin(), facts.folder.generations.end());
  const auto& live = facts.store.status.live;
  std::set<uint64_t> stored;
  for (const auto& generation : facts.store.status.generations)
    stored.insert(generation.generation);
  std::vector<uint64_t> orphans;
  std::set_difference(files.begin(), files.end(), stored.begin(), stored.end(),
                      std::back_inserter(orphans));
  if (live.value_or(0) != 0 && !files.contains(*live)) {
    findings.Warning("state.generations",
                     absl::StrFormat("there is no file of the live generation %d in %s: it was "
                                     "built with another state folder, or the folder was lost",
                                     *live, facts.config.state),
                     "none needed: `syncd serve` reads it back from its index; what documents do "
                     "not hold comes with the next sync");
  } else {
    findings.Ok("state.generations",
                absl::StrFormat("files of generations: %s; in the store: %s",
                                files.empty() ? "none" : absl::StrJoin(files, ", "),
                                stored.empty() ? "none" : absl::StrJoin(stored, ", ")));
  }
  if (!orphans.empty()) {
    findings.Info("state.generations",
                  absl::StrFormat("files of generations that are no longer in the store: %s",
                                  absl::StrJoin(orphans, ", ")),
                  "`syncd prune` removes them");
  }
}

}  // namespace

void CheckState(const Facts& facts, Findings& findings) {
  CheckFolder(facts, findings);
  CheckFreeDisk(facts, findings);
  for (const auto& [generation, why] : facts.folder.newer) {
    if (generation == 0 || facts.store.status.live == generation) {
      findings.Stop("state.format", why, "use the newer syncd, or roll back with it first");
    } else {
      findings.Warning("state.format", why,
                       "that generation is cold until the newer syncd is back");
    }
  }
  if (!facts.folder.holder.ok()) {
    findings.Error("state.lock", std::string(facts.folder.holder.status().message()),
                   "let this user read the folder");
  } else if (facts.FolderHeld()) {
    findings.Info("state.lock", absl::StrFormat("held by %s", (*facts.folder.holder)->Describe()));
  }
  const bool read = facts.store.opened.ok() && facts.store.read.ok() && !facts.store.absent;
  if (facts.folder.is_folder && read) CheckGenerations(facts, findings);
}

}  // namespace syncd
