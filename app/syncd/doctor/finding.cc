#include "syncd/doctor/finding.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <iterator>

namespace syncd {

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kOk:
      return "ok";
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "";
}

bool Findings::StopsSync() const {
  return std::any_of(list_.begin(), list_.end(), [](const Finding& f) { return f.stops_sync; });
}

size_t Findings::Count(Severity severity) const {
  return static_cast<size_t>(std::count_if(list_.begin(), list_.end(), [&](const Finding& finding) {
    return finding.severity == severity;
  }));
}

std::string BytesForPeople(uint64_t bytes) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return absl::StrFormat("%d bytes", bytes);
  double number = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (number >= 1024 && unit + 1 < std::size(kUnits)) {
    number /= 1024;
    ++unit;
  }
  return absl::StrFormat("%.1f %s", number, kUnits[unit]);
}

}  // namespace syncd
