#include "syncd/daemon/maintenance.h"

#include <absl/strings/str_format.h>
#include <absl/time/clock.h>

#include <algorithm>
#include <filesystem>

#include "syncd/readmodel/dead_letters.h"
#include "syncd/readmodel/generation_file.h"
#include "syncd/readmodel/hydration.h"
#include "syncd/readmodel/journal.h"
#include "syncd/sync/state_disk.h"
#include "syncd/sync/state_files.h"
#include "syncd/sync/unknown_outcome.h"

namespace syncd {
namespace {

constexpr int64_t kDayMs = 24LL * 3'600'000;
constexpr int64_t kKeepOrdersMs = 15 * kDayMs;

// A build that has just been begun reckons from a moment before now.
constexpr int64_t kMarginMs = 600'000;

constexpr int kPage = 1000;

std::string PathOf(const std::string& state_dir, uint64_t generation) {
  return (std::filesystem::path(state_dir) / GenerationFileName(generation)).string();
}

absl::Status AddAll(DeadLetters& source, uint64_t generation,
                    std::vector<GenerationDeadLetter>& letters) {
  int64_t after = 0;
  while (true) {
    auto page = source.List(after, kPage);
    if (!page.ok()) return page.status();
    if (page->empty()) return absl::OkStatus();
    for (DeadLetter& letter : *page) {
      after = letter.id;
      letters.push_back({generation, std::move(letter)});
    }
  }
}

// The journal for reading; nullptr if there is none.
absl::StatusOr<std::unique_ptr<Database>> OpenJournal(const std::string& state_dir) {
  const auto path = std::filesystem::path(state_dir) / kJournalFile;
  if (!std::filesystem::exists(path)) return std::unique_ptr<Database>();
  return OpenJournalFile(state_dir, Database::Mode::kReadOnly);
}

absl::Status CheckFile(const std::string& state_dir, uint64_t generation) {
  const std::vector<uint64_t> known = GenerationsIn(state_dir);
  if (std::ranges::find(known, generation) != known.end()) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrFormat("generation %d has no file in %s: it was pruned, or never was; "
                      "`dead-letters list` shows what there is",
                      generation, state_dir));
}

// Takes the message of a letter in again, and the letter away, in one transaction.
// Once the load has begun, what changes the file is journalled first, so that documents rise in
// version.
absl::Status TakeInAgain(GenerationFile& file, const DeadLetter& letter, EventLog* log) {
  const auto run = file.ReadRun();
  if (!run.ok()) return run.status();
  const bool receiving = run->stage == RunStage::kReceiving;
  const bool open = IsUnfinished(run->stage) || run->stage == RunStage::kRefused;
  if (!open || (!receiving && log == nullptr)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the build is %s: %s", std::string(RunStageName(run->stage)),
        open ? "what changes it now goes through the daemon (`syncd serve`), which does not run"
             : "what it lacks comes with the next sync"));
  }
  if (letter.kind == DeadLetter::Kind::kRefused) {
    return absl::FailedPreconditionError("a refused document is written anew by the next sync");
  }
  if (absl::Status s = file.BeginBatch(); !s.ok()) return s;
  const auto result = file.Ingest(letter.channel, letter.body);
  absl::Status s = result.status();
  if (s.ok() && result->rejected > 0) {
    s = absl::InvalidArgumentError("it still can be no record: " + letter.reason);
  }
  if (s.ok() && !receiving) {
    s = file.Rollback();  // it only had to be seen that it is a record now
    if (s.ok()) s = log->AppendLate(run->build_id, letter.channel, letter.body);
    return s.ok() ? file.dead_letters().Drop(letter.id) : s;
  }
  if (s.ok()) s = file.dead_letters().Drop(letter.id);
  // The file is ours until the commit, so a load can't begin between this look and it.
  const auto now = file.ReadRun();
  if (s.ok() && (!now.ok() || now->stage != run->stage)) {
    s = absl::UnavailableError("the build begins to load at this moment: try again");
  }
  if (s.ok()) s = file.Commit();
  if (!s.ok()) file.Rollback().IgnoreError();
  return s;
}

}  // namespace

