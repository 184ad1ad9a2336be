#include "syncd/sync/adopt.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <vector>

#include "syncd/readmodel/hydration.h"

namespace syncd {
namespace {

using indexswap::StoredDocument;

// A scan that the server has cut off is begun anew, and so often.
constexpr int kTries = 3;

absl::Status AddPage(Hydration& hydration, const std::string& family, const std::string& prefix,
                     const std::vector<StoredDocument>& page) {
  if (absl::Status s = hydration.BeginPage(); !s.ok()) return s;
  for (const StoredDocument& document : page) {
    const absl::Status added =
        hydration.Add(family, prefix + document.id, document.version, document.document);
    if (!added.ok()) return added;
  }
  return hydration.EndPage();
}

absl::StatusOr<std::map<std::string, uint64_t>> ReadOnce(
    indexswap::Engine& engine, const Plan& plan, const indexswap::AdoptionPlan& adoption,
    RunProgress progress, const std::string& path, const RunInfo& run, RunHooks& hooks,
    const std::function<absl::Status()>& keep_room) {
  auto hydration = Hydration::Begin(path, plan, run);
  if (!hydration.ok()) return hydration.status();
  std::map<std::string, uint64_t> read;
  for (const auto& [family, indexes] : adoption.sources) {
    for (const std::string& index : indexes) {
      // Two indexes of one family may have documents of one id.
      const std::string prefix = indexes.size() > 1 ? index + "/" : "";
      uint64_t& documents = read[index];
      documents = 0;
      const absl::Status scanned =
          engine.ReadIndex(index, [&](std::vector<StoredDocument> page) -> absl::Status {
            if (hooks.Interrupted()) return absl::CancelledError("interrupted while reading");
            if (absl::Status s = keep_room(); !s.ok()) return s;
            documents += page.size();
            progress.loaded += page.size();
            hooks.OnProgress(progress);
            return AddPage(**hydration, family, prefix, page);
          });
      if (!scanned.ok()) return scanned;
    }
  }
  if (absl::Status s = (*hydration)->Derive(); !s.ok()) return s;
  const auto report = (*hydration)->Finish();
  if (!report.ok()) return report.status();
  const std::string entities =
      absl::StrJoin(report->entities, ", ", [](std::string* out, const auto& entity) {
        out->append(absl::StrFormat("%d of %s", entity.second, entity.first));
      });
  hooks.Note(indexswap::Observer::Severity::kInfo,
             absl::StrFormat("generation %d: %d documents were read, which became records: %s",
                             progress.generation, report->documents, entities));
  return read;
}

}  // namespace

absl::StatusOr<std::map<std::string, uint64_t>> ReadAdopted(
    indexswap::Engine& engine, const Plan& plan, const indexswap::AdoptionPlan& adoption,
    uint64_t generation, const std::string& path, const RunInfo& run, RunHooks& hooks,
    const std::function<absl::Status()>& keep_room) {
  RunProgress progress;
  progress.generation = generation;
  progress.stage = "reading";
  progress.total = 0;
  for (const indexswap::AdoptedIndex& index : adoption.adoption.indexes) {
    for (const auto& [family, sources] : adoption.sources) {
      for (const std::string& source : sources) {
        if (source == index.name) *progress.total += index.documents;
      }
    }
  }
  hooks.OnProgress(progress);
  absl::StatusOr<std::map<std::string, uint64_t>> read;
  for (int tries = 0; tries < kTries; ++tries) {
    read = ReadOnce(engine, plan, adoption, progress, path, run, hooks, keep_room);
    if (!absl::IsUnavailable(read.status())) return read;
    hooks.Note(indexswap::Observer::Severity::kWarning,
               "reading is begun anew: " + std::string(read.status().message()));
  }
  return read;
}

indexswap::GateResult JudgeRead(const indexswap::AdoptionPlan& adoption,
                                const std::map<std::string, uint64_t>& read) {
  indexswap::GateResult ended{"ended", true, false, ""};
  std::vector<std::string> figures;
  for (const indexswap::AdoptedIndex& index : adoption.adoption.indexes) {
    const auto found = read.find(index.name);
    if (found == read.end()) continue;
    figures.push_back(
        absl::StrFormat("%s: %d of %d documents read", index.name, found->second, index.documents));
    if (found->second != index.documents) ended.passed = false;
  }
  ended.detail = absl::StrJoin(figures, "; ");
  return ended;
}

}  // namespace syncd
