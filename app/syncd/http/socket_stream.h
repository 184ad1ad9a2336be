// A socket as cpp-httplib reads and writes it, with the bounds that its own stream lacks: a
// deadline for a whole request and a whole answer, not for each byte, and a limit on what a
// request's head and body may take on the wire.
#ifndef SYNCD_HTTP_SOCKET_STREAM_H_
#define SYNCD_HTTP_SOCKET_STREAM_H_

#include <httplib.h>

#include <array>
#include <chrono>
#include <string>

namespace syncd {

class SocketStream : public httplib::Stream {
 public:
  using Clock = std::chrono::steady_clock;

  // The socket must not block; it stays the caller's. `stop`: a descriptor that becomes readable
  // when the server stops.
  SocketStream(int socket, int stop) : socket_(socket), stop_(stop) {}

  // Waits until a request begins, for at most `timeout`, and not when `stop` or `unless` (a
  // descriptor, or -1) becomes readable. False: there will be none.
  bool WaitForRequest(std::chrono::milliseconds timeout, int unless);
  // From here at most `bytes` may be read, until `timeout` has passed.
  void LimitReading(size_t bytes, std::chrono::milliseconds timeout);
  // How long the next answer may take, from its first byte on.
  void LimitWriting(std::chrono::milliseconds timeout);

  // Why reading failed, since the last LimitReading.
  bool too_slow() const { return too_slow_; }
  bool too_large() const { return too_large_; }

  // Says that nothing more will be sent, and throws away what still arrives, for a bounded time:
  // closing at once would reset the connection, and the client would lose the answer.
  void Linger();

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  // httplib uses it only to refuse descriptors that select() can't take; nothing here selects.
  socket_t socket() const override { return 0; }

 private:
  ssize_t Fill();
  bool Wait(short event, Clock::time_point deadline);

  const int socket_;
  const int stop_;
  std::array<char, 8192> buffer_{};
  size_t begin_ = 0;  // what of the buffer was not handed out yet
  size_t end_ = 0;
  size_t left_ = 0;  // bytes that may still be read
  Clock::time_point read_deadline_;
  std::chrono::milliseconds write_timeout_{0};
  Clock::time_point write_deadline_;
  bool writing_ = false;
  bool too_slow_ = false;
  bool too_large_ = false;
};

}  // namespace syncd

#endif  // SYNCD_HTTP_SOCKET_STREAM_H_
