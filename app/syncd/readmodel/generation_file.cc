#include "syncd/readmodel/generation_file.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <array>
#include <filesystem>
#include <utility>

#include "syncd/readmodel/hydration.h"
#include "syncd/readmodel/schema.h"

namespace syncd {
namespace {

constexpr std::array kStages = {RunStage::kReceiving, RunStage::kLoading, RunStage::kSealed,
                                RunStage::kPromoted,  RunStage::kRefused, RunStage::kFailed,
                                RunStage::kAbandoned};

absl::Status InsertRun(Database& db, const RunInfo& run) {
  auto insert = db.Prepare(
      "INSERT OR REPLACE INTO run (id, stage, build_id, epoch, plan_hash, source, started_at_ms) "
      "VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)");
  if (!insert.ok()) return insert.status();
  insert->BindText(1, RunStageName(run.stage));
  insert->BindText(2, run.build_id);
  insert->BindInteger(3, static_cast<int64_t>(run.epoch));
  insert->BindText(4, run.plan_hash);
  insert->BindText(5, run.source);
  insert->BindInteger(6, run.started_at_ms);
  return insert->Run();
}

absl::Status Fill(Database& db, const Plan& plan, const RunInfo& run) {
  absl::Status status = db.Begin();
  if (status.ok()) status = CreateSchema(db, plan);
  if (status.ok()) status = InsertRun(db, run);
  if (status.ok()) {
    status = db.Execute(absl::StrFormat("INSERT INTO event_cursor (id, position) VALUES (1, %d)",
                                        run.event_cursor));
  }
  if (status.ok()) status = db.Commit();
  return status;
}

void RemoveFile(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::error_code ignored;
    std::filesystem::remove(path + suffix, ignored);
  }
}

}  // namespace

std::string_view RunStageName(RunStage stage) {
  switch (stage) {
    case RunStage::kReceiving:
      return "receiving";
    case RunStage::kLoading:
      return "loading";
    case RunStage::kSealed:
      return "sealed";
    case RunStage::kPromoted:
      return "promoted";
    case RunStage::kRefused:
      return "refused";
    case RunStage::kFailed:
      return "failed";
    case RunStage::kAbandoned:
      return "abandoned";
  }
  return "";
}

std::string GenerationFileName(uint64_t generation) { return absl::StrCat("v", generation, ".db"); }

absl::StatusOr<std::unique_ptr<GenerationFile>> GenerationFile::Create(const std::string& path,
                                                                       const Plan& plan,
                                                                       const RunInfo& run,
                                                                       Durability durability) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    return absl::AlreadyExistsError(absl::StrFormat("%s: there is such a generation file", path));
  }
  // Filled under another name: whatever is called `path` is complete.
  const std::string draft = path + ".new";
  RemoveFile(draft);
  RemoveFile(path);  // a WAL without its file
  {
    auto db = Database::Open(draft, Database::Mode::kCreate, Durability::kFull);
    if (!db.ok()) return db.status();
    if (absl::Status status = Fill(**db, plan, run); !status.ok()) {
      db->reset();
      RemoveFile(draft);
      return status;
    }
  }
  std::filesystem::rename(draft, path, error);
  if (error) return absl::InternalError(absl::StrFormat("%s: %s", path, error.message()));
  return Open(path, durability);
}

absl::StatusOr<std::unique_ptr<GenerationFile>> GenerationFile::Open(const std::string& path,
                                                                     Durability durability) {
  return OpenAs(path, Database::Mode::kReadWrite, durability);
}

absl::StatusOr<std::unique_ptr<GenerationFile>> GenerationFile::OpenReadOnly(
    const std::string& path) {
  return OpenAs(path, Database::Mode::kReadOnly, Durability::kFull);
}

absl::StatusOr<std::unique_ptr<GenerationFile>> GenerationFile::OpenAs(const std::string& path,
                                                                       Database::Mode mode,
                                                                       Durability durability) {
  auto db = OpenFile(path, mode, durability, GenerationFormat());
  if (!db.ok()) return db.status();
  auto plan = LoadPlan(**db);
  if (!plan.ok()) return plan.status();
  std::unique_ptr<GenerationFile> file(new GenerationFile(*std::move(db), *std::move(plan)));
  if (absl::Status status = file->LoadChannels(); !status.ok()) return status;
  return file;
}

absl::Status GenerationFile::LoadChannels() {
  auto select = db_->Prepare(
      "SELECT name, messages, records, rejected, empty, markers, expected, ended, "
      "starts, left_over FROM channel");
  if (!select.ok()) return select.status();
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    ChannelState state;
    state.name = select->TextCopy(0);
    state.messages = static_cast<uint64_t>(select->Integer(1));
    state.records = static_cast<uint64_t>(select->Integer(2));
    state.rejected = static_cast<uint64_t>(select->Integer(3));
    state.empty = static_cast<uint64_t>(select->Integer(4));
    state.markers = static_cast<uint64_t>(select->Integer(5));
    if (!select->IsNull(6)) state.expected = static_cast<uint64_t>(select->Integer(6));
    state.ended = select->Integer(7) != 0;
    state.starts = static_cast<uint64_t>(select->Integer(8));
    state.left_over = static_cast<uint64_t>(select->Integer(9));
    channels_[state.name] = Channel{state, state, nullptr};
  }
}

