#include "syncd/sync/hydrate_live.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "syncd/readmodel/generation_file.h"
#include "syncd/readmodel/hydration.h"
#include "syncd/sync/state_disk.h"
#include "syncd/sync/state_files.h"

namespace syncd {
namespace {

constexpr auto kInfo = indexswap::Observer::Severity::kInfo;
constexpr auto kWarning = indexswap::Observer::Severity::kWarning;

constexpr char kLost[] = "its file was lost with the state folder";

bool HasFile(const std::string& state_dir, uint64_t generation) {
  return std::ranges::binary_search(GenerationsIn(state_dir), generation);
}

const indexswap::GenerationStatus* FindLive(const indexswap::ReleaseStatus& status) {
  for (const indexswap::GenerationStatus& generation : status.generations) {
    if (status.live == generation.generation) return &generation;
  }
  return nullptr;
}

// The senders were asked for a snapshot that nobody builds from any more: its end marker must not
// end a channel of the next run.
absl::Status OweMarkers(const HydrateTools& tools) {
  for (const PlanChannel& channel : tools.plan.channels) {
    if (!channel.has_start || !channel.has_end) continue;
    if (absl::Status s = tools.journal.RaiseOwed(channel.name); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status SettleOthers(const indexswap::ReleaseStatus& status, const HydrateTools& tools) {
  for (const indexswap::GenerationStatus& generation : status.generations) {
    const uint64_t n = generation.generation;
    if (n == 0 || n == status.live || HasFile(tools.state_dir, n)) continue;
    absl::Status s;
    if (generation.state == "building") {
      s = OweMarkers(tools);
      if (s.ok()) s = tools.engine.Abandon(n, kLost);
      tools.note(kWarning, absl::StrFormat("generation %d is abandoned: %s", n, kLost));
    } else if (generation.state == "previous" || generation.state == "sealed") {
      s = tools.log.MarkCold(n, kLost);
      tools.note(kWarning, absl::StrFormat("generation %d is cold: %s", n, kLost));
    }
    if (!s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status JudgeRoom(const indexswap::ReleaseStatus& status, const HydrateTools& tools) {
  const auto space = SpaceOf(tools.state_dir);
  if (!space.ok()) return space.status();
  const indexswap::GateResult disk =
      JudgeDisk(*space, ExpectedFile(tools.state_dir, status), tools.min_free_bytes);
  if (disk.passed) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat("the gate %s: %s", disk.gate, disk.detail));
}

absl::Status ReadDocuments(const indexswap::GenerationStatus& live, const HydrateTools& tools,
                           Hydration& hydration) {
  uint64_t total = 0, read = 0;
  for (const auto& index : live.indexes) total += index.documents.value_or(0);
  for (const auto& index : live.indexes) {
    const auto visit = [&](const std::vector<indexswap::StoredDocument>& page) -> absl::Status {
      if (tools.stopping()) return absl::CancelledError("interrupted while hydrating");
      tools.doing(absl::StrFormat("hydrating generation %d: %d of %d documents", live.generation,
                                  read, total));
      if (absl::Status s = LeavesRoom(tools.state_dir, tools.min_free_bytes); !s.ok()) return s;
      tools.step("hydrate.page.before");
      if (absl::Status s = hydration.BeginPage(); !s.ok()) return s;
      for (const indexswap::StoredDocument& document : page) {
        absl::Status s =
            hydration.Add(index.family, document.id, document.version, document.document);
        if (!s.ok()) return s;
      }
      read += page.size();
      return hydration.EndPage();
    };
    if (absl::Status s = tools.engine.ReadIndex(index.name, visit); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::StatusOr<HydrationReport> MakeFile(const indexswap::GenerationStatus& live,
                                         const HydrateTools& tools) {
  RunInfo run;
  run.stage = RunStage::kPromoted;
  run.build_id = live.meta->build_id;
  run.plan_hash = tools.plan.hash;
  run.source = kHydratedSource;
  run.started_at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  // What the journal still has is applied again: an event of it need not be in the index.
  const auto cursor = tools.log.OldestKept();
  if (!cursor.ok()) return cursor.status();
  run.event_cursor = *cursor;
  const auto path = std::filesystem::path(tools.state_dir) / GenerationFileName(live.generation);
  auto hydration = Hydration::Begin(path.string(), tools.plan, run);
  if (!hydration.ok()) return hydration.status();
  absl::Status s = ReadDocuments(live, tools, **hydration);
  tools.doing(absl::StrFormat("hydrating generation %d: turning documents back into records",
                              live.generation));
  if (s.ok()) s = (*hydration)->Derive();
  if (s.ok()) s = (*hydration)->Compare();
  tools.step("hydrate.finish.before");
  if (!s.ok()) return s;
  auto report = (*hydration)->Finish();
  tools.step("hydrate.finish.after");
  return report;
}

}  // namespace

bool HasLostLive(const indexswap::ReleaseStatus& status, const std::string& state_dir) {
  // Generation 0 is what was there before an adoption: it never had one.
  return status.live.value_or(0) != 0 && !HasFile(state_dir, *status.live);
}

absl::Status TakeUpLive(const indexswap::ReleaseStatus& status, const HydrateTools& tools) {
  const uint64_t live = status.live.value_or(0);
  const auto cold = tools.log.Cold();
  if (!cold.ok()) return cold.status();
  if (live == 0 || !cold->contains(live)) return absl::OkStatus();
  if (HasFile(tools.state_dir, live)) {
    const auto path = std::filesystem::path(tools.state_dir) / GenerationFileName(live);
    const auto file = GenerationFile::OpenReadOnly(path.string());
    if (absl::IsUnimplemented(file.status())) return file.status();
    const auto kept = tools.log.OldestKept();
    if (!kept.ok()) return kept.status();
    const auto cursor = file.ok() ? (*file)->EventCursor() : file.status();
    if (!cursor.ok() || *cursor < *kept) {
      if (absl::Status s = RemoveGenerationFile(tools.state_dir, live); !s.ok()) return s;
    }
  }
  tools.note(kInfo, absl::StrFormat("generation %d is live, and gets live events again (it was "
                                    "cold: %s)",
                                    live, cold->at(live)));
  return tools.log.ForgetCold(live);
}

absl::Status HydrateLive(const indexswap::ReleaseStatus& status, const HydrateTools& tools) {
  const indexswap::GenerationStatus* live = FindLive(status);
  if (absl::Status s = SettleOthers(status, tools); !s.ok()) return s;
  if (live == nullptr || !live->meta) {
    return absl::FailedPreconditionError("the live generation is not syncd's own");
  }
  tools.note(kInfo, absl::StrFormat("generation %d is live, and its file is not in %s: reading it "
                                    "back from its documents",
                                    live->generation, tools.state_dir));
  if (absl::Status s = JudgeRoom(status, tools); !s.ok()) return s;
  const auto report = MakeFile(*live, tools);
  if (!report.ok()) return report.status();
  std::string records;
  for (const auto& [entity, count] : report->entities) {
    records += absl::StrFormat("%s%d %s", records.empty() ? "" : ", ", count, entity);
  }
  tools.note(kInfo,
             absl::StrFormat("generation %d is hydrated from %d documents (%s); %d of them "
                             "differ and are written anew. What documents can't hold comes "
                             "with the next sync",
                             live->generation, report->documents, records, report->differing));
  return absl::OkStatus();
}

}  // namespace syncd
