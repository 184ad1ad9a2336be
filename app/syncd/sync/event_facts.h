// What a state folder knows of live events: of those that there were, and of the generations that
// get them.
#ifndef SYNCD_SYNC_EVENT_FACTS_H_
#define SYNCD_SYNC_EVENT_FACTS_H_

#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "syncd/readmodel/event_log.h"
#include "syncd/sync/warm_set.h"

namespace syncd {

struct EventFacts {
  uint64_t head = 0;                     // the position of the last event
  std::set<uint64_t> files;              // generations with a file that is of use
  std::set<uint64_t> warm;               // those that get every event, as far as is known
  std::map<uint64_t, std::string> cold;  // those that get none any more, and why
};

// As the process that keeps generations up to date has them.
absl::StatusOr<EventFacts> FactsOf(const std::string& state_dir, EventLog& log,
                                   const WarmSet& warm);

// As they would be once a command had taken the folder's lock and the lease: what is out of date
// counts as not there. Changes nothing and takes neither.
absl::StatusOr<EventFacts> ReadEventFacts(const std::string& state_dir,
                                          const indexswap::ReleaseStatus& status);

}  // namespace syncd

#endif  // SYNCD_SYNC_EVENT_FACTS_H_
