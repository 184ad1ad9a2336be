#include "syncd/sync/unknown_outcome.h"

#include <absl/strings/str_format.h>
#include <absl/time/clock.h>
#include <absl/time/time.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace syncd {
namespace {

std::string PathIn(const std::string& folder) {
  return (std::filesystem::path(folder) / "unknown-outcome").string();
}

}  // namespace

void KeepUnknownOutcome(const std::string& folder, const std::string& command,
                        const absl::Status& status) {
  std::ofstream out(PathIn(folder), std::ios::binary | std::ios::trunc);
  out << absl::StrFormat("`%s` ended at %s with an open outcome: %s", command,
                         absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone()),
                         std::string(status.message()));
}

void ForgetUnknownOutcome(const std::string& folder) {
  std::error_code error;
  std::filesystem::remove(PathIn(folder), error);
}

std::string UnknownOutcome(const std::string& folder) {
  std::ifstream in(PathIn(folder), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace syncd
