#include "syncd/readmodel/format.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <filesystem>
#include <utility>

namespace syncd {
namespace {

// The file's version; 0: it is empty.
absl::StatusOr<int64_t> VersionOf(Database& db, const FileFormat& format) {
  // The tables first: another process may fill the file between these, which it does at once.
  const auto tables = db.QueryInteger("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables;
  auto version = db.QueryInteger("PRAGMA user_version");
  if (!version.ok()) return version;
  if (*version > format.current()) {
    return absl::UnimplementedError(
        absl::StrFormat("%s: a newer syncd wrote this %s: it has format %d, and this syncd reads "
                        "up to %d. Use that syncd again; nothing was changed",
                        db.path(), format.what, *version, format.current()));
  }
  if (*version > 0) return version;
  if (*version < 0 || *tables > 0) {
    return absl::DataLossError(absl::StrFormat("%s: no %s of syncd", db.path(), format.what));
  }
  return version;
}

// Within a transaction: another process may have been first.
absl::Status Upgrade(Database& db, const FileFormat& format) {
  auto version = VersionOf(db, format);
  if (!version.ok()) return version.status();
  for (; *version < format.current(); ++*version) {
    const absl::Status s = format.steps[static_cast<size_t>(*version - 1)](db);
    if (s.ok()) continue;
    return absl::Status(
        s.code(),
        absl::StrFormat("%s: this %s of format %d can't be made one of format %d: %s", db.path(),
                        format.what, *version, *version + 1, std::string(s.message())));
  }
  return WriteVersion(db, format);
}

// Looks without changing anything, not even how the file is written.
absl::Status CheckUnchanged(const std::string& path, const FileFormat& format) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return absl::OkStatus();
  auto db = Database::Open(path, Database::Mode::kReadOnly, Durability::kFull);
  return db.ok() ? VersionOf(**db, format).status() : db.status();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> OpenFile(const std::string& path, Database::Mode mode,
                                                   Durability durability,
                                                   const FileFormat& format) {
  if (mode != Database::Mode::kReadOnly) {
    if (absl::Status s = CheckUnchanged(path, format); !s.ok()) return s;
  }
  auto db = Database::Open(path, mode, durability);
  if (!db.ok()) return db;
  const auto version = VersionOf(**db, format);
  if (!version.ok()) return version.status();
  if (*version == format.current()) return db;
  if (*version == 0) {
    if (mode == Database::Mode::kCreate) return db;
    return absl::DataLossError(absl::StrFormat("%s: no %s of syncd", path, format.what));
  }
  if (mode == Database::Mode::kReadOnly) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s: this %s has the older format %d; `syncd serve`, or a command that "
                        "writes, makes it one of format %d first",
                        path, format.what, *version, format.current()));
  }
  absl::Status s = (*db)->Begin();
  if (s.ok()) s = Upgrade(**db, format);
  if (s.ok()) s = (*db)->Commit();
  if (!s.ok()) {
    (*db)->Rollback();
    return s;
  }
  return db;
}

absl::Status WriteVersion(Database& db, const FileFormat& format) {
  return db.Execute(absl::StrCat("PRAGMA user_version=", format.current()));
}

}  // namespace syncd
