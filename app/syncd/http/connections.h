// Listens, accepts connections, and hands each to one of a fixed number of threads.
#ifndef SYNCD_HTTP_CONNECTIONS_H_
#define SYNCD_HTTP_CONNECTIONS_H_

#include <absl/status/statusor.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "syncd/http/address.h"

namespace syncd {

// What a connection's thread listens to beside its own socket. File descriptors that become
// readable, and are not to be read.
struct ConnectionSignals {
  int stop = -1;     // no more requests: the listener stops
  int crowded = -1;  // other connections wait for a thread: an idle one should end
};

// A socket that listens, and its threads. Start and Stop are called by one thread, in this order.
class Connections {
 public:
  // Serves one connection until it returns; the socket (not blocking) is closed after that. Called
  // from several threads at once. Must not throw.
  using Serve = std::function<void(int socket, const ConnectionSignals& signals)>;

  // Binds. Errors: kInvalidArgument (no such address; with `loopback_only` any that another
  // machine can reach), kUnavailable (the port is taken, or the like).
  static absl::StatusOr<std::unique_ptr<Connections>> Listen(const HostPort& address,
                                                             bool loopback_only);
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // The port in fact.
  uint16_t port() const { return port_; }

  void Start(size_t threads, Serve serve);

  // Accepts no more; waits up to `grace` for connections that are being served, then cuts their
  // sockets, and returns when all threads have ended. Returns whether none had to be cut. May be
  // called again.
  bool Stop(std::chrono::milliseconds grace);

 private:
  explicit Connections(int listener);

  void Accept();
  void Work();
  bool WaitForRoom();
  void Enqueue(int socket);
  void SetCrowded();

  int listener_;  // -1 once stopped
  const int stop_event_;
  const int crowded_event_;
  uint16_t port_ = 0;
  size_t threads_ = 0;
  Serve serve_;
  std::thread acceptor_;
  std::vector<std::thread> workers_;

  std::mutex mutex_;
  std::condition_variable changed_;  // any of the following
  std::deque<int> waiting_;          // accepted sockets without a thread
  std::set<int> active_;             // sockets that a thread serves
  bool crowded_ = false;             // the state of crowded_event_
  bool stopping_ = false;
};

}  // namespace syncd

#endif  // SYNCD_HTTP_CONNECTIONS_H_
