// The recorded queries of a plan.
#include <absl/status/status.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "syncd/plan/plan_sections.h"
#include "syncd/plan/section_checks.h"

namespace syncd {
namespace {

namespace json = boost::json;

constexpr double kMaxSlowerMost = 1000;

}  // namespace

void ReadQuery(TomlSection& section, Plan& plan) {
  PlanQuery query;
  query.name = ReadName(section);
  CheckUnique(section, plan.queries, query.name);
  query.alias = section.Required("alias");
  const bool known = std::ranges::any_of(
      plan.aliases, [&](const indexswap::AliasSpec& alias) { return alias.name == query.alias; });
  if (!known) {
    section.Fail("alias",
                 absl::StrFormat("expected the name of an [[alias]], got \"%s\"", query.alias));
  }
  query.body_file = section.Required("body");
  if (!IsFileName(query.body_file)) {
    section.Fail("body", "expected the name of a JSON file beside plan.toml");
  }
  if (section.Has("max_shrink")) {
    query.max_shrink = section.Number("max_shrink", 0);
    if (!(*query.max_shrink >= 0 && *query.max_shrink <= 1)) {
      section.Fail("max_shrink",
                   "expected a number from 0 to 1: the part of its hits that it may "
                   "lose");
    }
  }
  if (section.Has("shrink_slack")) query.shrink_slack = section.Count("shrink_slack", 0);
  query.max_slower = section.Number("max_slower", 0);
  const bool lawful =
      query.max_slower == 0 || (query.max_slower > 1 && query.max_slower <= kMaxSlowerMost);
  if (!lawful) {
    section.Fail("max_slower",
                 "expected 0, or a number above 1 up to 1000: so many times as long "
                 "as on the live index");
  }
  plan.queries.push_back(std::move(query));
}

absl::Status CheckQueryBody(const PlanQuery& query, std::string_view text) {
  json::stream_parser parser;
  json::error_code error;
  const size_t used = parser.write(text.data(), text.size(), error);
  if (!error) parser.finish(error);
  if (!error && parser.release().is_object()) return absl::OkStatus();
  const auto line =
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(used), '\n');
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s:%d: the body of [[query]] \"%s\": expected a search request as a JSON object%s%s",
      query.body_file, error ? line + 1 : 1, query.name, error ? ", but: " : ", got another value",
      error ? error.message() : ""));
}

}  // namespace syncd
