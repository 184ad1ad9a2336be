#include "syncd/http/client.h"

#include <absl/status/status.h>
#include <absl/strings/str_format.h>
#include <httplib.h>

#include "syncd/http/address.h"

namespace syncd {
namespace {

// Where to connect for what a server says it listens on.
std::string Reachable(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::") return "::1";
  return host;
}

bool NothingSent(httplib::Error error) {
  return error == httplib::Error::Connection || error == httplib::Error::ConnectionTimeout ||
         error == httplib::Error::BindIPAddress;
}

absl::Status Lost(const std::string& what, const std::string& address, bool changes,
                  httplib::Error error) {
  const std::string why = httplib::to_string(error);
  if (NothingSent(error)) {
    return absl::UnavailableError(absl::StrFormat(
        "%s: the daemon at %s was not reached (%s); nothing was asked of it", what, address, why));
  }
  if (!changes) {
    return absl::UnavailableError(
        absl::StrFormat("%s: the daemon at %s did not answer (%s)", what, address, why));
  }
  return absl::UnknownError(absl::StrFormat(
      "%s: the answer of the daemon at %s was lost (%s); `syncd status` tells what it did", what,
      address, why));
}

}  // namespace

absl::StatusOr<ApiAnswer> ApiClient::Get(const std::string& path) const {
  return Send("GET", path, "");
}

absl::StatusOr<ApiAnswer> ApiClient::Delete(const std::string& path) const {
  return Send("DELETE", path, "");
}

absl::StatusOr<ApiAnswer> ApiClient::Post(const std::string& path, const std::string& json) const {
  return Send("POST", path, json);
}

absl::StatusOr<ApiAnswer> ApiClient::Send(const std::string& method, const std::string& path,
                                          const std::string& json) const {
  absl::StatusOr<HostPort> address = ParseHostPort(options_.address);
  if (!address.ok()) return address.status();
  address->host = Reachable(address->host);
  const std::string what = absl::StrFormat("%s %s", method, path);

  httplib::Client client(address->host, address->port);
  client.set_connection_timeout(options_.connect_timeout);
  client.set_read_timeout(options_.answer_timeout);
  client.set_write_timeout(options_.answer_timeout);
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.set_header("Host", address->ToString());
  if (options_.token) request.set_header("Authorization", "Bearer " + *options_.token);
  if (!json.empty()) {
    request.set_header("Content-Type", "application/json");
    request.body = json;
  }
  const httplib::Result result = client.send(request);
  if (!result) return Lost(what, address->ToString(), method != "GET", result.error());
  const std::string type = result->get_header_value("Content-Type");
  if (type.rfind("application/json", 0) != 0) {
    return absl::InternalError(
        absl::StrFormat("%s: what answers at %s is no syncd (status %d, Content-Type \"%s\")", what,
                        address->ToString(), result->status, type.substr(0, 100)));
  }
  return ApiAnswer{result->status, result->body};
}

}  // namespace syncd
