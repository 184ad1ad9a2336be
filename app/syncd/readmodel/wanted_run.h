// A sync that was asked for and has not ended: so that it is not forgotten if the process dies.
#ifndef SYNCD_READMODEL_WANTED_RUN_H_
#define SYNCD_READMODEL_WANTED_RUN_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "syncd/readmodel/database.h"

namespace syncd {

// What was asked for.
struct WantedRun {
  uint64_t run = 0;                    // its number, as it was told
  std::optional<uint64_t> promote;     // only promote this generation
  std::vector<std::string> overrides;  // names of gates to let through
};

// Keeps at most one, in `journal.db`; every change is on the disk when its call returns.
// Thread-safe. Errors: those of Database.
class WantedRuns {
 public:
  // Opens those of `state_dir`, whose journal exists.
  static absl::StatusOr<std::unique_ptr<WantedRuns>> Open(const std::string& state_dir);

  absl::Status Keep(const WantedRun& run);
  absl::Status Forget();
  absl::StatusOr<std::optional<WantedRun>> Get();

 private:
  explicit WantedRuns(std::unique_ptr<Database> db) : db_(std::move(db)) {}

  std::mutex mutex_;
  std::unique_ptr<Database> db_;
};

}  // namespace syncd

#endif  // SYNCD_READMODEL_WANTED_RUN_H_
