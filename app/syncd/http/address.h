// Addresses to listen on and to connect to: `127.0.0.1:8088`, `[::1]:8088`, `localhost:0`.
#ifndef SYNCD_HTTP_ADDRESS_H_
#define SYNCD_HTTP_ADDRESS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace syncd {

struct HostPort {
  std::string host;  // a name or an address; IPv6 without brackets
  uint16_t port = 0;

  // `host:port`, IPv6 in brackets.
  std::string ToString() const;
};

// Splits `host:port`. kInvalidArgument when a part is missing or the port is no number up to 65535.
absl::StatusOr<HostPort> ParseHostPort(std::string_view text);

// Whether this host, as it stands in a Host header (with or without a port, IPv6 in brackets), can
// only be this machine: `localhost`, 127.0.0.0/8, `::1`. Any other name may be made to point here
// by whoever owns it.
bool IsLoopbackHostHeader(std::string_view host);

}  // namespace syncd

#endif  // SYNCD_HTTP_ADDRESS_H_
