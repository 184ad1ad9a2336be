#include "syncd/cli/foreground.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

namespace syncd {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

void Interrupt(int) { interrupted = true; }

}  // namespace

void HandleSignals() {
  struct sigaction action = {};
  action.sa_handler = Interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

ForegroundHooks::ForegroundHooks(CliObserver& observer)
    : observer_(observer), printer_(isatty(STDERR_FILENO) == 1) {}

void ForegroundHooks::Note(indexswap::Observer::Severity severity, const std::string& text) {
  printer_.Clear();
  observer_.OnNote(severity, text);
}

bool ForegroundHooks::Interrupted() { return interrupted; }

}  // namespace syncd
