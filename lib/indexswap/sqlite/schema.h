// The tables of a store's file, and how a file becomes a store.
#ifndef INDEXSWAP_SQLITE_SCHEMA_H_
#define INDEXSWAP_SQLITE_SCHEMA_H_

#include <absl/status/status.h>

#include <string>
#include <string_view>

#include "indexswap/sqlite/connection.h"

namespace indexswap {

// Makes an empty file a store; leaves a store as it is. kFailedPrecondition when the file holds
// something else, or is from a newer version.
absl::Status PrepareSchema(Connection& connection, const std::string& path);

// Whether `name` is one of the tables that belong to the store itself, or to SQLite.
bool IsReservedName(std::string_view name);

}  // namespace indexswap

#endif  // INDEXSWAP_SQLITE_SCHEMA_H_
