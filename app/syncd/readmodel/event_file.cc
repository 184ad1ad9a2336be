#include "syncd/readmodel/event_file.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <set>

#include "syncd/readmodel/schema.h"

namespace syncd {
namespace {

absl::Status PrepareInto(Database& db, const std::string& sql, Statement& statement) {
  auto prepared = db.Prepare(sql);
  if (!prepared.ok()) return prepared.status();
  statement = *std::move(prepared);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<EventFile>> EventFile::Open(const std::string& path) {
  auto db = OpenFile(path, Database::Mode::kReadWrite, Durability::kFull, GenerationFormat());
  if (!db.ok()) return db.status();
  auto plan = LoadPlan(**db);
  if (!plan.ok()) return plan.status();
  std::unique_ptr<EventFile> file(new EventFile(*std::move(db), *std::move(plan)));
  if (absl::Status s = file->Prepare(); !s.ok()) return s;
  return file;
}

absl::Status EventFile::Prepare() {
  const auto cursor = db_->QueryInteger("SELECT position FROM event_cursor");
  if (!cursor.ok()) return cursor.status();
  cursor_ = static_cast<uint64_t>(*cursor);
  auto build = db_->Prepare("SELECT build_id FROM run");
  if (!build.ok()) return build.status();
  const auto row = build->Step();
  if (!row.ok()) return row.status();
  if (*row) late_ = LateChannel(build->TextCopy(0), "");
  build->Reset();
  const std::pair<Statement*, const char*> statements[] = {
      {&move_cursor_, "INSERT OR REPLACE INTO event_cursor (id, position) VALUES (1, ?1)"},
      {&queue_,
       "INSERT INTO outbox (join_key, first_position, position) VALUES (?1, ?2, ?2) "
       "ON CONFLICT DO UPDATE SET position = excluded.position"},
      {&keep_former_,
       "INSERT OR IGNORE INTO former_id (join_key, family, id, position) VALUES (?1, ?2, ?3, ?4)"},
      // A later one came with an event that is not answered for either: the index may not have it.
      {&former_,
       "SELECT family, id, position <= (SELECT first_position FROM outbox WHERE join_key = ?1) "
       "FROM former_id WHERE join_key = ?1"},
      {&count_, "UPDATE document_count SET delta = delta + ?2 WHERE family = ?1"},
      {&is_refused_, "SELECT 1 FROM refused_document WHERE family = ?1 AND id = ?2"},
      {&add_refused_, "INSERT OR IGNORE INTO refused_document (family, id) VALUES (?1, ?2)"},
      {&drop_refused_, "DELETE FROM refused_document WHERE family = ?1 AND id = ?2"},
  };
  for (const auto& [statement, sql] : statements) {
    if (absl::Status s = PrepareInto(*db_, sql, *statement); !s.ok()) return s;
  }
  for (const PlanFamily& family : plan_.families) {
    auto projector = KeyProjector::Create(*db_, family);
    if (!projector.ok()) return projector.status();
    projectors_.push_back(*std::move(projector));
  }
  return absl::OkStatus();
}

absl::StatusOr<EventReader*> EventFile::ReaderOf(const LoggedEvent& event) {
  std::unique_ptr<EventReader>& reader = readers_[event.channel];
  if (reader == nullptr) {
    const bool late = event.channel.starts_with('@');
    const auto kind = late ? PlanChannel::Kind::kSnapshot : PlanChannel::Kind::kEvents;
    const PlanChannel* found =
        plan_.FindChannel(late ? event.channel.substr(late_.size()) : event.channel);
    if (found == nullptr || found->kind != kind) {
      return absl::FailedPreconditionError(
          absl::StrFormat("%s: its plan has no channel \"%s\"", db_->path(), event.channel));
    }
    reader = std::make_unique<EventReader>(plan_, *found);
  }
  return reader.get();
}

absl::StatusOr<EventFile::Writer*> EventFile::WriterOf(const PlanEntity& entity) {
  Writer& writer = writers_[entity.name];
  if (writer.entity != nullptr) return &writer;
  const std::string table = QuoteName(entity.name);
  const std::string key = QuoteName(entity.key);
  absl::Status s = PrepareInto(*db_, UpsertSql(entity, Upsert::kEvent), writer.upsert);
  if (s.ok()) s = PrepareInto(*db_, UpsertSql(entity, Upsert::kStraggler), writer.add);
  if (s.ok()) {
    s = PrepareInto(*db_, absl::StrFormat("DELETE FROM %s WHERE %s = ?1", table, key),
                    writer.remove);
  }
  if (s.ok()) {
    s = PrepareInto(
        *db_,
        absl::StrFormat("SELECT %s FROM %s WHERE %s = ?1", QuoteName(entity.join), table, key),
        writer.join);
  }
  if (s.ok()) {
    s = PrepareInto(*db_,
                    absl::StrFormat("INSERT OR IGNORE INTO set_by_event (entity, key) "
                                    "VALUES ('%s', ?1)",
                                    entity.name),
                    writer.mark);
  }
  if (!s.ok()) return s;
  writer.entity = &entity;
  return &writer;
}

absl::Status EventFile::Apply(const std::vector<LoggedEvent>& events, uint64_t cursor) {
  if (absl::Status s = db_->Begin(); !s.ok()) return s;
  // Before the load everything will be loaded, so nothing need be queued.
  const auto receiving = db_->QueryInteger("SELECT stage = 'receiving' FROM run");
  absl::Status s = receiving.status();
  for (const LoggedEvent& event : events) {
    if (!s.ok()) break;
    s = ApplyOne(event, *receiving == 0);
  }
  if (s.ok()) {
    move_cursor_.BindInteger(1, static_cast<int64_t>(cursor));
    s = move_cursor_.Run();
  }
  if (s.ok()) s = db_->Commit();
  if (!s.ok()) {
    db_->Rollback();
    return s;
  }
  cursor_ = cursor;
  return absl::OkStatus();
}

absl::Status EventFile::ApplyOne(const LoggedEvent& event, bool queues) {
  // Of another build.
  if (event.channel.starts_with('@') && !event.channel.starts_with(late_)) return absl::OkStatus();
  const auto reader = ReaderOf(event);
  if (!reader.ok()) return CountLeftOut(event, reader.status());
  absl::Status failure;  // of the database, not of the event
  const absl::Status read =
      (*reader)->Read(event.body, EventStamp(), [&](const EventChange& change) {
        if (event.stale.contains(change.row.entity->name)) return absl::OkStatus();
        failure = Change(change, event, queues);
        return failure;
      });
  if (!failure.ok()) return failure;
  if (absl::IsInvalidArgument(read)) {
    return CountLeftOut(event,
                        absl::FailedPreconditionError(absl::StrFormat(
                            "%s: its plan can't read the event %d of channel %s: %s", db_->path(),
                            event.position, event.channel, std::string(read.message()))));
  }
  return read;
}

// The join keys whose documents change with the row: the one that it leaves, and the one that it
// comes to.
absl::StatusOr<std::set<std::string>> EventFile::JoinKeys(Writer& writer, const EntityRow& row) {
  std::set<std::string> keys;
  BindCell(writer.join, 1, row.key_cell());
  const auto there = writer.join.Step();
  if (there.ok() && *there) keys.insert(writer.join.TextCopy(0));
  writer.join.Reset();
  if (!there.ok()) return there.status();
  for (size_t i = 0; i < row.cells.size() && row.change == EntityRow::Change::kAssign; ++i) {
    const Cell& cell = row.cells[i];
    if (row.entity->fields[i].name != row.entity->join || cell.kind == Cell::Kind::kNull) continue;
    keys.insert(cell.kind == Cell::Kind::kInteger ? absl::StrCat(cell.integer) : cell.text);
  }
  keys.erase("");
  return keys;
}

absl::Status EventFile::Change(const EventChange& change, const LoggedEvent& event, bool queues) {
  const bool late = event.channel.starts_with('@');
  const auto found = WriterOf(*change.row.entity);
  if (!found.ok()) return found.status();
  Writer& writer = **found;
  std::set<std::string> keys;
  if (queues) {
    auto touched = JoinKeys(writer, change.row);
    if (!touched.ok()) return touched.status();
    keys = *std::move(touched);
  }
  // Both as they are before: what is among these documents and not projected any more has to go.
  for (const std::string& key : keys) {
    if (absl::Status s = Queue(key, event.position); !s.ok()) return s;
  }
  if (absl::Status s = Write(writer, change.row, late); !s.ok()) return s;
  for (const std::string& key : keys) {
    if (absl::Status s = Count(key, 1); !s.ok()) return s;
  }
  if (late) return absl::OkStatus();
  BindCell(writer.mark, 1, change.row.key_cell());
  return writer.mark.Run();
}

absl::Status EventFile::Write(Writer& writer, const EntityRow& row, bool late) {
  if (row.change == EntityRow::Change::kDelete) {
    BindCell(writer.remove, 1, row.key_cell());
    return writer.remove.Run();
  }
  Statement& statement = late ? writer.add : writer.upsert;
  int parameter = 0;
  for (const Cell& cell : row.cells) BindCell(statement, ++parameter, cell);
  if (!row.entity->order.empty()) BindCell(statement, ++parameter, row.order);
  return statement.Run();
}

// Notes the documents that a join key has now.
absl::Status EventFile::KeepFormers(const std::string& join_key, uint64_t position) {
  for (KeyProjector& projector : projectors_) {
    std::vector<std::string> ids;
    absl::Status s = projector.Ids(join_key, [&](std::string_view id) { ids.emplace_back(id); });
    for (const std::string& id : ids) {
      if (!s.ok()) break;
      keep_former_.BindText(1, join_key);
      keep_former_.BindText(2, projector.family().name);
      keep_former_.BindText(3, id);
      keep_former_.BindInteger(4, static_cast<int64_t>(position));
      s = keep_former_.Run();
    }
    if (!s.ok()) return s;
  }
  return absl::OkStatus();
}

// Queues a join key, with the documents that it has now, which leave the count.
absl::Status EventFile::Queue(const std::string& join_key, uint64_t position) {
  if (absl::Status s = KeepFormers(join_key, position); !s.ok()) return s;
  queue_.BindText(1, join_key);
  queue_.BindInteger(2, static_cast<int64_t>(position));
  if (absl::Status s = queue_.Run(); !s.ok()) return s;
  return Count(join_key, -1);
}

// Adds the documents that a join key has now to the count, or takes them from it.
absl::Status EventFile::Count(const std::string& join_key, int sign) {
  for (KeyProjector& projector : projectors_) {
    int64_t documents = 0;
    absl::Status s = projector.Ids(join_key, [&](std::string_view) { ++documents; });
    if (s.ok() && documents != 0) {
      count_.BindText(1, projector.family().name);
      count_.BindInteger(2, sign * documents);
      s = count_.Run();
    }
    if (!s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> EventFile::Answered() {
  const auto first = db_->QueryInteger("SELECT coalesce(min(first_position), 0) FROM outbox");
  if (!first.ok()) return first.status();
  return *first == 0 ? cursor_ : static_cast<uint64_t>(*first) - 1;
}

absl::StatusOr<uint64_t> EventFile::Waiting() {
  const auto count = db_->QueryInteger("SELECT count(*) FROM outbox");
  if (!count.ok()) return count.status();
  return static_cast<uint64_t>(*count);
}

absl::Status EventFile::Requeue(std::string_view family, std::string_view id) {
  const PlanFamily* found = plan_.FindFamily(family);
  if (found == nullptr) {
    return absl::NotFoundError(absl::StrFormat("there is no family %s", family));
  }
  auto select =
      db_->Prepare(absl::StrCat("SELECT join_key FROM ", QuoteName(found->view), " WHERE id = ?1"));
  if (!select.ok()) return select.status();
  select->BindText(1, id);
  const auto row = select->Step();
  if (!row.ok()) return row.status();
  if (!*row) {
    return absl::NotFoundError(
        absl::StrFormat("family %s has no document of this id any more", family));
  }
  const std::string join_key = select->TextCopy(0);
  select->Reset();
  const uint64_t position = std::max<uint64_t>(cursor_, 1);
  if (absl::Status s = KeepFormers(join_key, position); !s.ok()) return s;
  queue_.BindText(1, join_key);
  queue_.BindInteger(2, static_cast<int64_t>(position));
  return queue_.Run();
}

absl::StatusOr<std::map<std::string, uint64_t>> EventFile::ExpectedDocuments() {
  auto select = db_->Prepare(
      "SELECT family, base + delta - (SELECT count(*) FROM refused_document AS r "
      "WHERE r.family = c.family) FROM document_count AS c");
  if (!select.ok()) return select.status();
  std::map<std::string, uint64_t> counts;
  for (;;) {
    const auto row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return counts;
    counts[select->TextCopy(0)] = static_cast<uint64_t>(std::max<int64_t>(select->Integer(1), 0));
  }
}

}  // namespace syncd
