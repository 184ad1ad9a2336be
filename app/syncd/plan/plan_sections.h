// The parts of plan.toml as values. Internal to plan/: includes toml++.
#ifndef SYNCD_PLAN_PLAN_SECTIONS_H_
#define SYNCD_PLAN_PLAN_SECTIONS_H_

#include "syncd/plan/plan.h"
#include "syncd/plan/toml_section.h"

namespace syncd {

// Fills everything of `plan` but `files`, `hash` and the families' types from the root table.
// Checks references between the parts. Errors go to `errors`; `plan` is of no use then.
void ReadSections(const toml::table& root, TomlErrors& errors, Plan& plan);

// Reads one [[query]]; behind the aliases.
void ReadQuery(TomlSection& section, Plan& plan);

// kInvalidArgument, with file and line, unless `text` can be the body of `query`.
absl::Status CheckQueryBody(const PlanQuery& query, std::string_view text);

}  // namespace syncd

#endif  // SYNCD_PLAN_PLAN_SECTIONS_H_
