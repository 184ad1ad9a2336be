#include "indexswap/sqlite/sqlite_inspector.h"

#include <absl/strings/str_format.h>
#include <unistd.h>

#include <filesystem>

namespace indexswap {
namespace {

namespace fs = std::filesystem;

// The write-ahead log is made and removed beside the file.
fs::path FolderOf(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

}  // namespace

absl::StatusOr<std::vector<BlockFacts>> SqliteInspector::Blocks(const std::vector<std::string>&) {
  std::vector<BlockFacts> blocks;
  if (access(path_.c_str(), W_OK) != 0 || access(FolderOf(path_).c_str(), W_OK) != 0) {
    blocks.push_back({"", "read_only"});
  }
  return blocks;
}

absl::StatusOr<std::vector<DiskFacts>> SqliteInspector::Disks() {
  std::error_code error;
  const fs::space_info space = fs::space(FolderOf(path_), error);
  if (error) {
    return absl::UnavailableError(
        absl::StrFormat("the disk of %s can't be read: %s", path_, error.message()));
  }
  return std::vector<DiskFacts>{
      {path_, space.capacity, space.available, space.available, space.available}};
}

}  // namespace indexswap
