// The tables and views of a generation file.
#ifndef SYNCD_READMODEL_SCHEMA_H_
#define SYNCD_READMODEL_SCHEMA_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/database.h"
#include "syncd/readmodel/field_values.h"
#include "syncd/readmodel/format.h"

namespace syncd {

// The version of the tables below. Whoever changes them adds a step.
const FileFormat& GenerationFormat();

// Creates syncd's own tables, a table for each entity of `plan`, and the plan's views, and keeps a
// copy of the plan. The plan's SQL may create views and indexes, nothing else. kInvalidArgument
// names file and statement, or family and column, when the SQL does not fit the plan.
absl::Status CreateSchema(Database& db, const Plan& plan);

// The plan that the file has a copy of.
absl::StatusOr<Plan> LoadPlan(Database& db);

// The column behind an ordered entity's fields: the order that decides which record is newer.
inline constexpr char kOrderColumn[] = "order_value";

// Who writes a record.
enum class Upsert {
  kSnapshot,   // replaces an older record, but nothing that a live event has deleted, or has set
               // and that is not older by the entity's own order
  kStraggler,  // the same, and leaves any record that is there
  kEvent,      // replaces an older record
};

// The statement that writes one record. Parameters are the fields in their order, and then, if the
// entity has an order, that.
std::string UpsertSql(const PlanEntity& entity, Upsert by);

// Binds a parameter to a cell, whose text must stay as it is until the statement has run.
void BindCell(Statement& statement, int parameter, const Cell& cell);

}  // namespace syncd

#endif  // SYNCD_READMODEL_SCHEMA_H_
