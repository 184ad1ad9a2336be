// Named steps of a workflow: traced, and made to fail on purpose, by the environment.
//
// For tests of crashes: SYNCD_TEST_KILL_AT="swap.before#2" kills the process (SIGKILL) the second
// time that it comes to that step, SYNCD_TEST_STOP_AT likewise stops it (SIGSTOP), and
// SYNCD_TEST_STEPS=FILE appends the name of each step to a file. docs/testing.md lists the names.
#ifndef SYNCD_CLI_STEPS_H_
#define SYNCD_CLI_STEPS_H_

#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace syncd {

// Thread-safe.
class Steps {
 public:
  Steps();
  ~Steps();

  // The step of that name has been reached. Costs nothing unless one of the variables is set.
  void Reached(std::string_view step);

 private:
  struct Trap {
    std::string step;
    int countdown = 1;
  };

  static std::optional<Trap> TrapFrom(const char* variable);
  static void Spring(std::optional<Trap>& trap, std::string_view step, int signal);

  std::mutex mutex_;
  std::optional<Trap> kill_;
  std::optional<Trap> stop_;
  std::FILE* trace_ = nullptr;
  const bool armed_;
};

}  // namespace syncd

#endif  // SYNCD_CLI_STEPS_H_
