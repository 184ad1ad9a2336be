// Aliases: views over the tables, all changed in one transaction.
#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <algorithm>
#include <set>
#include <utility>

#include "indexswap/json/canonical.h"
#include "indexswap/query/filter.h"
#include "indexswap/query/resolved_filter.h"
#include "indexswap/sqlite/filter_sql.h"
#include "indexswap/sqlite/schema.h"
#include "indexswap/sqlite/sqlite_store.h"

namespace indexswap {
namespace {

// Beyond it the rules of this day's zones are anyone's guess.
constexpr int kLastZoneYear = 2100;

absl::StatusOr<std::vector<AliasTarget>> TargetsOf(Connection& connection,
                                                   const std::string& alias) {
  std::vector<AliasTarget> targets;
  Statement select(connection.raw(),
                   "SELECT name, filter FROM indexswap_alias WHERE alias=? ORDER BY name");
  select.Bind(alias);
  while (true) {
    absl::StatusOr<bool> row = select.Step();
    if (!row.ok()) return row.status();
    if (!*row) return targets;
    targets.push_back({std::string(select.Text(0)), std::string(select.Text(1))});
  }
}

absl::Status CheckAliasName(Connection& connection, const std::string& alias, bool is_alias) {
  absl::Status valid = ValidateAliasName(alias);
  if (!valid.ok()) return valid;
  if (IsReservedName(alias)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("alias `%s`: names with `indexswap_` or `sqlite_` are taken", alias));
  }
  if (is_alias) return absl::OkStatus();
  absl::StatusOr<std::string> kind = KindOf(connection, alias);
  if (!kind.ok()) return kind.status();
  if (kind->empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "alias `%s`: a %s of that name is there (SQLite does not tell upper from lower case)", alias,
      *kind));
}

// The one of `created` that has this name, or nullptr.
const IndexDefinition* FindCreated(const std::vector<IndexDefinition>& created,
                                   const std::string& name) {
  const auto found = std::ranges::find_if(
      created, [&](const IndexDefinition& index) { return index.name == name; });
  return found == created.end() ? nullptr : &*found;
}

// Carries out one action on the targets of its alias.
absl::Status Apply(Connection& connection, const AliasAction& action,
                   const std::vector<IndexDefinition>& created, std::vector<AliasTarget>& targets) {
  const auto found =
      std::find_if(targets.begin(), targets.end(),
                   [&action](const AliasTarget& target) { return target.index == action.index; });
  if (action.kind == AliasAction::Kind::kRemove) {
    if (found == targets.end()) {
      return absl::FailedPreconditionError(
          absl::StrFormat("alias `%s` does not point at `%s`", action.alias, action.index));
    }
    targets.erase(found);
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> kind = KindOf(connection, action.index);
  if (!kind.ok()) return kind.status();
  const bool is_there = *kind == "table" || FindCreated(created, action.index) != nullptr;
  if (!is_there || IsReservedName(action.index)) {
    return absl::NotFoundError(
        absl::StrFormat("no index `%s` for alias `%s`", action.index, action.alias));
  }
  absl::StatusOr<std::string> filter = CanonicalJson(action.filter);
  if (!filter.ok()) return filter.status();
  if (found != targets.end()) {
    found->filter = *filter;
  } else {
    targets.push_back({action.index, *filter});
  }
  std::sort(targets.begin(), targets.end());
  return absl::OkStatus();
}

// A file like this was never the store of another program.
absl::Status OnlyOwn(const std::string& index) {
  return absl::FailedPreconditionError(absl::StrFormat(
      "`%s`: an embedded store has only tables that indexswap made, so there is nothing in it to "
      "adopt; adopt takes over the indexes of a search cluster ([store] url = \"http…\")",
      index));
}

absl::Status AppendZone(const std::string& zone, std::vector<std::string>& statements) {
  absl::StatusOr<std::vector<ZonePeriod>> periods = ZonePeriods(zone, kLastZoneYear);
  if (!periods.ok()) return periods.status();
  std::string rows;
  for (const ZonePeriod& period : *periods) {
    if (!rows.empty()) rows += ",";
    rows += absl::StrFormat("(%s,%d,%d,%d)", QuoteText(zone), period.utc_from_s,
                            period.local_from_s, period.offset_s);
  }
  statements.push_back("DELETE FROM indexswap_time_zone WHERE zone=" + QuoteText(zone));
  statements.push_back("INSERT INTO indexswap_time_zone VALUES" + rows);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const ParsedMapping>> SqliteStore::MappingOf(
    Connection& connection, const std::string& index) const {
  absl::StatusOr<std::optional<std::string>> mappings =
      connection.Lookup("SELECT mappings FROM indexswap_meta WHERE name=?", {index});
  if (!mappings.ok()) return mappings.status();
  if (!*mappings) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "`%s` is no index of indexswap's: its mapping, which a filter needs, is unknown", index));
  }
  return Parse(index, **mappings);
}

absl::StatusOr<std::string> SqliteStore::Condition(
    Connection& connection, const std::string& index, const std::string& filter,
    std::optional<int64_t> now_ms, std::vector<std::string>* zones,
    const std::vector<IndexDefinition>& created) const {
  if (filter.empty()) return std::string("1");
  const IndexDefinition* later = FindCreated(created, index);
  absl::StatusOr<std::shared_ptr<const ParsedMapping>> mapping =
      later == nullptr ? MappingOf(connection, index) : Parse(index, later->mappings);
  if (!mapping.ok()) return mapping.status();
  absl::StatusOr<Filter> parsed = ParseFilter(filter);
  if (!parsed.ok()) return parsed.status();
  absl::StatusOr<ResolvedFilter> resolved = ResolveFilter(*parsed, **mapping);
  if (!resolved.ok()) return resolved.status();
  if (zones != nullptr) {
    for (std::string& zone : TimeZonesOf(*resolved)) zones->push_back(std::move(zone));
  }
  if (now_ms) resolved = FixNow(*std::move(resolved), *now_ms);
  if (!resolved.ok()) return resolved.status();
  return FilterToSql(*resolved);
}

