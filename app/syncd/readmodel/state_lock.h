// The lock of a state folder: one syncd at a time.
#ifndef SYNCD_READMODEL_STATE_LOCK_H_
#define SYNCD_READMODEL_STATE_LOCK_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace syncd {

// Who holds a state folder.
struct LockHolder {
  int64_t pid = 0;
  std::string host;
  std::string command;  // `sync`, `serve` …
  std::string address;  // where its HTTP interface answers (host:port); empty: none

  // `syncd sync, pid 4711 on host db1, at 127.0.0.1:8088`.
  std::string Describe() const;
};

// Holds `<state>/lock` from Acquire until it is destroyed, or the process ends in whatever way. The
// file stays, with the last holder's words in it. Not thread-safe.
class StateLock {
 public:
  // Creates `state_dir` (mode 0700, its parents too) if it is not there, and takes its lock without
  // waiting. kFailedPrecondition when another process has it: the message names that one.
  static absl::StatusOr<std::unique_ptr<StateLock>> Acquire(const std::string& state_dir,
                                                            const std::string& command);

  // Who holds the folder now; nothing if nobody does, or there is no such folder.
  static absl::StatusOr<std::optional<LockHolder>> Holder(const std::string& state_dir);

  ~StateLock();
  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;

  // Says in the lock file where the holder answers.
  absl::Status PublishAddress(const std::string& address);

 private:
  StateLock(int fd, std::string path, LockHolder self)
      : fd_(fd), path_(std::move(path)), self_(std::move(self)) {}

  absl::Status Write();

  int fd_;
  std::string path_;
  LockHolder self_;
};

}  // namespace syncd

#endif  // SYNCD_READMODEL_STATE_LOCK_H_
