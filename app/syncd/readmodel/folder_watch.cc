#include "syncd/readmodel/folder_watch.h"

#include <absl/strings/str_format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "syncd/readmodel/journal.h"

namespace syncd {

FolderWatch::FolderWatch(const std::string& state_dir) {
  const std::filesystem::path folder(state_dir);
  for (const auto& path : {folder, folder / "lock", folder / kJournalFile}) {
    struct stat found = {};
    Entry entry{path.string()};
    if (stat(entry.path.c_str(), &found) == 0) {
      entry.device = found.st_dev;
      entry.inode = found.st_ino;
    }
    entries_.push_back(std::move(entry));
  }
}

absl::Status FolderWatch::Check() const {
  for (const Entry& entry : entries_) {
    struct stat now = {};
    const bool is_there = stat(entry.path.c_str(), &now) == 0;
    if (is_there && now.st_dev == entry.device && now.st_ino == entry.inode) continue;
    return absl::DataLossError(absl::StrFormat(
        "%s %s while this process was using it: nothing is acknowledged any more. Started anew, it "
        "reads the live index back",
        entry.path, is_there ? "was replaced" : std::string("is gone (") + strerror(errno) + ")"));
  }
  return absl::OkStatus();
}

}  // namespace syncd