absl::Status TrimJournal(EventLog& log, const WarmSet& warm, std::chrono::milliseconds overlap,
                         std::chrono::milliseconds keep_dead_letters) {
  const int64_t now = absl::ToUnixMillis(absl::Now());
  for (bool more = true; more;) {
    const auto left = log.Trim(warm.LowestCursor(), now - overlap.count() - kMarginMs,
                               now - std::max(kKeepOrdersMs, keep_dead_letters.count()));
    if (!left.ok()) return left.status();
    more = *left;
  }
  return log.GiveBack();
}

absl::Status AbandonGeneration(indexswap::Engine& engine, WarmSet& warm,
                               const std::string& state_dir, uint64_t generation,
                               const std::string& reason) {
  warm.Remove(generation);
  auto file = GenerationFile::Open(PathOf(state_dir, generation), Durability::kFull);
  if (file.ok()) {
    auto run = (*file)->ReadRun();
    if (run.ok()) {
      run->stage = RunStage::kAbandoned;
      (*file)->WriteRun(*run).IgnoreError();
    }
  }
  return engine.Abandon(generation, reason);
}

absl::StatusOr<PruneOutcome> PruneAll(indexswap::Engine& engine, WarmSet* warm,
                                      const std::string& state_dir, bool dry_run, Orphans orphans) {
  if (warm != nullptr && !dry_run) {
    // So that nothing writes to an index that is about to go.
    const auto planned = engine.Prune(true);
    if (!planned.ok()) return planned.status();
    for (const indexswap::RetentionVerdict& verdict : planned->verdicts) {
      if (verdict.prune) warm->Remove(verdict.generation);
    }
  }
  // As they are before: a build that is begun meanwhile is in no verdict.
  std::vector<StateFile> files = StateFilesIn(state_dir);
  auto report = engine.Prune(dry_run);
  if (!report.ok()) return report.status();
  std::erase_if(files, [&](const StateFile& file) {
    // Of a dry run, what is still warm and would be deleted would be warm no more.
    bool kept = orphans == Orphans::kKeep || (warm != nullptr && warm->Has(file.generation));
    for (const indexswap::RetentionVerdict& verdict : report->verdicts) {
      if (verdict.generation == file.generation) kept = !verdict.prune;
    }
    return kept;
  });
  for (const StateFile& file : files) {
    if (dry_run) break;
    if (absl::Status s = RemoveGenerationFile(state_dir, file.generation); !s.ok()) return s;
  }
  return PruneOutcome{*std::move(report), std::move(files)};
}

LocalStatus ReadStateFolder(const std::string& state_dir, std::optional<uint64_t> live) {
  LocalStatus local;
  local.state = ReadStateFacts(state_dir);
  if (std::string open = UnknownOutcome(state_dir); !open.empty()) {
    local.findings.push_back(std::move(open));
  }
  for (const uint64_t generation : GenerationsIn(state_dir)) {
    auto file = GenerationFile::OpenReadOnly(PathOf(state_dir, generation));
    if (!file.ok()) {
      local.findings.emplace_back(file.status().message());
      continue;
    }
    local.dead_letters += (*file)->dead_letters().Count().value_or(0);
    const auto run = (*file)->ReadRun();
    if (!run.ok()) continue;
    local.cursors[generation] = run->event_cursor;
    if (run->source == kHydratedSource) local.hydrated.insert(generation);
    if (live == generation) continue;
    if (run->stage != RunStage::kReceiving && run->stage != RunStage::kLoading) continue;
    local.run = generation;
    local.run_stage = RunStageName(run->stage);
    local.channels.clear();
    for (ChannelState& state : (*file)->channels()) {
      const PlanChannel* channel = (*file)->plan().FindChannel(state.name);
      if (channel == nullptr || channel->kind != PlanChannel::Kind::kSnapshot) continue;
      local.channels.push_back(std::move(state));
    }
  }
  return local;
}

void AddDiskFinding(const std::string& state_dir, const LocalStatus& local, uint64_t min_free_bytes,
                    indexswap::ReleaseStatus& status) {
  const auto& space = local.state.space;
  // While a build takes its room, what is left need not be enough for another.
  if (!space || (local.run && space->free_bytes >= min_free_bytes)) return;
  const auto disk = JudgeDisk(*space, ExpectedFile(state_dir, status), min_free_bytes);
  if (!disk.passed) status.findings.push_back("no sync begins, for want of room: " + disk.detail);
}

