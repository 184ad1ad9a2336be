// What several parts of plan.toml check alike. Internal to plan/: includes toml++.
#ifndef SYNCD_PLAN_SECTION_CHECKS_H_
#define SYNCD_PLAN_SECTION_CHECKS_H_

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "syncd/plan/toml_section.h"

namespace syncd {

// A file beside plan.toml: no folders, so a plan never reads outside its own.
inline bool IsFileName(std::string_view name) {
  return !name.empty() && name[0] != '.' && name.find('/') == std::string_view::npos;
}

// Reads the name that a [[table]] has, and puts it into the titles of later errors.
inline std::string ReadName(TomlSection& section) {
  std::string name = section.Required("name");
  section.set_title(absl::StrCat(section.title(), " \"", name, "\""));
  return name;
}

// Reports a name that an earlier one of `all` has.
template <typename T>
void CheckUnique(TomlSection& section, const std::vector<T>& all, const std::string& name) {
  if (std::ranges::any_of(all, [&](const T& one) { return one.name == name; })) {
    section.Fail("name", "this name is taken by an earlier one; expected another");
  }
}

}  // namespace syncd

#endif  // SYNCD_PLAN_SECTION_CHECKS_H_
