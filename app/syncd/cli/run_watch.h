// What a daemon's answers tell of the run that a command waits for.
#ifndef SYNCD_CLI_RUN_WATCH_H_
#define SYNCD_CLI_RUN_WATCH_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "syncd/http/api.h"

namespace syncd {

// Sees one answer after the other. That nobody tells of the run any more never means that it has
// gone live: only its outcome does.
class RunWatch {
 public:
  // A daemon that is being restarted; and one that has been, and is a standby until it has looked
  // at the lease.
  static constexpr int kLostAnswersMax = 120;
  static constexpr int kStandbyAnswersMax = 4;

  explicit RunWatch(uint64_t run) : run_(run) {}

  // Takes in an answer to `GET /api/status`. The run's outcome as JSON, once it has ended; nothing
  // while it is to be asked again. kAborted when the run was lost with the lease; kUnknown when too
  // many answers in a row tell nothing of it.
  absl::StatusOr<std::optional<std::string>> See(const absl::StatusOr<ApiAnswer>& answer);

  // The run as the last answer showed it, as JSON; empty if it did not.
  const std::string& under_way() const { return under_way_; }

 private:
  absl::StatusOr<std::optional<std::string>> Lost(bool standby);

  uint64_t run_;  // rises with each build that has to be begun anew
  std::string under_way_;
  int lost_ = 0;     // answers in a row
  int standby_ = 0;  // the same, of a standby
};

}  // namespace syncd

#endif  // SYNCD_CLI_RUN_WATCH_H_
