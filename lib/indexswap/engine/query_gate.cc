#include "indexswap/engine/query_gate.h"

#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "indexswap/engine/judgement.h"

namespace indexswap {
namespace {

using std::chrono::microseconds;

// How often each query runs on each side: the first fills caches, the fastest counts.
constexpr int kRuns = 3;

// A query is not called slower for less than this, which is noise on any machine.
constexpr microseconds kNoise{10'000};

// What a query came to on one side.
struct Answer {
  absl::Status status;
  uint64_t hits = 0;
  microseconds fastest = microseconds::max();
};

std::string Text(const absl::Status& status) { return std::string(status.message()); }

double Milliseconds(microseconds time) { return static_cast<double>(time.count()) / 1000; }

// Whether the store as a whole may be in trouble, rather than the query.
bool IsOfTheStore(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

// A run that fails for the store's sake is made up for by another.
Answer Run(IndexStore& store, const std::string& target, const std::string& filter,
           const std::string& body) {
  Answer answer;
  for (int run = 0; run < kRuns; ++run) {
    const auto found = store.Search(target, filter, body);
    if (found.ok()) {
      answer.hits = found->hits;
      answer.fastest = std::min(answer.fastest, found->took);
    } else {
      answer.status = found.status();
      if (!IsOfTheStore(found.status())) return answer;
    }
  }
  if (answer.fastest != microseconds::max()) answer.status = absl::OkStatus();
  return answer;
}

// Both sides have answered.
void Compare(const GateInput& input, const QuerySpec& query, const Answer& before,
             const Answer& now, Judgement& queries) {
  GateOptions limits = input.options;
  limits.max_shrink = query.max_shrink.value_or(limits.max_shrink);
  limits.shrink_slack = query.shrink_slack.value_or(limits.shrink_slack);
  const std::string figures =
      absl::StrFormat("%s: %d -> %d hits, %.1f -> %.1f ms", query.name, before.hits, now.hits,
                      Milliseconds(before.fastest), Milliseconds(now.fastest));
  const auto longest = std::chrono::duration<double, std::micro>(before.fastest) * query.max_slower;
  if (ShrinksTooMuch(before.hits, now.hits, limits)) {
    queries.Fail(absl::StrFormat("%s: %d fewer through %s than on what is live", figures,
                                 before.hits - now.hits, query.alias));
  } else if (query.max_slower > 0 && now.fastest > longest &&
             now.fastest - before.fastest > kNoise) {
    queries.Fail(absl::StrFormat("%s: slower than %.2f times what it takes on what is live",
                                 figures, query.max_slower));
  } else {
    queries.Note(figures);
  }
}

absl::Status JudgeQuery(const GateInput& input, const QuerySpec& query, const AliasSpec& alias,
                        Judgement& queries) {
  const std::string index = IndexName(alias.family, input.meta.generation);
  const Answer now = Run(input.store, index, alias.filter, query.body);
  if (absl::IsUnimplemented(now.status)) {
    queries.Note(absl::StrFormat("%s: not run: %s", query.name, Text(now.status)));
    return absl::OkStatus();
  }
  if (!input.aliases.contains(alias.name)) {
    if (IsOfTheStore(now.status)) return now.status;
    if (!now.status.ok()) {
      queries.Fail(absl::StrFormat("%s fails on %s: %s", query.name, index, Text(now.status)));
    } else {
      queries.Note(absl::StrFormat("%s: new -> %d hits, %.1f ms", query.name, now.hits,
                                   Milliseconds(now.fastest)));
    }
    return absl::OkStatus();
  }
  const Answer before = Run(input.store, alias.name, "", query.body);
  if (now.status.ok() && before.status.ok()) {
    Compare(input, query, before, now, queries);
  } else if (now.status.ok()) {
    queries.Note(
        absl::StrFormat("%s: not comparable, since it fails on what is live (%s) -> %d "
                        "hits, %.1f ms",
                        query.name, Text(before.status), now.hits, Milliseconds(now.fastest)));
  } else if (before.status.ok()) {
    queries.Fail(absl::StrFormat("%s, which finds %d through the live %s, fails on %s: %s",
                                 query.name, before.hits, alias.name, index, Text(now.status)));
  } else if (IsOfTheStore(now.status) && IsOfTheStore(before.status)) {
    return now.status;
  } else {
    queries.Note(absl::StrFormat("%s: not comparable, since it fails on what is live as well: %s",
                                 query.name, Text(now.status)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<GateResult> JudgeQueries(const GateInput& input) {
  Judgement queries("queries");
  for (const QuerySpec& query : input.release.queries) {
    const auto alias = std::ranges::find_if(
        input.meta.aliases, [&](const AliasSpec& one) { return one.name == query.alias; });
    if (alias == input.meta.aliases.end()) {
      queries.Note(
          absl::StrFormat("%s: not run: this generation has no alias %s", query.name, query.alias));
      continue;
    }
    if (absl::Status s = JudgeQuery(input, query, *alias, queries); !s.ok()) return s;
  }
  if (input.release.queries.empty()) queries.Note("the plan has none");
  return queries.Result();
}

}  // namespace indexswap
