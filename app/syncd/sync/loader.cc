#include "syncd/sync/loader.h"

#include <absl/strings/str_format.h>

namespace syncd {
namespace {

// Progress is reported once in so many documents.
constexpr uint64_t kReportEvery = 500;

}  // namespace

absl::Status LoadDocuments(GenerationFile& file, indexswap::Build& build, RunHooks& hooks) {
  RunProgress progress;
  progress.generation = build.generation();
  progress.stage = "loading";
  progress.total = 0;
  for (const PlanFamily& family : file.plan().families) {
    const auto count = file.CountDocuments(family.name);
    if (!count.ok()) return count.status();
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
          return build.Put(family.name, std::string(id), 0, std::move(document));
        });
    if (!projected.ok()) return projected;
  }
  progress.loaded = build.written();
  hooks.OnProgress(progress);
  return absl::OkStatus();
}

}  // namespace syncd
