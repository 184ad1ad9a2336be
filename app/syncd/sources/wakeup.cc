#include "syncd/sources/wakeup.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace syncd {

Wakeup::Wakeup() : event_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_fd_ >= 0) return;
  std::perror("eventfd");  // no file descriptor is left: nothing can go on from here
  std::abort();
}

Wakeup::~Wakeup() { close(event_fd_); }

void Wakeup::Signal() {
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the signal is already there.
  [[maybe_unused]] const ssize_t written = write(event_fd_, &one, sizeof one);
}

bool Wakeup::Wait(std::chrono::milliseconds timeout, int fd, On on) {
  const short events = on == On::kReadable ? POLLIN : POLLRDHUP;  // POLLERR, POLLHUP: always
  std::array<pollfd, 2> waited = {pollfd{event_fd_, POLLIN, 0}, pollfd{fd, events, 0}};
  if (poll(waited.data(), waited.size(), static_cast<int>(timeout.count())) <= 0) return false;
  if ((waited[0].revents & POLLIN) != 0) {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = read(event_fd_, &count, sizeof count);
  }
  return waited[1].revents != 0;
}

}  // namespace syncd
