// Who may call what changes something: whoever has the token, or, where there is none, a program on
// this machine that is not a web page of somebody else.
#ifndef SYNCD_HTTP_GUARD_H_
#define SYNCD_HTTP_GUARD_H_

#include <optional>
#include <string>

#include "syncd/http/message.h"

namespace syncd {

// Thread-safe, since it never changes.
class Guard {
 public:
  // Without a token: for a server that listens on loopback only.
  explicit Guard(std::optional<std::string> token) : token_(std::move(token)) {}

  // 401 (no token, or another) or 403 (a page of another site is behind it), or nothing: go ahead.
  // Without a token a browser on this machine is what has to be feared: any page can make it post
  // to loopback, and a name that its owner points to 127.0.0.1 makes that page same-origin. So the
  // Host must be loopback's, and the Origin, if there is one, the same.
  std::optional<HttpResponse> Refuse(const HttpRequest& request) const;

 private:
  std::optional<HttpResponse> RefuseWithoutToken(const HttpRequest& request) const;

  const std::optional<std::string> token_;
};

}  // namespace syncd

#endif  // SYNCD_HTTP_GUARD_H_
