// The generations' files in the state folder.
#ifndef SYNCD_SYNC_STATE_FILES_H_
#define SYNCD_SYNC_STATE_FILES_H_

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

namespace syncd {

// The generations that have a file in `folder`, ascending. Empty when there is no such folder.
std::vector<uint64_t> GenerationsIn(const std::string& folder);

// Removes a generation's file with what SQLite keeps beside it. OK when there is none.
absl::Status RemoveGenerationFile(const std::string& folder, uint64_t generation);

}  // namespace syncd

#endif  // SYNCD_SYNC_STATE_FILES_H_
