// What is sent when a new generation has gone live.
#ifndef SYNCD_SYNC_ANNOUNCE_H_
#define SYNCD_SYNC_ANNOUNCE_H_

#include <indexswap/engine.h>
#include <indexswap/observer.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "syncd/plan/plan.h"
#include "syncd/wiring.h"

namespace syncd {

// The aliases that no swap moves, since concrete indexes have their names.
std::vector<std::string> PendingOf(const indexswap::ReleaseStatus& status);

// Publishes `after_swap` of the plan, if it has one and channels are read from queues: services
// that still rebuild from the master hear that it is ready. Not while aliases are `pending`: they
// would read the old one. When the broker is not reached, `again` is asked whether to try once
// more; that nobody can be told is a warning. Returns whether there is nothing more to be told.
bool AnnounceSwap(
    const Plan& plan, Sources& sources, const std::vector<std::string>& pending,
    const std::function<void(indexswap::Observer::Severity, const std::string&)>& note,
    const std::function<void(std::string_view)>& step, const std::function<bool()>& again);

}  // namespace syncd

#endif  // SYNCD_SYNC_ANNOUNCE_H_
