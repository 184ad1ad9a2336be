// A TCP proxy that a test can cut, freeze and open again.
#ifndef TESTS_SOURCES_TCP_PROXY_H_
#define TESTS_SOURCES_TCP_PROXY_H_

#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace syncd {

// Listens on a free loopback port and passes every connection on to 127.0.0.1:`port`. Thread-safe.
class TcpProxy {
 public:
  explicit TcpProxy(int port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  // `url` with this proxy's port.
  std::string Through(std::string url) const;

  // Resets all connections; returns when that is done.
  void Cut();
  // While true, new connections are reset at once.
  void Refuse(bool refuse);
  // While true, nothing passes in either direction, and nobody is told: a black hole.
  void Freeze(bool freeze);

  // Of a URL, such as 5672.
  static int PortOf(const std::string& url);

 private:
  struct Pair {
    int client;
    int server;
  };

  void Run();
  void Accept();
  bool Pass(int from, int to);
  void Wake();
  void Reset(const Pair& pair);

  const int target_;
  int listener_ = -1;
  int port_ = 0;
  int wake_ = -1;
  std::mutex mutex_;  // guards the rest
  std::list<Pair> pairs_;
  bool refuse_ = false;
  bool frozen_ = false;
  bool stop_ = false;
  bool cut_ = false;
  std::condition_variable cut_done_;
  std::thread thread_;
};

}  // namespace syncd

#endif  // TESTS_SOURCES_TCP_PROXY_H_
