#include "syncd/http/address.h"

#include <absl/status/status.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_format.h>
#include <arpa/inet.h>

#include <charconv>

namespace syncd {
namespace {

absl::Status BadAddress(std::string_view text) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "\"%s\" is no address; expected host:port, such as 127.0.0.1:8088 or [::1]:8088", text));
}

// The host of `host`, `host:port` or `[v6]:port`, without brackets.
std::string_view WithoutPort(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const size_t end = text.find(']');
    return end == std::string_view::npos ? text : text.substr(1, end - 1);
  }
  const size_t colon = text.find(':');
  // More than one colon is an IPv6 address that lacks its brackets.
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    return text;
  }
  return text.substr(0, colon);
}

}  // namespace

std::string HostPort::ToString() const {
  const bool v6 = host.find(':') != std::string::npos;
  return absl::StrFormat(v6 ? "[%s]:%d" : "%s:%d", host, port);
}

absl::StatusOr<HostPort> ParseHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return BadAddress(text);
  const std::string_view digits = text.substr(colon + 1);
  std::string_view host = text.substr(0, colon);
  HostPort address;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (error != std::errc() || end != digits.data() + digits.size()) return BadAddress(text);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return BadAddress(text);
  }
  if (host.empty()) return BadAddress(text);
  address.host = std::string(host);
  return address;
}

bool IsLoopbackHostHeader(std::string_view host) {
  const std::string name = absl::AsciiStrToLower(std::string(WithoutPort(host)));
  if (name == "localhost" || name == "::1") return true;
  in_addr v4{};
  return inet_pton(AF_INET, name.c_str(), &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

}  // namespace syncd
