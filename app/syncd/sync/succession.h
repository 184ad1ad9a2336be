// Whether what a state folder holds is still of the last writer.
#ifndef SYNCD_SYNC_SUCCESSION_H_
#define SYNCD_SYNC_SUCCESSION_H_

#include <absl/status/status.h>
#include <indexswap/store.h>

#include <functional>
#include <optional>
#include <string>

#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/journal.h"

namespace syncd {

// What a folder says of itself.
struct FolderAge {
  std::string state_id;
  uint64_t epoch = 0;  // the highest that its owner has had
  uint64_t head = 0;   // the last position in its journal
};

// Why the folder is behind what the last writer, who held `last`, has written to the store: another
// folder has been in use since, or it was restored from a copy. Empty: it is not, or nobody can
// tell.
std::string WhyBehind(const std::optional<indexswap::Lease>& last, const FolderAge& folder);

// For EngineOptions::before_epoch. Removes the files of generations, and forgets the events, of a
// folder that is behind: what they lack nobody has any more, so none of them may ever be taken for
// up to date. The live generation is then read back from its index. Keeps `epoch`. Safe to be cut
// off at any point: the folder stays behind until the epoch is kept.
absl::Status Succeed(const std::optional<indexswap::Lease>& last, uint64_t epoch,
                     const std::string& state_dir, Journal& journal, EventLog& log,
                     const std::function<void(const std::string&)>& warn);

}  // namespace syncd

#endif  // SYNCD_SYNC_SUCCESSION_H_
