// A client that sends any bytes, so that tests can say what no HTTP library would.
#ifndef TESTS_UNIT_HTTP_API_RAW_CLIENT_H_
#define TESTS_UNIT_HTTP_API_RAW_CLIENT_H_

#include <chrono>
#include <string>
#include <string_view>

namespace syncd {

struct RawAnswer {
  int status = 0;  // 0: the connection ended without an answer
  std::string head;
  std::string body;

  // The value of a header; empty if it is not there.
  std::string Header(const std::string& name) const;
};

// One connection to a server on loopback. Not thread-safe.
class RawClient {
 public:
  explicit RawClient(const std::string& address);  // 127.0.0.1:port
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return socket_ >= 0; }
  // Whether all was taken; a server may cut the connection.
  bool Send(std::string_view bytes);
  // The next answer. `head_only`: it has no body, whatever its length says.
  RawAnswer Receive(bool head_only = false);
  // Whether an answer, or the end of the connection, comes within this time.
  bool HasAnswer(std::chrono::milliseconds wait);
  // Whether the server has ended the connection, after all that it sent.
  bool AtEnd();

 private:
  bool Fill();

  int socket_ = -1;
  std::string unread_;
};

// One request on a connection of its own. `head` is the request line and further headers, each with
// its line end; Host and, for a body, Content-Length are added.
RawAnswer Ask(const std::string& address, const std::string& head, const std::string& body = "");

}  // namespace syncd

#endif  // TESTS_UNIT_HTTP_API_RAW_CLIENT_H_
