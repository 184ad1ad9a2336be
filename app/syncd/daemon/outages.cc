#include "syncd/daemon/outages.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <optional>
#include <string>

namespace syncd {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{500};
constexpr milliseconds kLongestPause{10'000};

// How long it takes at most to see that somebody wants the run to stop.
constexpr milliseconds kLook{100};

bool Passes(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

// False when interrupted.
bool Pause(const OutageTools& tools, milliseconds pause, RunHooks& hooks) {
  for (milliseconds waited{0}; waited < pause; waited += kLook) {
    if (hooks.Interrupted()) return false;
    tools.pause(kLook);
  }
  return !hooks.Interrupted();
}

}  // namespace

SyncOutcome RunThroughOutages(const OutageTools& tools, milliseconds give_up, RunHooks& hooks) {
  std::optional<std::chrono::steady_clock::time_point> until;
  for (milliseconds pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    SyncOutcome outcome = tools.run();
    if (!Passes(outcome.status) || !tools.goes_on(outcome)) return outcome;
    if (!until) until = tools.now() + give_up;
    if (tools.now() >= *until) return outcome;
    hooks.Note(indexswap::Observer::Severity::kWarning,
               absl::StrFormat("the sync goes on as soon as it can: %s",
                               std::string(outcome.status.message())));
    if (Pause(tools, pause, hooks)) continue;
    outcome.status = absl::CancelledError("interrupted while the store was away");
    outcome.state = "interrupted";
    return outcome;
  }
}

}  // namespace syncd
