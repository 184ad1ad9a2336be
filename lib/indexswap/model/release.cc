#include <absl/strings/str_format.h>
#include <indexswap/names.h>
#include <indexswap/release.h>

#include <algorithm>
#include <set>

#include "indexswap/json/canonical.h"

namespace indexswap {
namespace {

absl::Status CheckJson(std::string_view where, const std::string& text) {
  if (const auto parsed = CanonicalJson(text); !parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %s", where, std::string(parsed.status().message())));
  }
  return absl::OkStatus();
}

// Of a text that is JSON.
bool IsObject(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

absl::Status CheckFamily(const FamilySpec& family) {
  if (absl::Status s = ValidateFamilyName(family.name); !s.ok()) return s;
  const std::string where = absl::StrFormat("family %s", family.name);
  if (absl::Status s = CheckJson(where + ", mappings", family.mappings); !s.ok()) return s;
  return CheckJson(where + ", settings", family.settings);
}

}  // namespace

absl::Status ReleaseSpec::Validate() const {
  if (absl::Status s = ValidateFamilyName(name); !s.ok()) return s;
  if (families.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat("release %s has no family", name));
  }
  std::set<std::string> family_names, alias_names, read;
  for (const FamilySpec& family : families) {
    if (absl::Status s = CheckFamily(family); !s.ok()) return s;
    if (!family_names.insert(family.name).second) {
      return absl::InvalidArgumentError(absl::StrFormat("family %s is named twice", family.name));
    }
  }
  for (const AliasSpec& alias : aliases) {
    if (absl::Status s = ValidateAliasName(alias.name); !s.ok()) return s;
    if (!alias_names.insert(alias.name).second) {
      return absl::InvalidArgumentError(absl::StrFormat("alias %s is named twice", alias.name));
    }
    if (!family_names.contains(alias.family)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "alias %s reads %s, which is no family of release %s", alias.name, alias.family, name));
    }
    read.insert(alias.family);
    if (absl::Status s = CheckJson("alias " + alias.name + ", filter", alias.filter); !s.ok()) {
      return s;
    }
  }
  std::set<std::string> query_names;
  for (const QuerySpec& query : queries) {
    if (!query_names.insert(query.name).second) {
      return absl::InvalidArgumentError(absl::StrFormat("query %s is named twice", query.name));
    }
    if (!alias_names.contains(query.alias)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("query %s is sent through %s, which is no alias of release %s",
                          query.name, query.alias, name));
    }
    const std::string where = absl::StrFormat("query %s, body", query.name);
    if (absl::Status s = CheckJson(where, query.body); !s.ok()) return s;
    if (!IsObject(query.body)) {
      return absl::InvalidArgumentError(where + ": expected a JSON object");
    }
  }
  for (const std::string& family : family_names) {
    if (!read.contains(family)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("family %s has no alias: nobody could read it", family));
    }
  }
  return absl::OkStatus();
}

const FamilySpec* ReleaseSpec::FindFamily(std::string_view family) const {
  const auto found = std::find_if(families.begin(), families.end(),
                                  [&](const FamilySpec& f) { return f.name == family; });
  return found == families.end() ? nullptr : &*found;
}

AliasTable WantedAliases(const std::vector<AliasSpec>& aliases, uint64_t generation) {
  AliasTable table;
  for (const AliasSpec& alias : aliases) {
    const auto filter = CanonicalJson(alias.filter);
    table[alias.name] = {
        {IndexName(alias.family, generation), filter.ok() ? *filter : alias.filter}};
  }
  return table;
}

}  // namespace indexswap
