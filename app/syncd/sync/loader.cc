#include "syncd/sync/loader.h"

#include <absl/strings/str_format.h>

#include <map>
#include <string>
#include <utility>

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
  WaitWatch watch(build, hooks, std::move(progress));
  uint64_t put = 0;
  for (const PlanFamily& family : file.plan().families) {
    const absl::Status projected =
        file.Project(family.name, [&](std::string_view id, std::string&& document) {
          if (++put % kReportEvery == 0) {
            if (absl::Status s = watch.Look(); !s.ok()) return s;
          }
          return build.Put(family.name, std::string(id), *version, std::move(document));
        });
    if (!projected.ok()) return projected;
  }
  return watch.Look();
}

}  // namespace

WaitWatch::WaitWatch(indexswap::Build& build, RunHooks& hooks, RunProgress progress)
    : build_(build), hooks_(hooks), progress_(std::move(progress)) {
  hooks_.OnProgress(progress_);
  build_.set_on_wait([this] { return Look(); });
}

WaitWatch::~WaitWatch() { build_.set_on_wait({}); }

absl::Status WaitWatch::Look() {
  if (hooks_.Interrupted()) {
    return absl::CancelledError("interrupted while documents were written");
  }
  progress_.loaded = build_.written();
  progress_.blocked = build_.blocked();
  hooks_.OnProgress(progress_);
  return absl::OkStatus();
}

absl::Status LoadDocuments(GenerationFile& file, indexswap::Build& build, RunHooks& hooks,
                           GenerationFile* moment) {
  GenerationFile& reader = moment == nullptr ? file : *moment;
  if (absl::Status s = reader.BeginSnapshot(); !s.ok()) return s;
  std::map<std::string, int64_t> documents;
  const absl::Status loaded = LoadAtOnce(reader, build, hooks, documents);
  const absl::Status ended = moment == nullptr ? file.EndSnapshot() : absl::OkStatus();
  if (!loaded.ok()) return loaded;
  if (!ended.ok()) return ended;
  return file.WriteLoaded(documents);
}

absl::Status ReadAgain(GenerationFile& moment, const std::string& family,
                       const indexswap::DocumentVisitor& visit) {
  return moment.Project(
      family, [&](std::string_view id, std::string&& document) { return visit(id, document); });
}

}  // namespace syncd
