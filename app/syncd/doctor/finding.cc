#include "syncd/doctor/finding.h"

#include <algorithm>

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

}  // namespace syncd
