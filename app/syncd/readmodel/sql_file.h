// Runs a plan's SQL, allowing it no more than it is for.
#ifndef SYNCD_READMODEL_SQL_FILE_H_
#define SYNCD_READMODEL_SQL_FILE_H_

#include <absl/status/status.h>

#include <string>

#include "syncd/readmodel/database.h"

namespace syncd {

// Decides, as sqlite3_set_authorizer describes: SQLITE_OK or SQLITE_DENY.
using SqlAuthorizer = int (*)(void* context, int action, const char* first, const char* second,
                              const char* database, const char* source);

// Runs the statements of `text` one by one, each as far as `allow` lets it. kInvalidArgument names
// file, line and statement, and says that `expected` was: `views.sql:7: in the statement "…`.
absl::Status RunSqlFile(Database& db, const std::string& name, const std::string& text,
                        SqlAuthorizer allow, void* context, const std::string& expected);

}  // namespace syncd

#endif  // SYNCD_READMODEL_SQL_FILE_H_
