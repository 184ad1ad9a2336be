// Wakes a thread that waits for sockets.
#ifndef SYNCD_SOURCES_WAKEUP_H_
#define SYNCD_SOURCES_WAKEUP_H_

#include <chrono>

namespace syncd {

// A flag that poll can wait for. Signal from any thread; the rest from the thread that waits.
class Wakeup {
 public:
  Wakeup();
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  // Ends the Wait that runs, or else the next one.
  void Signal();

  // What Wait looks for on the socket.
  enum class On {
    kReadable,
    kHangUp,  // only that the peer has gone; data may stay where it is
  };

  // Waits for a signal, which it consumes, or for the socket `fd` (-1: none). True if it was the
  // socket.
  bool Wait(std::chrono::milliseconds timeout, int fd = -1, On on = On::kReadable);

 private:
  int event_fd_;
};

}  // namespace syncd

#endif  // SYNCD_SOURCES_WAKEUP_H_
