#include "syncd/cli/steps.h"

#include <csignal>
#include <cstdlib>
#include <cstring>

namespace syncd {
namespace {

bool AnySet() {
  return std::getenv("SYNCD_TEST_KILL_AT") != nullptr ||
         std::getenv("SYNCD_TEST_STOP_AT") != nullptr || std::getenv("SYNCD_TEST_STEPS") != nullptr;
}

}  // namespace

Steps::Steps() : armed_(AnySet()) {
  kill_ = TrapFrom("SYNCD_TEST_KILL_AT");
  stop_ = TrapFrom("SYNCD_TEST_STOP_AT");
  if (const char* file = std::getenv("SYNCD_TEST_STEPS")) trace_ = std::fopen(file, "ae");
}

Steps::~Steps() {
  if (trace_ != nullptr) std::fclose(trace_);
}

std::optional<Steps::Trap> Steps::TrapFrom(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return std::nullopt;
  Trap trap;
  const char* hash = std::strrchr(value, '#');
  trap.step = hash == nullptr ? value : std::string(value, hash);
  if (hash != nullptr) trap.countdown = std::atoi(hash + 1);
  return trap;
}

void Steps::Spring(std::optional<Trap>& trap, std::string_view step, int signal) {
  if (trap && trap->step == step && --trap->countdown == 0) std::raise(signal);
}

void Steps::Reached(std::string_view step) {
  if (!armed_) return;
  const std::lock_guard lock(mutex_);
  if (trace_ != nullptr) {
    std::fprintf(trace_, "%.*s\n", static_cast<int>(step.size()), step.data());
    std::fflush(trace_);
  }
  Spring(kill_, step, SIGKILL);
  Spring(stop_, step, SIGSTOP);
}

}  // namespace syncd
