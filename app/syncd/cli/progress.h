// How a run looks while it goes on: a bar with rate and ETA on a terminal, plain lines elsewhere.
#ifndef SYNCD_CLI_PROGRESS_H_
#define SYNCD_CLI_PROGRESS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "syncd/sync/hooks.h"

namespace syncd {

// One progress as a line for people: stage, figures, rate, and the time that is left where a total
// is known. `previous` are the records received when the last build was made, as an estimate of
// what is to come; nothing if unknown. `elapsed` is since the stage began.
std::string ProgressLine(const RunProgress& progress, std::optional<uint64_t> previous,
                         std::chrono::duration<double> elapsed);

// A line cut to what fits on one of `columns`, its end marked: what runs on to a second line of a
// terminal can't be drawn again in place. `columns` of 0 are not known: the line stays whole.
std::string FitLine(const std::string& line, size_t columns);

// Prints progress to stderr. Not thread-safe.
class ProgressPrinter {
 public:
  // `terminal`: a bar that is drawn again in place, else a line every five seconds.
  explicit ProgressPrinter(bool terminal) : terminal_(terminal) {}
  ~ProgressPrinter() { Clear(); }

  void set_previous(std::optional<uint64_t> records) { previous_ = records; }

  // Draws if it is time to.
  void Show(const RunProgress& progress);

  // Takes the bar away, so that something else can be printed.
  void Clear();

 private:
  const bool terminal_;
  std::optional<uint64_t> previous_;
  std::string stage_;
  std::chrono::steady_clock::time_point stage_began_;
  std::chrono::steady_clock::time_point drawn_;
  bool visible_ = false;
};

}  // namespace syncd

#endif  // SYNCD_CLI_PROGRESS_H_
