// What the daemon tells Prometheus.
#ifndef SYNCD_DAEMON_METRICS_H_
#define SYNCD_DAEMON_METRICS_H_

#include <indexswap/engine.h>

#include <optional>
#include <string>
#include <vector>

#include "syncd/daemon/intake.h"
#include "syncd/report/report.h"
#include "syncd/sync/runner.h"

namespace syncd {

// The text of all metrics (format 0.0.4), each line ended with a line feed. `status` may be null.
// docs/http.md lists them. Labels are names of channels, aliases and generations, never of people.
std::string DaemonMetrics(const indexswap::ReleaseStatus* status, const LocalStatus& local,
                          const std::vector<IntakeState>& intakes,
                          const std::optional<SyncOutcome>& last);

// The same for whether this process is the writer, or a standby.
std::string RoleMetrics(bool active);

}  // namespace syncd

#endif  // SYNCD_DAEMON_METRICS_H_
