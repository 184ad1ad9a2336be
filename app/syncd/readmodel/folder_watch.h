// Notices that the state folder is not the one any more that was opened.
#ifndef SYNCD_READMODEL_FOLDER_WATCH_H_
#define SYNCD_READMODEL_FOLDER_WATCH_H_

#include <absl/status/status.h>

#include <string>
#include <vector>

namespace syncd {

// An open file outlives its name: SQLite would go on writing into a file that nobody finds again.
// This compares what the names stand for now with what they stood for when it was made, at the cost
// of a few calls of stat. Thread-safe.
class FolderWatch {
 public:
  // Begins with the folder as it is: opened, its lock held, its journal there.
  explicit FolderWatch(const std::string& state_dir);

  // kDataLoss names what was removed or replaced.
  absl::Status Check() const;

 private:
  struct Entry {
    std::string path;
    unsigned long device = 0;
    unsigned long inode = 0;  // 0: it was not there
  };

  std::vector<Entry> entries_;
};

}  // namespace syncd

#endif  // SYNCD_READMODEL_FOLDER_WATCH_H_
