#include "syncd/sync/event_facts.h"

#include <filesystem>
#include <memory>
#include <utility>

#include "syncd/readmodel/journal.h"
#include "syncd/sync/state_files.h"
#include "syncd/sync/succession.h"

namespace syncd {
namespace {

std::set<uint64_t> FilesIn(const std::string& state_dir) {
  const auto files = GenerationsIn(state_dir);
  return {files.begin(), files.end()};
}

absl::StatusOr<FolderAge> ReadAge(Database& db) {
  FolderAge age;
  auto select = db.Prepare("SELECT state_id, epoch FROM journal_state");
  if (!select.ok()) return select.status();
  const auto row = select->Step();
  if (!row.ok()) return row.status();
  if (*row) {
    age.state_id = select->TextCopy(0);
    age.epoch = static_cast<uint64_t>(select->Integer(1));
  }
  const auto head = ReadHead(db);
  if (!head.ok()) return head.status();
  age.head = *head;
  return age;
}

}  // namespace

absl::StatusOr<EventFacts> FactsOf(const std::string& state_dir, EventLog& log,
                                   const WarmSet& warm) {
  auto cold = log.Cold();
  if (!cold.ok()) return cold.status();
  EventFacts facts{log.head(), FilesIn(state_dir), {}, *std::move(cold)};
  for (const WarmState& state : warm.states()) {
    if (state.cold.empty()) facts.warm.insert(state.generation);
  }
  return facts;
}

absl::StatusOr<EventFacts> ReadEventFacts(const std::string& state_dir,
                                          const indexswap::ReleaseStatus& status) {
  EventFacts facts;
  FolderAge age;
  if (std::filesystem::exists(std::filesystem::path(state_dir) / kJournalFile)) {
    const auto journal = OpenJournalFile(state_dir, Database::Mode::kReadOnly);
    if (!journal.ok()) return journal.status();
    auto read = ReadAge(**journal);
    if (!read.ok()) return read.status();
    age = *std::move(read);
    auto cold = ReadCold(**journal);
    if (!cold.ok()) return cold.status();
    facts.cold = *std::move(cold);
  }
  facts.head = age.head;
  if (!WhyBehind(status.lease, age).empty()) {
    const auto& record = status.lease->record;
    if (record) facts.head = std::max(facts.head, record->journal_position);
    return facts;
  }
  facts.files = FilesIn(state_dir);
  const auto kept = KeptWarm(status, {facts.files.begin(), facts.files.end()}, facts.cold);
  facts.warm.insert(kept.begin(), kept.end());
  return facts;
}

}  // namespace syncd
