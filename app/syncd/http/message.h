// Requests and responses of the HTTP interface, free of any HTTP library, and the port between what
// speaks the protocol (protocol.h) and what answers (server.cc).
#ifndef SYNCD_HTTP_MESSAGE_H_
#define SYNCD_HTTP_MESSAGE_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncd {

// A request without its body.
struct HttpRequest {
  std::string method;                                 // upper case
  std::string path;                                   // percent-decoded, without the query
  std::string query;                                  // as sent, without `?`
  std::multimap<std::string, std::string> headers{};  // names in lower case
  bool has_body = false;                              // more than nothing follows, or may follow

  // The first header of this name (lower case); nothing if there is none.
  std::optional<std::string_view> Header(const std::string& name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers{};
};

// Answers requests; called from several threads at once.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  // Before the body is read: the answer to a request that is refused without it, or nothing.
  // Called once or twice a request (twice if it expects `100 Continue`).
  virtual std::optional<HttpResponse> Refuse(const HttpRequest& request) = 0;
  // The answer to a request that was not refused.
  virtual HttpResponse Answer(const HttpRequest& request, const std::string& body) = 0;
  // The protocol itself answers (the request can't be understood, is too large or too slow): the
  // body for this status.
  virtual HttpResponse ProtocolError(int status) = 0;
  // Once for every response, just before it is sent; `request` is empty if it was not understood.
  virtual void Count(const HttpRequest& request, int status) = 0;
};

}  // namespace syncd

#endif  // SYNCD_HTTP_MESSAGE_H_
