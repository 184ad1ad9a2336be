#include "syncd/readmodel/schema.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <sqlite3.h>

#include <map>
#include <vector>

#include "syncd/plan/plan_reader.h"
#include "syncd/readmodel/dead_letters.h"
#include "syncd/readmodel/sql_file.h"

namespace syncd {
namespace {

constexpr char kOwnTables[] = R"sql(
CREATE TABLE plan_file (name TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE channel (
  name TEXT PRIMARY KEY,
  messages INTEGER NOT NULL DEFAULT 0,  -- bodies received
  records INTEGER NOT NULL DEFAULT 0,   -- items in them, rejected ones too
  rejected INTEGER NOT NULL DEFAULT 0,  -- records that could be no entity
  empty INTEGER NOT NULL DEFAULT 0,     -- messages that assign nothing and end nothing
  markers INTEGER NOT NULL DEFAULT 0,   -- end markers
  expected INTEGER,                     -- what the last marker said of the number of records
  ended INTEGER NOT NULL DEFAULT 0,
  starts INTEGER NOT NULL DEFAULT 0,    -- start messages sent
  left_over INTEGER NOT NULL DEFAULT 0  -- messages from before the start, not part of the run
  ) WITHOUT ROWID;
CREATE TABLE run (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  stage TEXT NOT NULL,
  build_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  plan_hash TEXT NOT NULL,
  source TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL);      -- since 1970, UTC
CREATE TABLE event_cursor (             -- the last position of the journal that is in here
  id INTEGER PRIMARY KEY CHECK (id = 1),
  position INTEGER NOT NULL);
CREATE TABLE outbox (                   -- documents that the index has not answered for
  join_key TEXT PRIMARY KEY,
  first_position INTEGER NOT NULL,      -- the earliest change of it that is not answered for
  position INTEGER NOT NULL             -- the latest
  ) WITHOUT ROWID;
CREATE TABLE former_id (                -- documents that it had before, which may have to go
  join_key TEXT NOT NULL,
  family TEXT NOT NULL,
  id TEXT NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (join_key, family, id)) WITHOUT ROWID;
CREATE TABLE document_count (           -- documents that the index has to have: base + delta
  family TEXT PRIMARY KEY,
  base INTEGER NOT NULL DEFAULT 0,      -- as loaded, less the delta of that moment
  delta INTEGER NOT NULL DEFAULT 0      -- by live events since the load began
  ) WITHOUT ROWID;
CREATE TABLE refused_document (         -- those among them that the index refused, and has not
  family TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (family, id)) WITHOUT ROWID;
CREATE TABLE set_by_event (             -- entities, deleted ones too, that no snapshot may set
  entity TEXT NOT NULL,
  key NOT NULL,
  PRIMARY KEY (entity, key)) WITHOUT ROWID;
)sql";

std::string_view SqlType(FieldType type) {
  return type == FieldType::kInteger || type == FieldType::kBoolean ? "INTEGER" : "TEXT";
}

// An integer key is the row's own number. Under a text key the rows stand in its order, so that a
// join by it reads neighbours one after another.
std::string EntitySql(const PlanEntity& entity) {
  std::vector<std::string> columns;
  for (const PlanField& field : entity.fields) {
    columns.push_back(absl::StrCat(QuoteName(field.name), " ", std::string(SqlType(field.type)),
                                   field.name == entity.key ? " PRIMARY KEY NOT NULL" : ""));
  }
  if (!entity.order.empty()) columns.push_back(kOrderColumn);
  const bool by_number = entity.FindField(entity.key)->type == FieldType::kInteger;
  std::string sql =
      absl::StrFormat("CREATE TABLE %s (%s)%s;", QuoteName(entity.name),
                      absl::StrJoin(columns, ", "), by_number ? "" : " WITHOUT ROWID");
  if (entity.join != entity.key) {
    absl::StrAppend(&sql, "CREATE INDEX ", QuoteName(entity.name + "_join"), " ON ",
                    QuoteName(entity.name), " (", QuoteName(entity.join), ");");
  }
  return sql;
}

// What the plan's SQL may do while its files are run: define views and indexes, and read.
int AllowDefinitions(void*, int action, const char* table, const char*, const char*, const char*) {
  switch (action) {
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_INDEX:
    case SQLITE_REINDEX:
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
      return table != nullptr && std::string_view(table) == "sqlite_master" ? SQLITE_OK
                                                                            : SQLITE_DENY;
    default:
      return SQLITE_DENY;
  }
}

// Whether the view of `family` gives what a projection needs.
absl::Status CheckFamily(Database& db, const PlanFamily& family) {
  auto statement = db.Prepare(absl::StrCat("SELECT * FROM ", QuoteName(family.view)));
  if (!statement.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat("family \"%s\": view \"%s\": %s", family.name,
                                                      family.view,
                                                      std::string(statement.status().message())));
  }
  if (statement->columns() < 2 || statement->ColumnName(0) != "join_key" ||
      statement->ColumnName(1) != "id") {
    return absl::InvalidArgumentError(absl::StrFormat(
        "family \"%s\": view \"%s\": expected join_key and id as the first two columns",
        family.name, family.view));
  }
  for (int i = 2; i < statement->columns(); ++i) {
    const std::string column(statement->ColumnName(i));
    if (family.types.contains(column)) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("family \"%s\": view \"%s\": column \"%s\" is not in %s; expected a field "
                        "of the mapping",
                        family.name, family.view, column, family.mapping_file));
  }
  return absl::OkStatus();
}

