#include "syncd/sync/loader.h"

#include <absl/strings/str_format.h>

#include <map>
#include <string>

namespace syncd {
namespace {

// Progress is reported once in so many documents.
constexpr uint64_t kReportEvery = 500;

absl::Status LoadAtOnce(GenerationFile& file, indexswap::Build& build, RunHooks& hooks,
                        std::map<std::string, int64_t>& loaded) {
  // What a live event changes after this moment is written later, at a higher version.
  const auto version = file.EventCursor();
  if (!version.ok()) return version.status();
  RunProgress progress;
  progress.generation = build.generation();
  progress.stage = "loading";
  progress.total = 0;
  for (const PlanFamily& family : file.plan().families) {
    const auto count = file.CountDocuments(family.name);
    if (!count.ok()) return count.status();
    const auto delta = file.CountDelta(family.name);
    if (!delta.ok()) return delta.status();
    loaded[family.name] = static_cast<int64_t>(*count) - *delta;
    *progress.total += *count;
  }
  hooks.Reached("load.begin");
  uint64_t put = 0;
  for (const PlanFamily& family : file.plan().families) {
    const absl::Status projected =
        file.Project(family.name, [&](std::string_view id, std::string&& document) {
          if (++put % kReportEvery == 0) {
            if (hooks.Interrupted()) return absl::CancelledError("interrupted while loading");
            progress.loaded = build.written();
            hooks.OnProgress(progress);
          }
          return build.Put(family.name, std::string(id), *version, std::move(document));
        });
    if (!projected.ok()) return projected;
  }
  progress.loaded = build.written();
  hooks.OnProgress(progress);
  return absl::OkStatus();
}

}  // namespace

absl::Status LoadDocuments(GenerationFile& file, indexswap::Build& build, RunHooks& hooks) {
  if (absl::Status s = file.BeginSnapshot(); !s.ok()) return s;
  std::map<std::string, int64_t> documents;
  const absl::Status loaded = LoadAtOnce(file, build, hooks, documents);
  const absl::Status ended = file.EndSnapshot();
  if (!loaded.ok()) return loaded;
  if (!ended.ok()) return ended;
  return file.WriteLoaded(documents);
}

}  // namespace syncd
