// The port between the HTTP interface and the daemon: the server (server.h) turns requests into
// calls of an Api and its answers into responses; the daemon implements it. The contract of each
// call, as users see it, is in docs/http.md.
#ifndef SYNCD_HTTP_API_H_
#define SYNCD_HTTP_API_H_

#include <absl/status/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncd {

// The answer to one call.
struct ApiAnswer {
  int status = 200;  // HTTP status
  std::string json;  // the body: one JSON object
};

// What a sync is asked to do. With nothing set: rebuild everything and swap.
struct ApiSyncRequest {
  std::optional<uint64_t> promote;      // only promote this generation, which a gate has stopped
  std::vector<std::string> overrides;   // names of gates to let through; not checked yet
  std::optional<std::string> if_state;  // `state` of the plan that the caller has seen
};

// What an adoption is asked to do. With nothing set: take over what another program made.
struct ApiAdoptRequest {
  std::vector<std::string> take_names;  // turn these names of concrete indexes into aliases
  std::vector<std::string> overrides;   // gates of that to let through; not checked yet
};

// What a rollback is asked to do. With nothing set: back to what the live generation replaced.
struct ApiRollbackRequest {
  std::optional<uint64_t> to;
  bool accept_loss = false;
  bool dry_run = false;                 // only say what would be done
  std::optional<std::string> if_state;  // `state` of the plan, or dry run, that the caller has seen
};

// What the daemon can be asked over HTTP.
// Thread-safe: the server calls it from several threads at once. Every method returns quickly
// unless it says otherwise; whatever takes longer goes on after the answer. None throws; a failure
// is an answer made by ApiError.
class Api {
 public:
  virtual ~Api() = default;

  // Whether GET /api/sync starts a sync (the plan's `get_starts_sync`). Must not change while the
  // server runs.
  virtual bool get_starts_sync() const = 0;

  // Starts a run, or finds the one under way: 202
  // {"run":13,"state":"receiving","already_running":false}.
  virtual ApiAnswer StartSync(const ApiSyncRequest& request) = 0;
  // Abandons the run's build; live is untouched. 409 if no run is under way.
  virtual ApiAnswer CancelSync() = 0;
  // 200, the object that `status --json` prints.
  virtual ApiAnswer Status() = 0;
  // 200, the object that `plan --json` prints. May take seconds: it asks the store.
  virtual ApiAnswer Plan() = 0;
  // Back to `to`, or to the generation that live replaced. May take seconds. 409 with what would
  // be lost unless accept_loss, and with what has moved unless the state is `if_state`. With
  // `dry_run` 200, the object that `rollback --dry-run --json` prints; nothing is changed.
  virtual ApiAnswer Rollback(const ApiRollbackRequest& request) = 0;
  // 200, the object that `prune --json` prints. May take seconds.
  virtual ApiAnswer Prune(bool dry_run) = 0;
  // Starts a run that takes over what another program made, as StartSync: 202; 409 when there is
  // nothing of the kind. With `take_names` 200, the object that `adopt --take-names --json` prints;
  // that may take seconds.
  virtual ApiAnswer Adopt(const ApiAdoptRequest& request) = 0;

  // 200, the object that `dead-letters list --json` prints: no bodies.
  virtual ApiAnswer DeadLetters() = 0;
  // One of them with its body, by an id such as "13-1". An unknown one, and an id that could be
  // none: 404.
  virtual ApiAnswer DeadLetter(const std::string& id) = 0;
  virtual ApiAnswer RetryDeadLetter(const std::string& id) = 0;
  virtual ApiAnswer DropDeadLetter(const std::string& id) = 0;

  // Takes messages straight into a channel, all or none: 202 once they are durable, which may take
  // a commit's time. The bodies are what a queue would have brought; at least one. 404 for an
  // unknown channel.
  virtual ApiAnswer TakeMessages(const std::string& channel,
                                 const std::vector<std::string>& bodies) = 0;

  // Why the daemon can't serve yet (GET /readyz is 503 with it); nothing: it is ready.
  virtual std::optional<std::string> NotReady() = 0;
  // Prometheus text (format 0.0.4) of everything except what the server itself counts
  // (syncd_http_…). Each line ends with a line feed. No names or GMC numbers of people.
  virtual std::string Metrics() = 0;
};

// {"error":{"code":…,"message":…}}, with this HTTP status. `code` is a word for programs, `message`
// a sentence for people; bytes that are no UTF-8 are replaced.
ApiAnswer ApiError(int status, std::string_view code, std::string_view message);
// The same for an error (must not be OK): kInvalidArgument and kOutOfRange 400, kUnauthenticated
// 401, kPermissionDenied 403, kNotFound 404, kFailedPrecondition, kAborted, kAlreadyExists and
// kCancelled 409, kResourceExhausted 429, kUnimplemented 501, kUnavailable 503, kUnknown and
// kDeadlineExceeded 504, anything else 500. The codes are those of the command line's JSON.
ApiAnswer ApiError(const absl::Status& status);

}  // namespace syncd

#endif  // SYNCD_HTTP_API_H_
