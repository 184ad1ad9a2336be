// The disk under the state folder: what is free, what a build will need, and the gate between.
#ifndef SYNCD_SYNC_STATE_DISK_H_
#define SYNCD_SYNC_STATE_DISK_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/engine.h>
#include <indexswap/generation.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace syncd {

inline constexpr char kDiskGate[] = "disk";

// Bytes of a file system, as this user may use them.
struct DiskSpace {
  uint64_t free_bytes = 0;
  uint64_t total_bytes = 0;
};

// Of the file system that `folder` is on, or would be made on. kUnavailable when nobody knows.
absl::StatusOr<DiskSpace> SpaceOf(const std::string& folder);

// What a build will need, in bytes: it is about as large as the last, SQLite's log beside it may
// grow, and `floor` is to be left for live events.
uint64_t BuildNeeds(uint64_t expected, uint64_t floor);

// How large the file of a build will be, in bytes: as the largest file of a generation that is in
// `folder`; where there is none, as the live indexes that `status` tells of.
uint64_t ExpectedFile(const std::string& folder, const indexswap::ReleaseStatus& status);

// The gate `disk`, before anything is created; its figures are in the detail.
indexswap::GateResult JudgeDisk(const DiskSpace& space, uint64_t expected, uint64_t floor);

// The same as an error: kFailedPrecondition when it does not pass.
absl::Status CheckRoom(const std::string& folder, const indexswap::ReleaseStatus& status,
                       uint64_t floor);
absl::Status StoppedBy(const indexswap::GateResult& disk);

// What is said of an error of the folder's own files: kUnavailable for a disk that is full, which
// is nothing that the caller has had too much of.
absl::Status OfFolder(const absl::Status& status);

// What a build asks while it fills its file. kFailedPrecondition once less than `floor` is free:
// the rest is for live events.
absl::Status LeavesRoom(const std::string& folder, uint64_t floor);

// What the folder takes and has left. What nobody knows is not there.
struct StateFacts {
  std::optional<DiskSpace> space;
  uint64_t journal_bytes = 0;                // with its log
  uint64_t events = 0;                       // in the journal, from the oldest to the newest
  std::optional<int64_t> oldest_event_ms;    // since 1970: when the oldest of them came
  std::map<uint64_t, uint64_t> generations;  // bytes of each generation's file, with its log
};

StateFacts ReadStateFacts(const std::string& folder);

// `12.3 GiB`.
std::string BytesForPeople(uint64_t bytes);

}  // namespace syncd

#endif  // SYNCD_SYNC_STATE_DISK_H_
