// The calls of the HTTP interface: which path and method is which, and what a call needs.
#ifndef SYNCD_HTTP_ROUTES_H_
#define SYNCD_HTTP_ROUTES_H_

#include <string>
#include <string_view>

namespace syncd {

enum class Call {
  kStartSync,
  kCancelSync,
  kPlan,
  kStatus,
  kRollback,
  kPrune,
  kAdopt,
  kListDeadLetters,
  kShowDeadLetter,
  kDropDeadLetter,
  kRetryDeadLetter,
  kTakeMessages,
  kHealth,
  kReady,
  kMetrics,
  kPage,
  kPageRedirect,  // the page's address without the slash that its relative links need
};

// Where a request goes.
struct Route {
  enum class Kind { kFound, kNoSuchPath, kNoSuchMethod };
  Kind kind = Kind::kNoSuchPath;
  Call call = Call::kStatus;  // for kFound
  std::string name;           // the path with placeholders, for metrics; empty for kNoSuchPath
  std::string argument;       // what stands for the placeholder
  std::string allow;          // for kNoSuchMethod: the methods of this path

  // Whether the call changes something, or shows what is about people: it needs the token.
  bool guarded() const;
  // Whether a body is read; any other call ignores it.
  bool takes_body() const;
};

// Finds the route. `path` is percent-decoded; `base_path` is empty or begins, and doesn't end, with
// a slash: every call is there with and without it. HEAD goes where GET goes, if that changes
// nothing. `get_starts_sync`: whether GET is a method of /api/sync.
Route FindRoute(std::string_view method, std::string_view path, std::string_view base_path,
                bool get_starts_sync);

}  // namespace syncd

#endif  // SYNCD_HTTP_ROUTES_H_
