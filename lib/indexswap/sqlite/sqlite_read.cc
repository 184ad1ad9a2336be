// Reading: the state of a release, counts, documents, health.
#include <absl/strings/str_format.h>
#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <indexswap/names.h>

#include <algorithm>
#include <set>
#include <utility>

#include "indexswap/json/meta_codec.h"
#include "indexswap/query/search_body.h"
#include "indexswap/sqlite/sqlite_store.h"

namespace indexswap {
namespace {

absl::Status ReadLeases(Connection& connection, const std::string& release, StoreState& state) {
  Statement select(connection.raw(),
                   "SELECT epoch, record FROM indexswap_lease WHERE release=? ORDER BY epoch");
  select.Bind(release);
  while (true) {
    absl::StatusOr<bool> row = select.Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    Lease lease{static_cast<uint64_t>(select.Int(0)), std::nullopt, ""};
    absl::StatusOr<LeaseRecord> record = DecodeLease(select.Text(1));
    if (record.ok()) lease.record = *std::move(record);
    if (absl::IsUnimplemented(record.status()))
      lease.newer = std::string(record.status().message());
    state.leases.push_back(std::move(lease));
  }
}

absl::Status ReadIndexes(Connection& connection, const StateQuery& query, StoreState& state) {
  const std::set<std::string> families(query.families.begin(), query.families.end());
  Statement select(connection.raw(),
                   "SELECT s.name, m.meta, m.release, ifnull(z.bytes,0) FROM sqlite_schema s "
                   "LEFT JOIN indexswap_meta m ON m.name=s.name "
                   "LEFT JOIN indexswap_size z ON z.name=s.name "
                   "WHERE s.type='table' ORDER BY s.name");
  while (true) {
    absl::StatusOr<bool> row = select.Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    IndexState index;
    index.name = select.Text(0);
    const std::optional<GenerationName> name = ParseIndexName(index.name);
    if (!name || !families.contains(name->family)) continue;
    const bool ours = !select.Text(1).empty() && select.Text(2) == query.release;
    if (ours) {
      absl::StatusOr<GenerationMeta> meta = DecodeMeta(select.Text(1));
      if (absl::IsUnimplemented(meta.status())) {
        index.newer = std::string(meta.status().message());
      } else if (!meta.ok()) {
        return absl::Status(meta.status().code(),
                            index.name + ": " + std::string(meta.status().message()));
      } else {
        index.meta = *std::move(meta);
      }
      index.bytes = static_cast<uint64_t>(select.Int(3));
      // There are no private aliases: the lease in force writes to whatever is not given up.
      if (index.meta && index.meta->state != BuildState::kAbandoned && !state.leases.empty()) {
        index.write_epochs = {state.leases.front().epoch};
      }
    }
    state.indexes.push_back(std::move(index));
  }
}

absl::Status ReadAliases(Connection& connection, const StateQuery& query, StoreState& state) {
  std::set<std::string> indexes;
  for (const IndexState& index : state.indexes) indexes.insert(index.name);
  const std::set<std::string> asked(query.aliases.begin(), query.aliases.end());
  Statement select(connection.raw(),
                   "SELECT alias, name, filter FROM indexswap_alias ORDER BY alias, name");
  while (true) {
    absl::StatusOr<bool> row = select.Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    const std::string alias(select.Text(0));
    AliasTarget target{std::string(select.Text(1)), std::string(select.Text(2))};
    if (asked.contains(alias) || indexes.contains(target.index)) {
      state.aliases[alias].push_back(std::move(target));
    }
  }
  for (const std::string& alias : asked) {
    if (state.aliases.contains(alias)) continue;
    absl::StatusOr<std::string> kind = KindOf(connection, alias);
    if (!kind.ok()) return kind.status();
    if (!kind->empty()) state.concrete.push_back(alias);
  }
  return absl::OkStatus();
}

absl::Status NoSuchTarget(const std::string& target) {
  return absl::NotFoundError(absl::StrFormat("no index or alias `%s`", target));
}

}  // namespace

absl::StatusOr<StoreState> SqliteStore::Read(const StateQuery& query) {
  StoreState state;
  absl::Status read = ReadOnly([&](Connection& connection) -> absl::Status {
    absl::Status done = ReadLeases(connection, query.release, state);
    if (done.ok()) done = ReadIndexes(connection, query, state);
    if (done.ok()) done = ReadAliases(connection, query, state);
    return done;
  });
  if (!read.ok()) return read;
  return state;
}

absl::StatusOr<std::string> SqliteStore::ConditionOn(Connection& connection,
                                                     const std::string& target,
                                                     const std::string& filter,
                                                     int64_t now_ms) const {
  std::string condition = "1";
  if (filter.empty()) return condition;
  // Over an alias, the filter must hold for what it points at.
  Statement select(connection.raw(),
                   "SELECT name FROM indexswap_alias WHERE alias=?1 "
                   "UNION ALL SELECT ?1 WHERE NOT EXISTS"
                   "(SELECT 1 FROM indexswap_alias WHERE alias=?1)");
  select.Bind(target);
  for (absl::StatusOr<bool> row = select.Step(); !row.ok() || *row; row = select.Step()) {
    if (!row.ok()) return row.status();
    absl::StatusOr<std::string> each =
        Condition(connection, std::string(select.Text(0)), filter, now_ms, nullptr);
    if (!each.ok()) return each.status();
    condition = *std::move(each);
  }
  return condition;
}

absl::StatusOr<SearchFound> SqliteStore::Search(const std::string& target,
                                                const std::string& filter,
                                                const std::string& body) {
  const absl::StatusOr<SearchBody> search = ParseSearchBody(body);
  if (!search.ok()) return search.status();
  SearchFound found;
  const absl::Time began = absl::Now();
  absl::Status read = ReadOnly([&](Connection& connection) -> absl::Status {
    absl::StatusOr<std::string> kind = KindOf(connection, target);
    if (!kind.ok()) return kind.status();
    if (kind->empty()) return NoSuchTarget(target);
    std::string where;
    for (const std::string* each : {&search->query, &filter}) {
      const auto condition = ConditionOn(connection, target, *each, absl::ToUnixMillis(began));
      if (!condition.ok()) return condition.status();
      where += (where.empty() ? "(" : " AND (") + *condition + ")";
    }
    const std::string from = absl::StrFormat("FROM %s WHERE %s", QuoteName(target), where);
    const absl::StatusOr<int64_t> hits = connection.Number("SELECT count(*) " + from);
    if (!hits.ok()) return hits.status();
    found.hits = static_cast<uint64_t>(*hits);
    Statement page(connection.raw(), absl::StrFormat("SELECT id, document %s LIMIT %d OFFSET %d",
                                                     from, search->size, search->from));
    absl::StatusOr<bool> row = page.Step();
    while (row.ok() && *row) row = page.Step();
    return row.status();
  });
  if (!read.ok()) return read;
  found.took = absl::ToChronoMicroseconds(absl::Now() - began);
  return found;
}

absl::StatusOr<uint64_t> SqliteStore::Count(const std::string& target, const std::string& filter) {
  uint64_t count = 0;
  const int64_t now_ms = absl::ToUnixMillis(absl::Now());
  absl::Status read = ReadOnly([&](Connection& connection) -> absl::Status {
    absl::StatusOr<std::string> kind = KindOf(connection, target);
    if (!kind.ok()) return kind.status();
    if (kind->empty()) return NoSuchTarget(target);
    const absl::StatusOr<std::string> condition = ConditionOn(connection, target, filter, now_ms);
    if (!condition.ok()) return condition.status();
    absl::StatusOr<int64_t> number = connection.Number(
        absl::StrFormat("SELECT count(*) FROM %s WHERE %s", QuoteName(target), *condition));
    if (number.ok()) count = static_cast<uint64_t>(*number);
    return number.status();
  });
  if (!read.ok()) return read;
  return count;
}

absl::StatusOr<std::vector<StoredDocument>> SqliteStore::Fetch(
    const std::string& index, const std::vector<std::string>& ids) {
  std::vector<StoredDocument> documents;
  absl::Status read = ReadOnly([&](Connection& connection) -> absl::Status {
    absl::StatusOr<std::string> kind = KindOf(connection, index);
    if (!kind.ok()) return kind.status();
    if (kind->empty()) return NoSuchTarget(index);
    Statement select(connection.raw(), absl::StrFormat("SELECT version, document FROM %s "
                                                       "WHERE id=?",
                                                       QuoteName(index)));
    for (const std::string& id : ids) {
      select.Bind(id);
      for (absl::StatusOr<bool> row = select.Step(); !row.ok() || *row; row = select.Step()) {
        if (!row.ok()) return row.status();
        documents.push_back(
            {id, static_cast<uint64_t>(select.Int(0)), std::string(select.Text(1))});
      }
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return documents;
}

absl::Status SqliteStore::Scan(const std::string& index, size_t page_documents,
                               const ScanVisitor& visit) {
  return ReadOnly([&](Connection& connection) -> absl::Status {
    absl::StatusOr<std::string> kind = KindOf(connection, index);
    if (!kind.ok()) return kind.status();
    if (*kind != "table") return NoSuchTarget(index);
    Statement select(connection.raw(),
                     absl::StrFormat("SELECT id, version, document FROM %s", QuoteName(index)));
    std::vector<StoredDocument> page;
    absl::StatusOr<bool> row = select.Step();
    for (; row.ok() && *row; row = select.Step()) {
      page.push_back({std::string(select.Text(0)), static_cast<uint64_t>(select.Int(1)),
                      std::string(select.Text(2))});
      if (page.size() < page_documents) continue;
      absl::Status visited = visit(std::exchange(page, {}));
      if (!visited.ok()) return visited;
    }
    if (!row.ok() || page.empty()) return row.status();
    return visit(std::move(page));
  });
}

absl::StatusOr<Health> SqliteStore::CheckHealth(const std::vector<std::string>& indexes,
                                                Health::Colour) {
  Health health;
  absl::Status read = ReadOnly([&](Connection& connection) -> absl::Status {
    for (const std::string& index : indexes) {
      absl::StatusOr<std::string> kind = KindOf(connection, index);
      if (!kind.ok()) return kind.status();
      if (!kind->empty()) continue;
      health.colour = Health::Colour::kRed;
      health.detail += absl::StrFormat("%s is missing; ", index);
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  if (health.detail.empty()) {
    health.detail = absl::StrFormat("%d of %d indexes are there", indexes.size(), indexes.size());
  }
  return health;
}

absl::Status SqliteStore::Refresh(const std::string& index) {
  // What is committed is visible.
  return ReadOnly([&](Connection& connection) -> absl::Status {
    absl::StatusOr<std::string> kind = KindOf(connection, index);
    if (!kind.ok()) return kind.status();
    return kind->empty() ? NoSuchTarget(index) : absl::OkStatus();
  });
}

}  // namespace indexswap