absl::Status KeepPlan(Database& db, const Plan& plan) {
  auto insert = db.Prepare("INSERT INTO plan_file (name, content) VALUES (?1, ?2)");
  if (!insert.ok()) return insert.status();
  for (const auto& [name, text] : plan.files) {
    insert->BindText(1, name);
    insert->BindText(2, text);
    if (absl::Status status = insert->Run(); !status.ok()) return status;
  }
  auto channel = db.Prepare("INSERT INTO channel (name) VALUES (?1)");
  if (!channel.ok()) return channel.status();
  for (const PlanChannel& one : plan.channels) {
    channel->BindText(1, one.name);
    if (absl::Status status = channel->Run(); !status.ok()) return status;
  }
  auto count = db.Prepare("INSERT INTO document_count (family) VALUES (?1)");
  if (!count.ok()) return count.status();
  for (const PlanFamily& family : plan.families) {
    count->BindText(1, family.name);
    if (absl::Status status = count->Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

const FileFormat& GenerationFormat() {
  static const auto& format = *new FileFormat{"generation file", {}};
  return format;
}

absl::Status CreateSchema(Database& db, const Plan& plan) {
  if (absl::Status status = db.Execute(kOwnTables); !status.ok()) return status;
  if (absl::Status status = db.Execute(kDeadLetterTable); !status.ok()) return status;
  if (absl::Status status = KeepPlan(db, plan); !status.ok()) return status;
  for (const PlanEntity& entity : plan.entities) {
    if (absl::Status status = db.Execute(EntitySql(entity)); !status.ok()) return status;
  }
  for (const std::string& name : plan.views) {
    absl::Status status = RunSqlFile(db, name, plan.files.at(name), AllowDefinitions, nullptr,
                                     "CREATE VIEW or CREATE INDEX over the plan's entities");
    if (!status.ok()) return status;
  }
  for (const PlanFamily& family : plan.families) {
    if (absl::Status status = CheckFamily(db, family); !status.ok()) return status;
  }
  return WriteVersion(db, GenerationFormat());
}

absl::StatusOr<Plan> LoadPlan(Database& db) {
  auto select = db.Prepare("SELECT name, content FROM plan_file");
  if (!select.ok()) return select.status();
  std::map<std::string, std::string> files;
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    files[select->TextCopy(0)] = select->TextCopy(1);
  }
  auto plan = PlanFromFiles(files);
  if (plan.ok()) return plan;
  return absl::Status(plan.status().code(),
                      absl::StrFormat("%s: its own plan can't be read by this syncd: %s", db.path(),
                                      std::string(plan.status().message())));
}

std::string UpsertSql(const PlanEntity& entity, Upsert by) {
  std::vector<std::string> columns;
  std::vector<std::string> parameters;
  std::vector<std::string> updates;
  std::string key;
  for (size_t i = 0; i < entity.fields.size(); ++i) {
    const std::string column = QuoteName(entity.fields[i].name);
    columns.push_back(column);
    parameters.push_back(absl::StrCat("?", i + 1));
    if (entity.fields[i].name == entity.key) {
      key = parameters.back();
    } else {
      updates.push_back(absl::StrCat(column, "=excluded.", column));
    }
  }
  if (!entity.order.empty()) {
    columns.push_back(kOrderColumn);
    parameters.push_back(absl::StrCat("?", columns.size()));
    updates.push_back(absl::StrFormat("%s=excluded.%s", kOrderColumn, kOrderColumn));
  }
  // What an event has set is newer than any snapshot that may have been read before it, unless the
  // record itself says otherwise.
  std::string unless = absl::StrFormat(
      "NOT EXISTS (SELECT 1 FROM set_by_event WHERE entity='%s' AND key=%s)", entity.name, key);
  if (!entity.order.empty()) {
    absl::StrAppendFormat(&unless, " OR EXISTS (SELECT 1 FROM %s WHERE %s=%s AND %s<%s)",
                          QuoteName(entity.name), QuoteName(entity.key), key, kOrderColumn,
                          parameters.back());
  }
  std::string sql =
      absl::StrFormat("INSERT INTO %s (%s) SELECT %s WHERE %s ON CONFLICT DO ",
                      QuoteName(entity.name), absl::StrJoin(columns, ", "),
                      absl::StrJoin(parameters, ", "), by == Upsert::kEvent ? "true" : unless);
  if (by == Upsert::kStraggler || updates.empty()) return sql + "NOTHING";
  absl::StrAppend(&sql, "UPDATE SET ", absl::StrJoin(updates, ", "));
  if (!entity.order.empty()) {
    const std::string kept = absl::StrCat(QuoteName(entity.name), ".", kOrderColumn);
    absl::StrAppendFormat(&sql, " WHERE %s IS NULL OR excluded.%s >= %s", kept, kOrderColumn, kept);
  }
  return sql;
}

void BindCell(Statement& statement, int parameter, const Cell& cell) {
  switch (cell.kind) {
    case Cell::Kind::kNull:
      return statement.BindNull(parameter);
    case Cell::Kind::kInteger:
      return statement.BindInteger(parameter, cell.integer);
    case Cell::Kind::kText:
      return statement.BindText(parameter, cell.text);
  }
}

}  // namespace syncd