void AddJournal(const std::string& state_dir, LocalStatus& local) {
  const auto db = OpenJournal(state_dir);
  if (!db.ok()) local.findings.emplace_back(db.status().message());
  if (!db.ok() || *db == nullptr) return;
  if (const auto head = ReadHead(**db); head.ok()) local.events_head = *head;
  local.dead_letters += DeadLetters(**db).Count().value_or(0);
  if (auto cold = ReadCold(**db); cold.ok()) local.cold = *std::move(cold);
}

absl::StatusOr<std::vector<GenerationDeadLetter>> ListDeadLetters(const std::string& state_dir) {
  std::vector<GenerationDeadLetter> letters;
  for (const uint64_t generation : GenerationsIn(state_dir)) {
    auto file = GenerationFile::OpenReadOnly(PathOf(state_dir, generation));
    if (!file.ok()) return file.status();
    absl::Status s = AddAll((*file)->dead_letters(), generation, letters);
    if (!s.ok()) return s;
  }
  const auto journal = OpenJournal(state_dir);
  if (!journal.ok()) return journal.status();
  if (*journal == nullptr) return letters;
  DeadLetters of_events(**journal);
  if (absl::Status s = AddAll(of_events, 0, letters); !s.ok()) return s;
  return letters;
}

absl::StatusOr<GenerationDeadLetter> GetDeadLetter(const std::string& state_dir,
                                                   const DeadLetterIdParts& id) {
  if (id.generation == 0) {
    const auto journal = OpenJournal(state_dir);
    if (!journal.ok()) return journal.status();
    if (*journal == nullptr) return absl::NotFoundError("there is no such dead letter");
    auto letter = DeadLetters(**journal).Get(id.letter);
    if (!letter.ok()) return letter.status();
    return GenerationDeadLetter{0, *std::move(letter)};
  }
  if (absl::Status s = CheckFile(state_dir, id.generation); !s.ok()) return s;
  auto file = GenerationFile::OpenReadOnly(PathOf(state_dir, id.generation));
  if (!file.ok()) return file.status();
  auto letter = (*file)->dead_letters().Get(id.letter);
  if (!letter.ok()) return letter.status();
  return GenerationDeadLetter{id.generation, *std::move(letter)};
}

absl::Status DropBuildDeadLetter(const std::string& state_dir, const DeadLetterIdParts& id) {
  if (absl::Status s = CheckFile(state_dir, id.generation); !s.ok()) return s;
  auto file = GenerationFile::Open(PathOf(state_dir, id.generation), Durability::kFull);
  if (!file.ok()) return file.status();
  return (*file)->dead_letters().Drop(id.letter);
}

absl::Status RetryBuildDeadLetter(const std::string& state_dir, const DeadLetterIdParts& id,
                                  EventLog* log) {
  if (absl::Status s = CheckFile(state_dir, id.generation); !s.ok()) return s;
  auto file = GenerationFile::Open(PathOf(state_dir, id.generation), Durability::kFull);
  if (!file.ok()) return file.status();
  const auto letter = (*file)->dead_letters().Get(id.letter);
  if (!letter.ok()) return letter.status();
  return TakeInAgain(**file, *letter, log);
}

absl::Status RetryEventDeadLetter(EventLog& log, WarmSet& warm, int64_t id) {
  const auto letter = log.GetDeadLetter(id);
  if (!letter.ok()) return letter.status();
  if (letter->kind == DeadLetter::Kind::kRejected) {
    if (absl::Status s = log.RetryDeadLetter(id); !s.ok()) return s;
    warm.Wake();
    return absl::OkStatus();
  }
  if (letter->family.empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the views of generation %d fail on it: the next sync brings what it says; "
                        "then drop it",
                        letter->generation));
  }
  const absl::Status queued = warm.Requeue(letter->generation, letter->family, letter->document_id);
  // What is not projected any more need not be written either.
  if (!queued.ok() && queued.code() != absl::StatusCode::kNotFound) return queued;
  return log.DropDeadLetter(id);
}

}  // namespace syncd
