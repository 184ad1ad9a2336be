#include "indexswap/engine/gates.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <indexswap/names.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "indexswap/engine/judgement.h"
#include "indexswap/engine/query_gate.h"

namespace indexswap {
namespace {

// What a count failed with says something about the build, rather than about the store.
bool IsAboutTheRequest(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInvalidArgument ||
         status.code() == absl::StatusCode::kNotFound;
}

std::string Text(const absl::Status& status) { return std::string(status.message()); }

// The documents in one index, or (an error of the request) what its gate has to say.
absl::StatusOr<std::optional<uint64_t>> CountIndex(IndexStore& store, const std::string& index,
                                                   Judgement& gate) {
  const auto found = store.Count(index, "");
  if (found.ok()) return std::optional<uint64_t>(*found);
  if (!IsAboutTheRequest(found.status())) return found.status();
  gate.Fail(absl::StrFormat("%s: %s", index, Text(found.status())));
  return std::optional<uint64_t>();
}

absl::StatusOr<GateResult> JudgeMinimum(const GateInput& input) {
  Judgement minimum("min_documents");
  for (const std::string& family : input.meta.families) {
    const std::string index = IndexName(family, input.meta.generation);
    const auto found = CountIndex(input.store, index, minimum);
    if (!found.ok()) return found.status();
    if (!*found) continue;
    const FamilySpec* spec = input.release.FindFamily(family);
    const uint64_t least = spec == nullptr ? 0 : spec->min_documents;
    const std::string figures =
        absl::StrFormat("%s: %d documents, at least %d", index, **found, least);
    **found >= least ? minimum.Note(figures) : minimum.Fail(figures);
  }
  return minimum.Result();
}

double AllowedLoss(uint64_t before, const GateOptions& options) {
  return std::max(std::floor(static_cast<double>(before) * options.max_shrink),
                  static_cast<double>(options.shrink_slack));
}

void JudgeShrink(const GateInput& input, const AliasSpec& alias, uint64_t now, Judgement& shrink) {
  if (!input.aliases.contains(alias.name)) {
    return shrink.Note(absl::StrFormat("%s: new -> %d", alias.name, now));
  }
  const auto before = input.store.Count(alias.name, "");
  if (!before.ok()) {
    // The old side can't be counted, and may be why somebody rebuilds: nothing to compare with.
    return shrink.Note(absl::StrFormat("%s: the live one can't be counted (%s) -> %d", alias.name,
                                       Text(before.status()), now));
  }
  std::string figures = absl::StrFormat("%s: %d -> %d", alias.name, *before, now);
  if (!ShrinksTooMuch(*before, now, input.options)) return shrink.Note(std::move(figures));
  shrink.Fail(absl::StrFormat("%s documents, %d fewer where %.0f are allowed", figures,
                              *before - now, AllowedLoss(*before, input.options)));
}

absl::Status JudgeAliases(const GateInput& input, Judgement& filters, Judgement& empty,
                          Judgement& shrink) {
  for (const AliasSpec& alias : input.meta.aliases) {
    const std::string index = IndexName(alias.family, input.meta.generation);
    const auto count = input.store.Count(index, alias.filter);
    if (!count.ok() && !IsAboutTheRequest(count.status())) return count.status();
    if (!count.ok()) {
      filters.Fail(absl::StrFormat("%s on %s: %s", alias.name, index, Text(count.status())));
      continue;
    }
    filters.Note(absl::StrFormat("%s: %d", alias.name, *count));
    if (*count == 0 && !alias.may_be_empty) {
      empty.Fail(absl::StrFormat("%s would show no document", alias.name));
    } else {
      empty.Note(absl::StrFormat("%s: %d", alias.name, *count));
    }
    JudgeShrink(input, alias, *count, shrink);
  }
  return absl::OkStatus();
}

absl::StatusOr<GateResult> JudgeHealth(const GateInput& input) {
  std::vector<std::string> indexes;
  for (const std::string& family : input.meta.families) {
    indexes.push_back(IndexName(family, input.meta.generation));
  }
  const auto health = input.store.CheckHealth(indexes, input.options.health);
  if (!health.ok()) return health.status();
  return GateResult{"health", health->colour <= input.options.health, false, health->detail};
}

}  // namespace

absl::StatusOr<GateResult> JudgeCounts(IndexStore& store, const GenerationMeta& meta,
                                       const std::map<std::string, uint64_t>& expected) {
  Judgement counts(kCountsGate);
  for (const std::string& family : meta.families) {
    const std::string index = IndexName(family, meta.generation);
    const auto found = CountIndex(store, index, counts);
    if (!found.ok()) return found.status();
    if (!*found) continue;
    const auto entry = expected.find(family);
    const uint64_t wanted = entry == expected.end() ? 0 : entry->second;
    const std::string figures =
        absl::StrFormat("%s: %d in the index, %d written", index, **found, wanted);
    **found == wanted ? counts.Note(figures) : counts.Fail(figures);
  }
  return counts.Result();
}

absl::StatusOr<std::vector<GateResult>> JudgeStoreGates(const GateInput& input) {
  auto minimum = JudgeMinimum(input);
  if (!minimum.ok()) return minimum.status();
  Judgement filters("filters"), empty("empty"), shrink("shrink");
  if (absl::Status s = JudgeAliases(input, filters, empty, shrink); !s.ok()) return s;
  absl::StatusOr<GateResult> health = JudgeHealth(input);
  if (!health.ok()) return health.status();
  absl::StatusOr<GateResult> queries = JudgeQueries(input);
  if (!queries.ok()) return queries.status();
  return std::vector<GateResult>{*std::move(minimum), filters.Result(),   empty.Result(),
                                 shrink.Result(),     *std::move(health), *std::move(queries)};
}

GateResult JudgeRefused(uint64_t refused, const GateOptions& options) {
  return {"refused", refused <= options.max_refused, false,
          absl::StrFormat("%d documents refused by the store, at most %d", refused,
                          options.max_refused)};
}

bool ShrinksTooMuch(uint64_t before, uint64_t now, const GateOptions& options) {
  return before > now && static_cast<double>(before - now) > AllowedLoss(before, options);
}

bool CanBeOverridden(std::string_view gate) { return gate != "ended" && gate != kCountsGate; }

absl::Status Override(const std::vector<std::string>& overrides, std::vector<GateResult>& gates,
                      OverridesOf of) {
  for (const std::string& name : overrides) {
    if (!CanBeOverridden(name)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the gate %s can't be overridden: the build is not complete", name));
    }
    const auto found = std::find_if(gates.begin(), gates.end(),
                                    [&](const GateResult& gate) { return gate.gate == name; });
    if (found == gates.end() && of == OverridesOf::kAnyPhase) continue;
    if (found == gates.end()) {
      std::vector<std::string> known;
      for (const GateResult& gate : gates) known.push_back(gate.gate);
      return absl::InvalidArgumentError(absl::StrFormat("there is no gate %s; the gates are %s",
                                                        name, absl::StrJoin(known, ", ")));
    }
    if (found->passed || found->final) continue;
    found->passed = true;
    found->overridden = true;
  }
  return absl::OkStatus();
}

absl::Status FirstFailure(uint64_t generation, const std::vector<GateResult>& gates) {
  for (const GateResult& gate : gates) {
    if (gate.passed) continue;
    const std::string remedy =
        CanBeOverridden(gate.gate)
            ? absl::StrFormat("`sync --promote %d --override %s` lets it through", generation,
                              gate.gate)
            : "it can't be overridden: build again";
    return absl::FailedPreconditionError(
        absl::StrFormat("the gate %s stopped generation %d: %s. Readers see what they saw before; "
                        "%s",
                        gate.gate, generation, gate.detail, remedy));
  }
  return absl::OkStatus();
}

}  // namespace indexswap
