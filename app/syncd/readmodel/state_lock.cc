#include "syncd/readmodel/state_lock.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace syncd {
namespace {

namespace json = boost::json;

constexpr size_t kLockBytesMax = 4096;
constexpr int kLockAttempts = 20;
constexpr useconds_t kLockPauseUs = 5000;

absl::Status ErrnoError(const std::string& path, int error) {
  return absl::ErrnoToStatus(error, absl::StrFormat("%s: %s", path, std::strerror(error)));
}

std::string LockPath(const std::string& state_dir) {
  return (std::filesystem::path(state_dir) / "lock").string();
}

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string StringField(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// What the file says; a holder without words when it can't be understood.
LockHolder ReadHolder(int fd) {
  std::array<char, kLockBytesMax> text{};
  const ssize_t size = pread(fd, text.data(), text.size(), 0);
  LockHolder holder;
  if (size <= 0) return holder;
  json::error_code error;
  const json::value value = json::parse({text.data(), static_cast<size_t>(size)}, error);
  if (error || !value.is_object()) return holder;
  const json::object& object = value.get_object();
  if (const json::value* pid = object.if_contains("pid"); pid != nullptr && pid->is_int64()) {
    holder.pid = pid->get_int64();
  }
  holder.host = StringField(object, "host");
  holder.command = StringField(object, "command");
  holder.address = StringField(object, "address");
  return holder;
}

// Takes the exclusive lock. Whoever asks for the holder has a shared one for a moment: so a refusal
// counts only if it lasts.
bool TryLock(int fd) {
  for (int attempt = 0;; ++attempt) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK || attempt == kLockAttempts) return false;
    usleep(kLockPauseUs);
  }
}

// Creates each missing folder of `path` for its owner alone, whatever the umask allows.
absl::Status CreateFolders(const std::filesystem::path& path) {
  std::error_code error;
  if (path.empty() || std::filesystem::is_directory(path, error)) return absl::OkStatus();
  if (absl::Status status = CreateFolders(path.parent_path()); !status.ok()) return status;
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError(path.string(), errno);
  return absl::OkStatus();
}

}  // namespace

std::string LockHolder::Describe() const {
  if (pid == 0) return "an unknown process";
  std::string text = absl::StrFormat("syncd %s, pid %d on host %s", command, pid, host);
  if (!address.empty()) absl::StrAppend(&text, ", at ", address);
  return text;
}

absl::StatusOr<std::unique_ptr<StateLock>> StateLock::Acquire(const std::string& state_dir,
                                                              const std::string& command) {
  std::string dir = std::filesystem::path(state_dir).lexically_normal().string();
  if (dir.size() > 1 && dir.back() == '/') dir.pop_back();
  if (absl::Status status = CreateFolders(dir); !status.ok()) return status;
  const std::string path = LockPath(dir);
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoError(path, errno);
  LockHolder self{.pid = getpid(), .host = HostName(), .command = command, .address = ""};
  std::unique_ptr<StateLock> lock(new StateLock(fd, path, std::move(self)));
  if (!TryLock(fd)) {
    if (errno != EWOULDBLOCK) return ErrnoError(path, errno);
    return absl::FailedPreconditionError(absl::StrFormat(
        "the state folder %s is held by %s; wait until it has ended, or use another folder", dir,
        ReadHolder(fd).Describe()));
  }
  if (absl::Status status = lock->Write(); !status.ok()) return status;
  return lock;
}

absl::StatusOr<std::optional<LockHolder>> StateLock::Holder(const std::string& state_dir) {
  const std::string path = LockPath(state_dir);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return std::nullopt;
    return ErrnoError(path, errno);
  }
  // A shared lock is refused exactly while a holder has its exclusive one.
  const bool is_held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  std::optional<LockHolder> holder;
  if (is_held) holder = ReadHolder(fd);
  close(fd);
  return holder;
}

StateLock::~StateLock() { close(fd_); }

absl::Status StateLock::PublishAddress(const std::string& address) {
  self_.address = address;
  return Write();
}

absl::Status StateLock::Write() {
  const json::object object = {{"pid", self_.pid},
                               {"host", self_.host},
                               {"command", self_.command},
                               {"address", self_.address}};
  const std::string text = json::serialize(object) + "\n";
  if (ftruncate(fd_, 0) != 0) return ErrnoError(path_, errno);
  const ssize_t written = pwrite(fd_, text.data(), text.size(), 0);
  if (written != static_cast<ssize_t>(text.size())) return ErrnoError(path_, errno);
  return absl::OkStatus();
}

}  // namespace syncd
