// Reads a plan from its folder, or from the texts of its files.
//
// Errors are kInvalidArgument (kNotFound where a file is missing) and say file, line, key and what
// was expected: `plan.toml:12: [[channel]] "tcs": key "kind": expected "snapshot" or "events", got
// "snapshots"`. Thread-safe.
#ifndef SYNCD_PLAN_PLAN_READER_H_
#define SYNCD_PLAN_PLAN_READER_H_

#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <string_view>

#include "syncd/plan/plan.h"

namespace syncd {

// Reads `dir`/plan.toml and the files that it names. The SQL is not looked at here: it is checked
// when a generation file is created (CheckViews in syncd/readmodel/generation_file.h).
absl::StatusOr<Plan> ReadPlan(const std::string& dir);

// The same from texts: what Plan::files holds gives the same plan again.
absl::StatusOr<Plan> PlanFromFiles(const std::map<std::string, std::string>& files);

// The folder of a plan that is shipped with syncd, such as `tis`: where it was installed, else in
// the source tree. kNotFound names the places that were searched.
absl::StatusOr<std::string> ShippedPlanDir(std::string_view name);

}  // namespace syncd

#endif  // SYNCD_PLAN_PLAN_READER_H_
