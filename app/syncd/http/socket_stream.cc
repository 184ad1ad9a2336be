#include "syncd/http/socket_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace syncd {
namespace {

constexpr std::chrono::milliseconds kLinger{1000};
constexpr size_t kLingerBytes = 16 << 20;

int MsUntil(SocketStream::Clock::time_point deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - SocketStream::Clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 24 * 3600 * 1000));
}

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

bool SocketStream::WaitForRequest(std::chrono::milliseconds timeout, int unless) {
  if (begin_ < end_) return true;  // it came together with the last one
  const Clock::time_point deadline = Clock::now() + timeout;
  while (true) {
    pollfd events[] = {{socket_, POLLIN, 0}, {stop_, POLLIN, 0}, {unless, POLLIN, 0}};
    const int ready = poll(events, 3, MsUntil(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 || events[1].revents != 0) return false;
    if (events[0].revents != 0) return true;
    return false;
  }
}

void SocketStream::LimitReading(size_t bytes, std::chrono::milliseconds timeout) {
  left_ = bytes;
  read_deadline_ = Clock::now() + timeout;
  too_slow_ = too_large_ = false;
}

void SocketStream::LimitWriting(std::chrono::milliseconds timeout) {
  write_timeout_ = timeout;
  writing_ = false;
}

bool SocketStream::Wait(short event, Clock::time_point deadline) {
  while (true) {
    pollfd one{socket_, event, 0};
    const int ready = poll(&one, 1, MsUntil(deadline));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

ssize_t SocketStream::Fill() {
  while (true) {
    const ssize_t got = recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (got >= 0) {
      begin_ = 0;
      end_ = static_cast<size_t>(got);
      return got;
    }
    if (!WouldBlock()) return -1;
    if (!Wait(POLLIN, read_deadline_)) return -1;
  }
}

ssize_t SocketStream::read(char* to, size_t size) {
  if (left_ == 0) {
    too_large_ = true;
    return -1;
  }
  // Checked also when there is something to read: a byte now and then is no reason to go on.
  if (Clock::now() >= read_deadline_) {
    too_slow_ = true;
    return -1;
  }
  if (begin_ == end_) {
    const ssize_t got = Fill();
    too_slow_ = got < 0 && Clock::now() >= read_deadline_;
    if (got <= 0) return got;
  }
  const size_t count = std::min({size, end_ - begin_, left_});
  std::memcpy(to, buffer_.data() + begin_, count);
  begin_ += count;
  left_ -= count;
  return static_cast<ssize_t>(count);
}

ssize_t SocketStream::write(const char* from, size_t size) {
  if (!writing_) {
    writing_ = true;
    write_deadline_ = Clock::now() + write_timeout_;
  }
  size_t sent = 0;
  while (sent < size) {
    const ssize_t count = send(socket_, from + sent, size - sent, MSG_NOSIGNAL);
    if (count > 0) {
      sent += static_cast<size_t>(count);
      if (Clock::now() >= write_deadline_ && sent < size) return -1;
    } else if (!WouldBlock() || !Wait(POLLOUT, write_deadline_)) {
      return -1;
    }
  }
  return static_cast<ssize_t>(sent);
}

void SocketStream::Linger() {
  shutdown(socket_, SHUT_WR);
  const Clock::time_point deadline = Clock::now() + kLinger;
  size_t thrown_away = 0;
  while (thrown_away < kLingerBytes && Clock::now() < deadline) {
    const ssize_t got = recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (got > 0) {
      thrown_away += static_cast<size_t>(got);
      continue;
    }
    if (got == 0 || !WouldBlock()) return;
    pollfd events[] = {{socket_, POLLIN, 0}, {stop_, POLLIN, 0}};
    if (poll(events, 2, MsUntil(deadline)) == 0 || events[1].revents != 0) return;
  }
}

}  // namespace syncd
