// What the state folder remembers of a command that ended without knowing what its request did
// (exit code 4), for whoever looks at the status after that.
#ifndef SYNCD_SYNC_UNKNOWN_OUTCOME_H_
#define SYNCD_SYNC_UNKNOWN_OUTCOME_H_

#include <absl/status/status.h>

#include <string>

namespace syncd {

// Keeps that `command` ended with `status`, a kUnknown, at this moment. Best effort: without it
// `status` only says less.
void KeepUnknownOutcome(const std::string& folder, const std::string& command,
                        const absl::Status& status);

// Once the lease has been taken anew: now the request either has happened or never will.
void ForgetUnknownOutcome(const std::string& folder);

// What was kept, with what to do, for people; empty if nothing is open.
std::string UnknownOutcome(const std::string& folder);

}  // namespace syncd

#endif  // SYNCD_SYNC_UNKNOWN_OUTCOME_H_
