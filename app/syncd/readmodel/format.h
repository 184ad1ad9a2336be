// The version of syncd's own SQLite files: which ones this program reads, and how an older one
// becomes one of today.
#ifndef SYNCD_READMODEL_FORMAT_H_
#define SYNCD_READMODEL_FORMAT_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "syncd/readmodel/database.h"

namespace syncd {

// Brings a file from one version to the next, within a transaction.
using FormatStep = absl::Status (*)(Database& db);

// One kind of file. Its version stands in the file as `user_version`.
struct FileFormat {
  std::string what;               // for people: `generation file`
  std::vector<FormatStep> steps;  // the first makes a file of version 1 one of version 2, and so on

  // The version that this program writes, and the highest that it reads.
  int current() const { return 1 + static_cast<int>(steps.size()); }
};

// Opens a file of `format`. One of an older version is brought up to the current one, all or
// nothing. kCreate: a file that is not there, or is empty, is handed out empty, at version 0, for
// its owner to fill.
//
// Errors: those of Database; kUnimplemented if a newer syncd wrote it, kDataLoss if it is something
// else, kFailedPrecondition if it is older and `mode` does not allow to change it. The file is as
// it was then.
absl::StatusOr<std::unique_ptr<Database>> OpenFile(const std::string& path, Database::Mode mode,
                                                   Durability durability, const FileFormat& format);

// Writes the current version into a file that has just been filled. Within its transaction.
absl::Status WriteVersion(Database& db, const FileFormat& format);

}  // namespace syncd

#endif  // SYNCD_READMODEL_FORMAT_H_
