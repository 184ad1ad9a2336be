// The first half of taking over another program's indexes: reading them into a generation's file.
#ifndef SYNCD_SYNC_ADOPT_H_
#define SYNCD_SYNC_ADOPT_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/engine.h>

#include <cstdint>
#include <map>
#include <string>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/generation_file.h"
#include "syncd/sync/hooks.h"

namespace syncd {

// What RunInfo::source says of a build that took over another program's indexes.
inline constexpr char kAdoptedSource[] = "adopt";

// Makes the file `path` of generation `generation` from every document of the sources, by the
// plan's `hydrate`. Returns how many each index had, by its name. Nothing is left behind by an
// error; kCancelled if somebody wants the run to stop. `keep_room` is asked once a page, and its
// error ends it.
absl::StatusOr<std::map<std::string, uint64_t>> ReadAdopted(
    indexswap::Engine& engine, const Plan& plan, const indexswap::AdoptionPlan& adoption,
    uint64_t generation, const std::string& path, const RunInfo& run, RunHooks& hooks,
    const std::function<absl::Status()>& keep_room);

// `ended`, for such a build: every index was read to its end.
indexswap::GateResult JudgeRead(const indexswap::AdoptionPlan& adoption,
                                const std::map<std::string, uint64_t>& read);

}  // namespace syncd

#endif  // SYNCD_SYNC_ADOPT_H_
