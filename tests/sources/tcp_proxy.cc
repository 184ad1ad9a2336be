#include "sources/tcp_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace syncd {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

int TcpProxy::PortOf(const std::string& url) { return std::atoi(url.c_str() + url.rfind(':') + 1); }

TcpProxy::TcpProxy(int port) : target_(port) {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 16) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  wake_ = eventfd(0, EFD_NONBLOCK);
  thread_ = std::thread([this] { Run(); });
}

TcpProxy::~TcpProxy() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  Wake();
  thread_.join();
  for (const Pair& pair : pairs_) Reset(pair);
  close(listener_);
  close(wake_);
}

std::string TcpProxy::Through(std::string url) const {
  const std::string old = ":" + std::to_string(target_);
  return url.replace(url.rfind(old), old.size(), ":" + std::to_string(port_));
}

void TcpProxy::Wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
}

void TcpProxy::Reset(const Pair& pair) {
  for (int fd : {pair.client, pair.server}) {
    const linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
  }
}

// A socket in another thread's poll is not closed before that returns: so that thread closes it.
void TcpProxy::Cut() {
  std::unique_lock lock(mutex_);
  cut_ = true;
  Wake();
  cut_done_.wait(lock, [this] { return !cut_; });
}

void TcpProxy::Refuse(bool refuse) {
  std::lock_guard lock(mutex_);
  refuse_ = refuse;
}

void TcpProxy::Freeze(bool freeze) {
  std::lock_guard lock(mutex_);
  frozen_ = freeze;
  Wake();
}

void TcpProxy::Accept() {
  const int client = accept(listener_, nullptr, nullptr);
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = Loopback(target_);
  const Pair pair = {client, server};
  if (refuse_ ||
      connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    Reset(pair);
    return;
  }
  pairs_.push_back(pair);
}

bool TcpProxy::Pass(int from, int to) {
  std::array<char, 65536> buffer;
  const ssize_t count = recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count <= 0) return false;
  for (ssize_t sent = 0; sent < count;) {
    pollfd writable = {to, POLLOUT, 0};
    // A peer that does not read holds everything up, as it would without a proxy; but not for good.
    if (poll(&writable, 1, 20'000) <= 0) return false;
    const ssize_t part = send(to, buffer.data() + sent, static_cast<size_t>(count - sent),
                              MSG_NOSIGNAL | MSG_DONTWAIT);
    if (part <= 0) return false;
    sent += part;
  }
  return true;
}

void TcpProxy::Run() {
  while (true) {
    std::vector<pollfd> fds = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    {
      std::lock_guard lock(mutex_);
      if (stop_) return;
      if (cut_) {
        for (const Pair& pair : pairs_) Reset(pair);
        pairs_.clear();
        cut_ = false;
        cut_done_.notify_all();
      }
      if (!frozen_) {
        for (const Pair& pair : pairs_) {
          fds.push_back({pair.client, POLLIN, 0});
          fds.push_back({pair.server, POLLIN, 0});
        }
      }
    }
    poll(fds.data(), fds.size(), -1);
    std::lock_guard lock(mutex_);
    uint64_t count = 0;
    if (read(wake_, &count, sizeof count) > 0) continue;  // the pairs may have changed
    if (fds[1].revents != 0) Accept();
    for (size_t i = 2; i + 1 < fds.size(); i += 2) {
      const bool broken = (fds[i].revents != 0 && !Pass(fds[i].fd, fds[i + 1].fd)) ||
                          (fds[i + 1].revents != 0 && !Pass(fds[i + 1].fd, fds[i].fd));
      if (!broken) continue;
      pairs_.remove_if([&](const Pair& pair) {
        if (pair.client != fds[i].fd) return false;
        Reset(pair);
        return true;
      });
    }
  }
}

}  // namespace syncd
