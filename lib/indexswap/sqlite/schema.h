// The tables of a store's file, and how a file becomes a store.
#ifndef INDEXSWAP_SQLITE_SCHEMA_H_
#define INDEXSWAP_SQLITE_SCHEMA_H_

#include <absl/status/status.h>

#include <string>
#include <string_view>
#include <vector>

#include "indexswap/sqlite/connection.h"

namespace indexswap {

// Brings a store's file from one version to the next, within a transaction.
using SchemaStep = absl::Status (*)(Connection& connection);

// The steps from version 1 to today's. Whoever changes the tables adds one.
const std::vector<SchemaStep>& SchemaSteps();

// Makes an empty file a store, and brings one of an older version up to today's by `steps`, all or
// nothing. kFailedPrecondition when the file holds something else, kUnimplemented when a newer
// program wrote it; it is as it was then.
absl::Status PrepareSchema(Connection& connection, const std::string& path,
                           const std::vector<SchemaStep>& steps = SchemaSteps());

// Whether `name` is one of the tables that belong to the store itself, or to SQLite.
bool IsReservedName(std::string_view name);

}  // namespace indexswap

#endif  // INDEXSWAP_SQLITE_SCHEMA_H_