absl::StatusOr<IndexFacts> SqliteStore::Inspect(const std::string& index) { return OnlyOwn(index); }

absl::StatusOr<std::vector<std::string>> SqliteStore::AliasStatements(
    Connection& connection, const std::vector<AliasAction>& actions,
    const std::vector<IndexDefinition>& created) const {
  std::map<std::string, std::vector<AliasTarget>> changed;
  for (const AliasAction& action : actions) {
    if (action.kind == AliasAction::Kind::kRemoveIndex) return OnlyOwn(action.index);
    auto alias = changed.find(action.alias);
    if (alias == changed.end()) {
      absl::StatusOr<std::vector<AliasTarget>> targets = TargetsOf(connection, action.alias);
      if (!targets.ok()) return targets.status();
      if (action.kind == AliasAction::Kind::kAdd) {
        absl::Status valid = CheckAliasName(connection, action.alias, !targets->empty());
        if (!valid.ok()) return valid;
      }
      alias = changed.emplace(action.alias, *std::move(targets)).first;
    }
    absl::Status applied = Apply(connection, action, created, alias->second);
    if (!applied.ok()) return applied;
  }
  std::vector<std::string> statements;
  std::vector<std::string> zones;
  for (const auto& [alias, targets] : changed) {
    statements.push_back("DROP VIEW IF EXISTS " + QuoteName(alias));
    statements.push_back("DELETE FROM indexswap_alias WHERE alias=" + QuoteText(alias));
    std::string selects;
    for (const AliasTarget& target : targets) {
      absl::StatusOr<std::string> condition =
          Condition(connection, target.index, target.filter, std::nullopt, &zones, created);
      if (!condition.ok()) {
        return absl::Status(
            condition.status().code(),
            absl::StrFormat("alias `%s`: %s", alias, std::string(condition.status().message())));
      }
      if (!selects.empty()) selects += " UNION ALL ";
      selects += absl::StrFormat("SELECT id, version, document FROM %s", QuoteName(target.index));
      if (*condition != "1") selects += " WHERE " + *condition;
      statements.push_back(absl::StrFormat("INSERT INTO indexswap_alias VALUES(%s,%s,%s)",
                                           QuoteText(alias), QuoteText(target.index),
                                           QuoteText(target.filter)));
    }
    if (!targets.empty()) {
      statements.push_back(absl::StrFormat("CREATE VIEW %s AS %s", QuoteName(alias), selects));
    }
  }
  for (const std::string& zone : std::set<std::string>(zones.begin(), zones.end())) {
    absl::Status appended = AppendZone(zone, statements);
    if (!appended.ok()) return appended;
  }
  return statements;
}

absl::Status SqliteStore::UpdateAliases(const Fence& fence,
                                        const std::vector<AliasAction>& actions) {
  return Write(
      &fence, Transaction::Durability::kPowerLoss, [&](Connection& connection) -> absl::Status {
        absl::StatusOr<std::vector<std::string>> statements = AliasStatements(connection, actions);
        if (!statements.ok()) return statements.status();
        for (const std::string& statement : *statements) {
          absl::Status done = connection.Run(statement);
          if (!done.ok()) return done;
        }
        return absl::OkStatus();
      });
}

std::vector<ExplainedRequest> SqliteStore::Explain(const Fence& fence,
                                                   const std::vector<IndexDefinition>& created,
                                                   const std::vector<AliasAction>& actions) const {
  const std::string begin = absl::StrFormat("-- only while `%s` is in force\nBEGIN IMMEDIATE;\n",
                                            LeaseName(fence.release, fence.epoch));
  std::vector<ExplainedRequest> requests;
  for (const IndexDefinition& index : created) {
    std::string body = begin;
    for (const std::string& statement : CreationStatements(fence, index)) body += statement + ";\n";
    requests.push_back({"", "", body + "COMMIT;\n"});
  }
  for (const IndexDefinition& index : created) {
    const absl::StatusOr<std::string> settings = CanonicalJson(index.settings);
    const std::string finish = FinishStatement(fence, index.name, settings.value_or(""));
    requests.push_back({"", "", begin + finish + ";\nCOMMIT;\n"});
  }
  if (!actions.empty()) requests.push_back({"", "", ExplainAliases(begin, actions, created)});
  return requests;
}

std::string SqliteStore::ExplainAliases(const std::string& begin,
                                        const std::vector<AliasAction>& actions,
                                        const std::vector<IndexDefinition>& created) const {
  std::string body = begin;
  const absl::Status read = ReadOnly([&](Connection& connection) -> absl::Status {
    absl::StatusOr<std::vector<std::string>> statements =
        AliasStatements(connection, actions, created);
    if (!statements.ok()) return statements.status();
    for (const std::string& statement : *statements) {
      if (statement.find("indexswap_time_zone VALUES") == std::string::npos) {
        body += statement + ";\n";
      }
    }
    return absl::OkStatus();
  });
  if (read.ok()) return body + "COMMIT;\n";
  std::string lines = "-- would be refused: " + std::string(read.message()) + "\n";
  for (const AliasAction& action : actions) lines += "-- " + indexswap::Describe(action) + "\n";
  return lines;
}

}  // namespace indexswap
