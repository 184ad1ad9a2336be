#include "syncd/http/connections.h"

#include <absl/status/status.h>
#include <absl/strings/str_format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace syncd {
namespace {

constexpr int kBacklog = 128;
// Connections that wait for a thread. Further ones wait in the kernel, without a descriptor of
// ours.
constexpr size_t kWaitingMax = 64;
// How long to accept nothing when the process has no more descriptors.
constexpr int kExhaustedPauseMs = 100;

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

absl::StatusOr<Addresses> Resolve(const HostPort& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const std::string port = absl::StrFormat("%d", address.port);
  const int error = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &list);
  if (error != 0) {
    return absl::InvalidArgumentError(absl::StrFormat("can't listen on %s: no such host (%s)",
                                                      address.ToString(), gai_strerror(error)));
  }
  return Addresses(list);
}

bool IsLoopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
  }
  if (address->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
  }
  return false;
}

uint16_t BoundPort(int socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  return ntohs(bound.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
}

void Signal(int event) {
  const uint64_t one = 1;
  // Can only fail when the counter is full, and then it is readable anyway.
  [[maybe_unused]] const ssize_t written = write(event, &one, sizeof(one));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connections>> Connections::Listen(const HostPort& address,
                                                                 bool loopback_only) {
  absl::StatusOr<Addresses> addresses = Resolve(address);
  if (!addresses.ok()) return addresses.status();
  const addrinfo& first = **addresses;
  if (loopback_only && !IsLoopback(first.ai_addr)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "won't listen on %s without a token: other machines could start syncs; set [http] "
        "token_file, or listen on 127.0.0.1",
        address.ToString()));
  }
  const int listener =
      socket(first.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, first.ai_protocol);
  if (listener < 0) {
    return absl::UnavailableError(
        absl::StrFormat("can't listen on %s: %s", address.ToString(), std::strerror(errno)));
  }
  auto connections = std::unique_ptr<Connections>(new Connections(listener));
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (bind(listener, first.ai_addr, first.ai_addrlen) != 0 || listen(listener, kBacklog) != 0) {
    const int error = errno;
    return absl::UnavailableError(
        absl::StrFormat("can't listen on %s: %s; choose another [http] listen, or end who has it",
                        address.ToString(), std::strerror(error)));
  }
  connections->port_ = BoundPort(listener);
  return connections;
}

Connections::Connections(int listener)
    : listener_(listener),
      stop_event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      crowded_event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Connections::~Connections() {
  Stop(std::chrono::milliseconds(0));
  close(stop_event_);
  close(crowded_event_);
}

void Connections::Start(size_t threads, Serve serve) {
  serve_ = std::move(serve);
  threads_ = threads;
  for (size_t i = 0; i < threads; ++i) workers_.emplace_back([this] { Work(); });
  acceptor_ = std::thread([this] { Accept(); });
}

bool Connections::Stop(std::chrono::milliseconds grace) {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  Signal(stop_event_);
  if (acceptor_.joinable()) acceptor_.join();
  if (listener_ >= 0) close(listener_);
  listener_ = -1;
  bool cut = false;
  {
    std::unique_lock lock(mutex_);
    // Nothing was read from these yet.
    for (const int socket : waiting_) close(socket);
    waiting_.clear();
    cut = !changed_.wait_for(lock, grace, [this] { return active_.empty(); });
    for (const int socket : active_) shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
  return !cut;
}

void Connections::Accept() {
  while (WaitForRoom()) {
    pollfd events[] = {{stop_event_, POLLIN, 0}, {listener_, POLLIN, 0}};
    if (poll(events, 2, -1) < 0 && errno != EINTR) return;
    if (events[0].revents != 0) return;
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket >= 0) {
      const int yes = 1;
      setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
      Enqueue(socket);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      poll(events, 1, kExhaustedPauseMs);
    }
  }
}

bool Connections::WaitForRoom() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || waiting_.size() < kWaitingMax; });
  return !stopping_;
}

void Connections::Enqueue(int socket) {
  std::lock_guard lock(mutex_);
  waiting_.push_back(socket);
  SetCrowded();
  changed_.notify_all();
}

void Connections::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const int socket = waiting_.front();
    waiting_.pop_front();
    active_.insert(socket);
    SetCrowded();
    changed_.notify_all();
    lock.unlock();
    serve_(socket, {stop_event_, crowded_event_});
    lock.lock();
    // Under the lock, so that Stop never cuts a descriptor that has become another's.
    active_.erase(socket);
    close(socket);
    changed_.notify_all();
  }
}

void Connections::SetCrowded() {
  const bool crowded = !waiting_.empty() && active_.size() >= threads_;
  if (crowded == crowded_) return;
  crowded_ = crowded;
  if (crowded) {
    Signal(crowded_event_);
  } else {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = read(crowded_event_, &count, sizeof(count));
  }
}

}  // namespace syncd
