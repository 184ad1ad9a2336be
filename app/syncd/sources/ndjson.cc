#include "syncd/sources/ndjson.h"

#include <absl/status/status.h>
#include <absl/strings/str_format.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace syncd {
namespace {

constexpr size_t kBlockBytes = size_t{256} << 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kGzipMagic = "\x1F\x8B";
constexpr std::string_view kBlanks = " \t\r";

class NdjsonSource : public Source {
 public:
  NdjsonSource(std::string path, int fd, NdjsonOptions options)
      : path_(std::move(path)), fd_(fd), options_(options), block_(kBlockBytes) {}
  ~NdjsonSource() override { CloseFile(); }
  NdjsonSource(const NdjsonSource&) = delete;
  NdjsonSource& operator=(const NdjsonSource&) = delete;

  std::string Describe() const override { return path_; }

  // Reads the first block, so that what is no NDJSON at all is refused before anything is done.
  absl::Status Open() override {
    if (fd_ < 0) return absl::FailedPreconditionError(path_ + " is closed");
    if (line_ > 0 || end_ > 0) return absl::OkStatus();
    if (absl::Status status = Fill(); !status.ok()) return status;
    const std::string_view head(block_.data(), end_);
    if (head.starts_with(kGzipMagic)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s is compressed; expected one JSON body a line: gunzip it first", path_));
    }
    if (head.starts_with(kByteOrderMark)) begin_ = kByteOrderMark.size();
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<Message>> Next(std::chrono::milliseconds /*timeout*/) override {
    if (absl::Status status = Open(); !status.ok()) return status;
    while (!interrupted_.load(std::memory_order_relaxed)) {
      Message message;
      absl::StatusOr<bool> found = ReadLine(message.body);
      if (!found.ok()) return found.status();
      if (!*found) return absl::OutOfRangeError(absl::StrFormat("%s: end of file", path_));
      if (message.body.find_first_not_of(kBlanks) == std::string::npos) continue;
      if (message.body.back() == '\r') message.body.pop_back();
      message.position = Position{1, line_};
      return std::optional<Message>(std::move(message));
    }
    return absl::CancelledError(absl::StrFormat("reading %s was interrupted", path_));
  }

  absl::Status Ack(const Position& /*position*/) override { return absl::OkStatus(); }

  absl::Status Close() override {
    CloseFile();
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> Waiting() override { return 0; }

  void Interrupt() override { interrupted_ = true; }

 private:
  void CloseFile() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  // Reads the next block in place of the used one; afterwards begin_ == end_ at the file's end.
  absl::Status Fill() {
    ssize_t count = 0;
    do {
      count = read(fd_, block_.data(), block_.size());
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
      return absl::DataLossError(
          absl::StrFormat("%s:%d: cannot be read: %s", path_, line_ + 1, std::strerror(errno)));
    }
    begin_ = 0;
    end_ = static_cast<size_t>(count);
    return absl::OkStatus();
  }

  // Appends the next line to `line` without its newline. False at the end of the file. A line over
  // the limit is read to its end, but not kept.
  absl::StatusOr<bool> ReadLine(std::string& line) {
    bool any = false;
    size_t length = 0;
    for (bool ended = false; !ended;) {
      if (begin_ == end_) {
        if (absl::Status status = Fill(); !status.ok()) return status;
        if (begin_ == end_) break;
      }
      any = true;
      const char* start = block_.data() + begin_;
      const void* newline = std::memchr(start, '\n', end_ - begin_);
      ended = newline != nullptr;
      const size_t count =
          ended ? static_cast<size_t>(static_cast<const char*>(newline) - start) : end_ - begin_;
      length += count;
      if (length <= options_.max_line_bytes) {
        if (!ended) Reserve(line, length);
        line.append(start, count);
      }
      begin_ += count + (ended ? 1 : 0);
    }
    if (!any) return false;
    ++line_;
    if (length > options_.max_line_bytes) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s:%d: a line of %d bytes; expected one JSON body a line, of at most %d "
                          "bytes: split the batch",
                          path_, line_, length, options_.max_line_bytes));
    }
    return true;
  }

  // A line that spans blocks is probably as long as the longest before it: one allocation instead
  // of a doubling series, whose last step would hold two copies.
  void Reserve(std::string& line, size_t length) {
    if (line.capacity() < longest_) line.reserve(longest_);
    longest_ = std::max(longest_, length);
  }

  const std::string path_;
  int fd_;
  const NdjsonOptions options_;
  std::vector<char> block_;
  size_t begin_ = 0;  // of what is unread in block_
  size_t end_ = 0;
  size_t longest_ = 0;  // bytes of the longest line that did not fit a block
  uint64_t line_ = 0;   // lines read so far
  std::atomic<bool> interrupted_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Source>> OpenNdjson(std::string path, NdjsonOptions options) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const int error = errno;
    const std::string text =
        absl::StrFormat("cannot open %s: %s; expected a file with one JSON body a line", path,
                        std::strerror(error));
    if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(text);
    if (error == EACCES) return absl::PermissionDeniedError(text);
    return absl::InvalidArgumentError(text);
  }
  auto source = std::make_unique<NdjsonSource>(std::move(path), fd, options);
  struct stat info = {};
  if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is a folder; expected a file with one JSON body a line", source->Describe()));
  }
  if (absl::Status status = source->Open(); !status.ok()) return status;
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return source;
}

}  // namespace syncd
