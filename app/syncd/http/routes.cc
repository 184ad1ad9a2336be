#include "syncd/http/routes.h"

#include <absl/strings/str_split.h>

#include <vector>

namespace syncd {
namespace {

constexpr size_t kPathBytesMax = 1024;

struct Entry {
  std::string_view method;
  std::string_view path;  // a segment in braces stands for any one
  Call call;
};

constexpr Entry kEntries[] = {
    {"POST", "/api/sync", Call::kStartSync},
    {"GET", "/api/sync", Call::kStartSync},
    {"POST", "/api/sync/cancel", Call::kCancelSync},
    {"GET", "/api/plan", Call::kPlan},
    {"GET", "/api/status", Call::kStatus},
    {"POST", "/api/rollback", Call::kRollback},
    {"POST", "/api/prune", Call::kPrune},
    {"POST", "/api/adopt", Call::kAdopt},
    {"GET", "/api/dead-letters", Call::kListDeadLetters},
    {"GET", "/api/dead-letters/{id}", Call::kShowDeadLetter},
    {"DELETE", "/api/dead-letters/{id}", Call::kDropDeadLetter},
    {"POST", "/api/dead-letters/{id}/retry", Call::kRetryDeadLetter},
    {"POST", "/api/channels/{name}/messages", Call::kTakeMessages},
    {"GET", "/healthz", Call::kHealth},
    {"GET", "/readyz", Call::kReady},
    {"GET", "/metrics", Call::kMetrics},
    {"GET", "/", Call::kPage},
};

std::vector<std::string> Segments(std::string_view path) {
  return absl::StrSplit(absl::string_view(path.data(), path.size()), '/');
}

bool Matches(std::string_view pattern, const std::vector<std::string>& path,
             std::string* argument) {
  const std::vector<std::string> wanted = Segments(pattern);
  if (wanted.size() != path.size()) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i].empty() && wanted[i].front() == '{') {
      if (path[i].empty()) return false;
      *argument = path[i];
    } else if (wanted[i] != path[i]) {
      return false;
    }
  }
  return true;
}

// `path` without the prefix; as it is if it doesn't stand under it.
std::string_view WithoutBase(std::string_view path, std::string_view base_path) {
  const bool under = !base_path.empty() && path.substr(0, base_path.size()) == base_path &&
                     path.size() > base_path.size() && path[base_path.size()] == '/';
  return under ? path.substr(base_path.size()) : path;
}

void Allow(std::string_view method, std::string* allow) {
  if (!allow->empty()) *allow += ", ";
  *allow += method;
  if (method == "GET") *allow += ", HEAD";
}

}  // namespace

bool Route::guarded() const {
  switch (call) {
    case Call::kStartSync:
    case Call::kCancelSync:
    case Call::kRollback:
    case Call::kPrune:
    case Call::kAdopt:
    case Call::kShowDeadLetter:
    case Call::kDropDeadLetter:
    case Call::kRetryDeadLetter:
    case Call::kTakeMessages:
      return true;
    default:
      return false;
  }
}

bool Route::takes_body() const {
  return guarded() && call != Call::kShowDeadLetter && call != Call::kDropDeadLetter;
}

Route FindRoute(std::string_view method, std::string_view path, std::string_view base_path,
                bool get_starts_sync) {
  Route route;
  if (path.size() > kPathBytesMax) return route;
  if (!base_path.empty() && path == base_path) {
    route.name = "/";
    const bool get = method == "GET" || method == "HEAD";
    route.kind = get ? Route::Kind::kFound : Route::Kind::kNoSuchMethod;
    route.call = Call::kPageRedirect;
    route.allow = "GET, HEAD";
    return route;
  }
  const std::vector<std::string> segments = Segments(WithoutBase(path, base_path));
  for (const Entry& entry : kEntries) {
    const bool starts_sync = entry.call == Call::kStartSync && entry.method == "GET";
    if (starts_sync && !get_starts_sync) continue;
    if (!Matches(entry.path, segments, &route.argument)) continue;
    route.name = std::string(entry.path);
    const bool head = method == "HEAD" && entry.method == "GET" && !starts_sync;
    if (method == entry.method || head) {
      route.kind = Route::Kind::kFound;
      route.call = entry.call;
      return route;
    }
    route.kind = Route::Kind::kNoSuchMethod;
    if (starts_sync) {
      route.allow += ", GET";  // HEAD must not start anything
    } else {
      Allow(entry.method, &route.allow);
    }
  }
  return route;
}

}  // namespace syncd
