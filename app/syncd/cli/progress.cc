#include "syncd/cli/progress.h"

#include <absl/strings/str_format.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace syncd {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kDrawEvery{200};
constexpr std::chrono::seconds kLineEvery{5};
constexpr int kBarWidth = 12;  // with figures of millions the ETA still fits 80 columns

struct Figures {
  uint64_t done = 0;
  std::optional<uint64_t> total;
  const char* unit = "documents";
};

Figures FiguresOf(const RunProgress& progress, std::optional<uint64_t> previous) {
  Figures figures{progress.loaded, progress.total, "documents"};
  if (progress.stage == "receiving") {
    for (const auto& [name, channel] : progress.channels) figures.done += channel.records;
    figures.total = previous;
    figures.unit = "records";
  }
  return figures;
}

std::string Bar(const Figures& figures) {
  if (!figures.total || *figures.total == 0) return "";
  const double part =
      std::min(1.0, static_cast<double>(figures.done) / static_cast<double>(*figures.total));
  const int full = static_cast<int>(part * kBarWidth);
  return "[" + std::string(full, '#') + std::string(kBarWidth - full, '.') + "] ";
}

// Asked anew each time: people resize their windows.
size_t TerminalColumns() {
  winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

std::string Left(double seconds) {
  const int64_t whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) return absl::StrFormat("%dh%02dm", whole / 3600, whole / 60 % 60);
  if (whole >= 60) return absl::StrFormat("%dm%02ds", whole / 60, whole % 60);
  return absl::StrFormat("%ds", whole);
}

}  // namespace

std::string ProgressLine(const RunProgress& progress, std::optional<uint64_t> previous,
                         std::chrono::duration<double> elapsed) {
  const bool counts =
      progress.stage == "receiving" || progress.stage == "reading" || progress.stage == "loading";
  const std::string paused = progress.blocked.empty() ? "" : "; paused: " + progress.blocked;
  if (!counts) return progress.stage + paused;
  const Figures figures = FiguresOf(progress, previous);
  std::string line = absl::StrFormat("%s %s%d", progress.stage, Bar(figures), figures.done);
  if (figures.total) {
    // What the last build received is an estimate of what is to come, and is marked as one.
    absl::StrAppendFormat(&line, " of %s%d", progress.stage == "receiving" ? "about " : "",
                          *figures.total);
  }
  absl::StrAppendFormat(&line, " %s", figures.unit);
  const double rate = elapsed.count() > 0 ? static_cast<double>(figures.done) / elapsed.count() : 0;
  if (rate > 0) absl::StrAppendFormat(&line, ", %.0f/s", rate);
  if (rate > 0 && figures.total && *figures.total > figures.done) {
    absl::StrAppendFormat(&line, ", ETA %s",
                          Left(static_cast<double>(*figures.total - figures.done) / rate));
  }
  if (!progress.waits_for.empty()) line += "; waiting for " + progress.waits_for;
  return line + paused;
}

std::string FitLine(const std::string& line, size_t columns) {
  // The last column stays free, since some terminals go on to the next line when it is taken. Names
  // of channels and stages are ASCII: a byte is a column.
  if (columns == 0 || line.size() < columns) return line;
  constexpr std::string_view kCut = "...";
  if (columns <= kCut.size()) return "";
  return line.substr(0, columns - 1 - kCut.size()) + std::string(kCut);
}

void ProgressPrinter::Show(const RunProgress& progress) {
  const auto now = steady_clock::now();
  if (progress.stage != stage_) {
    stage_ = progress.stage;
    stage_began_ = now;
  } else if (now - drawn_ < (terminal_ ? std::chrono::milliseconds(kDrawEvery)
                                       : std::chrono::milliseconds(kLineEvery))) {
    return;
  }
  drawn_ = now;
  const std::string line = ProgressLine(progress, previous_, now - stage_began_);
  if (!terminal_) return spdlog::info("{}", line);
  std::fprintf(stderr, "\r\033[K%s", FitLine(line, TerminalColumns()).c_str());
  std::fflush(stderr);
  visible_ = true;
}

void ProgressPrinter::Clear() {
  if (!visible_) return;
  std::fprintf(stderr, "\r\033[K");
  std::fflush(stderr);
  visible_ = false;
}

}  // namespace syncd