absl::Status GenerationFile::SaveChannels() {
  if (!save_channel_.valid()) {
    auto prepared = db_->Prepare(
        "UPDATE channel SET messages=?2, records=?3, rejected=?4, empty=?5, markers=?6, "
        "expected=?7, ended=?8, starts=?9, left_over=?10 WHERE name=?1");
    if (!prepared.ok()) return prepared.status();
    save_channel_ = *std::move(prepared);
  }
  for (const auto& [name, channel] : channels_) {
    const ChannelState& state = channel.state;
    if (state.messages == channel.committed.messages && state.ended == channel.committed.ended &&
        state.starts == channel.committed.starts &&
        state.left_over == channel.committed.left_over) {
      continue;
    }
    save_channel_.BindText(1, name);
    save_channel_.BindInteger(2, static_cast<int64_t>(state.messages));
    save_channel_.BindInteger(3, static_cast<int64_t>(state.records));
    save_channel_.BindInteger(4, static_cast<int64_t>(state.rejected));
    save_channel_.BindInteger(5, static_cast<int64_t>(state.empty));
    save_channel_.BindInteger(6, static_cast<int64_t>(state.markers));
    save_channel_.BindNull(7);
    if (state.expected) save_channel_.BindInteger(7, static_cast<int64_t>(*state.expected));
    save_channel_.BindInteger(8, state.ended ? 1 : 0);
    save_channel_.BindInteger(9, static_cast<int64_t>(state.starts));
    save_channel_.BindInteger(10, static_cast<int64_t>(state.left_over));
    if (absl::Status status = save_channel_.Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<GenerationFile::Channel*> GenerationFile::FindChannel(std::string_view name) {
  const PlanChannel* plan = plan_.FindChannel(name);
  const auto found = channels_.find(name);
  if (plan == nullptr || found == channels_.end() || plan->kind != PlanChannel::Kind::kSnapshot) {
    return absl::NotFoundError(
        absl::StrFormat("plan \"%s\" has no snapshot channel \"%s\"", plan_.name, name));
  }
  if (found->second.ingester == nullptr) {
    found->second.ingester = std::make_unique<Ingester>(plan_, *plan, *db_, dead_letters_);
  }
  return &found->second;
}

absl::Status GenerationFile::BeginBatch() { return db_->Begin(); }

absl::StatusOr<IngestResult> GenerationFile::Ingest(std::string_view channel,
                                                    std::string_view body) {
  if (!db_->InTransaction()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s: a message outside a batch", db_->path()));
  }
  auto found = FindChannel(channel);
  if (!found.ok()) return found.status();
  ChannelState& state = (*found)->state;
  auto result = (*found)->ingester->Ingest(body, state.ended);
  if (!result.ok()) return result;
  ++state.messages;
  state.records += result->records;
  state.rejected += result->rejected;
  state.empty += result->empty ? 1 : 0;
  state.markers += result->ended ? 1 : 0;
  if (result->expected) state.expected = result->expected;
  return result;
}

absl::Status GenerationFile::Commit() {
  absl::Status status = SaveChannels();
  if (status.ok()) status = db_->Commit();
  if (!status.ok()) return status;
  for (auto& [name, channel] : channels_) channel.committed = channel.state;
  return absl::OkStatus();
}

absl::Status GenerationFile::Rollback() {
  for (auto& [name, channel] : channels_) channel.state = channel.committed;
  db_->Rollback();
  return absl::OkStatus();
}

absl::Status GenerationFile::Change(std::string_view name,
                                    absl::FunctionRef<void(ChannelState&)> change) {
  auto found = FindChannel(name);
  if (!found.ok()) return found.status();
  const bool in_batch = db_->InTransaction();
  if (!in_batch) {
    if (absl::Status status = BeginBatch(); !status.ok()) return status;
  }
  change((*found)->state);
  if (in_batch) return absl::OkStatus();
  absl::Status status = Commit();
  if (!status.ok()) Rollback().IgnoreError();
  return status;
}

absl::Status GenerationFile::MarkEnded(std::string_view channel) {
  return Change(channel, [](ChannelState& state) { state.ended = true; });
}

absl::Status GenerationFile::NoteStart(std::string_view channel) {
  return Change(channel, [](ChannelState& state) { ++state.starts; });
}

absl::Status GenerationFile::NoteLeftOver(std::string_view channel, uint64_t messages) {
  return Change(channel, [messages](ChannelState& state) { state.left_over += messages; });
}

std::vector<ChannelState> GenerationFile::channels() const {
  std::vector<ChannelState> states;
  for (const PlanChannel& channel : plan_.channels) {
    const auto found = channels_.find(channel.name);
    if (found != channels_.end()) states.push_back(found->second.state);
  }
  return states;
}

absl::StatusOr<RunInfo> GenerationFile::ReadRun() {
  auto select = db_->Prepare(
      "SELECT stage, build_id, epoch, plan_hash, source, started_at_ms FROM run WHERE id = 1");
  if (!select.ok()) return select.status();
  auto row = select->Step();
  if (!row.ok()) return row.status();
  if (!*row) return absl::DataLossError(absl::StrFormat("%s: has no run", db_->path()));
  RunInfo run;
  bool is_known = false;
  for (const RunStage stage : kStages) {
    if (RunStageName(stage) == select->Text(0)) run.stage = stage, is_known = true;
  }
  if (!is_known) {
    return absl::DataLossError(
        absl::StrFormat("%s: unknown stage \"%s\"", db_->path(), select->Text(0)));
  }
  run.build_id = select->TextCopy(1);
  run.epoch = static_cast<uint64_t>(select->Integer(2));
  run.plan_hash = select->TextCopy(3);
  run.source = select->TextCopy(4);
  run.started_at_ms = select->Integer(5);
  const auto cursor = EventCursor();
  if (!cursor.ok()) return cursor.status();
  run.event_cursor = *cursor;
  return run;
}

absl::StatusOr<uint64_t> GenerationFile::EventCursor() {
  const auto cursor = db_->QueryInteger("SELECT position FROM event_cursor");
  if (!cursor.ok()) return cursor.status();
  return static_cast<uint64_t>(*cursor);
}

absl::Status GenerationFile::BeginSnapshot() {
  // Deferred: the moment is that of the first read.
  if (absl::Status s = db_->Execute("BEGIN"); !s.ok()) return s;
  return EventCursor().status();
}

absl::Status GenerationFile::EndSnapshot() { return db_->Execute("COMMIT"); }

absl::StatusOr<int64_t> GenerationFile::CountDelta(std::string_view family) {
  auto select = db_->Prepare("SELECT delta FROM document_count WHERE family = ?1");
  if (!select.ok()) return select.status();
  select->BindText(1, family);
  const auto row = select->Step();
  if (!row.ok()) return row.status();
  return *row ? select->Integer(0) : 0;
}

absl::Status GenerationFile::WriteLoaded(const std::map<std::string, int64_t>& documents) {
  auto update = db_->Prepare("UPDATE document_count SET base = ?2 WHERE family = ?1");
  if (!update.ok()) return update.status();
  for (const auto& [family, count] : documents) {
    update->BindText(1, family);
    update->BindInteger(2, count);
    if (absl::Status s = update->Run(); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status GenerationFile::NoteRefused(std::string_view family, std::string_view id) {
  auto insert = db_->Prepare("INSERT OR IGNORE INTO refused_document (family, id) VALUES (?1, ?2)");
  if (!insert.ok()) return insert.status();
  insert->BindText(1, family);
  insert->BindText(2, id);
  return insert->Run();
}

absl::Status GenerationFile::ForgetRefused() {
  return db_->Execute("DELETE FROM refused_document");
}

absl::Status GenerationFile::WriteRun(const RunInfo& run) { return InsertRun(*db_, run); }

absl::Status GenerationFile::Project(std::string_view family, DocumentSink sink) {
  const PlanFamily* found = plan_.FindFamily(family);
  if (found == nullptr) {
    return absl::NotFoundError(
        absl::StrFormat("plan \"%s\" has no family \"%s\"", plan_.name, family));
  }
  return ProjectFamily(*db_, *found, sink);
}

absl::StatusOr<uint64_t> GenerationFile::CountDocuments(std::string_view family) {
  const PlanFamily* found = plan_.FindFamily(family);
  if (found == nullptr) {
    return absl::NotFoundError(
        absl::StrFormat("plan \"%s\" has no family \"%s\"", plan_.name, family));
  }
  return CountFamily(*db_, *found);
}

absl::StatusOr<uint64_t> GenerationFile::CountEntities(std::string_view entity) {
  if (plan_.FindEntity(entity) == nullptr) {
    return absl::NotFoundError(
        absl::StrFormat("plan \"%s\" has no entity \"%s\"", plan_.name, entity));
  }
  auto count = db_->QueryInteger(absl::StrCat("SELECT count(*) FROM ", QuoteName(entity)));
  if (!count.ok()) return count.status();
  return static_cast<uint64_t>(*count);
}

absl::Status CheckViews(const Plan& plan) {
  auto db = Database::Open(":memory:", Database::Mode::kCreate, Durability::kOff);
  if (!db.ok()) return db.status();
  if (absl::Status s = CreateSchema(**db, plan); !s.ok()) return s;
  return CheckHydrate(plan);
}

}  // namespace syncd
