#include "raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace syncd {

std::string RawAnswer::Header(const std::string& name) const {
  const size_t begin = head.find("\r\n" + name + ": ");
  if (begin == std::string::npos) return "";
  const size_t value = begin + name.size() + 4;
  return head.substr(value, head.find("\r\n", value) - value);
}

RawClient::RawClient(const std::string& address) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Longer than any test: a server that doesn't answer makes it fail, not hang.
  const timeval timeout{60, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
    close(socket_);
    socket_ = -1;
  }
}

RawClient::~RawClient() {
  if (socket_ >= 0) close(socket_);
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawClient::Fill() {
  std::array<char, 4096> buffer{};
  const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  unread_.append(buffer.data(), static_cast<size_t>(got));
  return true;
}

RawAnswer RawClient::Receive(bool head_only) {
  size_t end = 0;
  while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return {};
  }
  RawAnswer answer;
  answer.head = unread_.substr(0, end + 2);
  unread_.erase(0, end + 4);
  answer.status = std::atoi(answer.head.substr(9, 3).c_str());
  const std::string length = answer.Header("Content-Length");
  const size_t size = head_only || length.empty() ? 0 : std::stoul(length);
  while (unread_.size() < size && Fill()) {
  }
  answer.body = unread_.substr(0, size);
  unread_.erase(0, size);
  return answer;
}

bool RawClient::HasAnswer(std::chrono::milliseconds wait) {
  pollfd one{socket_, POLLIN, 0};
  return poll(&one, 1, static_cast<int>(wait.count())) != 0;
}

bool RawClient::AtEnd() { return unread_.empty() && !Fill(); }

RawAnswer Ask(const std::string& address, const std::string& head, const std::string& body) {
  RawClient client(address);
  std::string request = head + "Host: " + address + "\r\n";
  if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  if (!client.Send(request + "\r\n" + body)) return {};
  return client.Receive(head.rfind("HEAD ", 0) == 0);
}

}  // namespace syncd
