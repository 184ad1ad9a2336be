#include "syncd/readmodel/wanted_run.h"

#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <utility>

#include "syncd/readmodel/journal.h"

namespace syncd {

absl::StatusOr<std::unique_ptr<WantedRuns>> WantedRuns::Open(const std::string& state_dir) {
  auto db = OpenJournalFile(state_dir, Database::Mode::kReadWrite);
  if (!db.ok()) return db.status();
  return std::unique_ptr<WantedRuns>(new WantedRuns(*std::move(db)));
}

absl::Status WantedRuns::Keep(const WantedRun& run) {
  const std::lock_guard lock(mutex_);
  auto insert = db_->Prepare(
      "INSERT OR REPLACE INTO wanted_run (id, promote, overrides, run) VALUES (1, ?1, ?2, ?3)");
  if (!insert.ok()) return insert.status();
  insert->BindNull(1);
  if (run.promote) insert->BindInteger(1, static_cast<int64_t>(*run.promote));
  const std::string overrides = absl::StrJoin(run.overrides, ",");
  insert->BindText(2, overrides);
  insert->BindInteger(3, static_cast<int64_t>(run.run));
  return insert->Run();
}

absl::Status WantedRuns::Forget() {
  const std::lock_guard lock(mutex_);
  return db_->Execute("DELETE FROM wanted_run");
}

absl::StatusOr<std::optional<WantedRun>> WantedRuns::Get() {
  const std::lock_guard lock(mutex_);
  auto select = db_->Prepare("SELECT promote, overrides, run FROM wanted_run");
  if (!select.ok()) return select.status();
  const auto row = select->Step();
  if (!row.ok()) return row.status();
  if (!*row) return std::optional<WantedRun>();
  WantedRun run;
  if (!select->IsNull(0)) run.promote = static_cast<uint64_t>(select->Integer(0));
  run.overrides = absl::StrSplit(select->TextCopy(1), ',', absl::SkipEmpty());
  run.run = static_cast<uint64_t>(select->Integer(2));
  return std::optional<WantedRun>(std::move(run));
}

}  // namespace syncd
