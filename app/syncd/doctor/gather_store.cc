// The store: what it holds of the release, what it is, and whether its lease beats.
#include <indexswap/names.h>

#include <algorithm>
#include <utility>

#include "syncd/doctor/gather.h"

namespace syncd {
namespace {

using indexswap::IndexStore;

// Families too: an earlier system may have an index, or an alias, of such a name.
indexswap::StateQuery QueryFor(const Plan& plan) {
  indexswap::StateQuery query;
  query.release = plan.release;
  for (const PlanFamily& family : plan.families) {
    query.families.push_back(family.name);
    query.aliases.push_back(family.name);
  }
  for (const auto& alias : plan.aliases) query.aliases.push_back(alias.name);
  std::sort(query.aliases.begin(), query.aliases.end());
  query.aliases.erase(std::unique(query.aliases.begin(), query.aliases.end()), query.aliases.end());
  return query;
}

// Names that the next sync gives to new indexes.
std::vector<std::string> NextNames(const Plan& plan, const StoreFacts& facts) {
  std::vector<std::string> names;
  uint64_t next = 1;
  for (const auto& generation : facts.status.generations) {
    next = std::max(next, generation.generation + 1);
  }
  for (const indexswap::Lease& lease : facts.state.leases) {
    if (lease.record) next = std::max(next, lease.record->highest_generation + 1);
  }
  for (const PlanFamily& family : plan.families) {
    names.push_back(indexswap::IndexName(family.name, next));
  }
  const uint64_t epoch = facts.state.leases.empty() ? 0 : facts.state.leases.back().epoch;
  names.push_back(indexswap::LeaseName(plan.release, epoch + 1));
  return names;
}

// The state and what the engine makes of it; OK, or the error of either.
absl::Status ReadRelease(const std::shared_ptr<IndexStore>& store, const Plan& plan,
                         StoreFacts& facts) {
  auto state = store->Read(QueryFor(plan));
  if (!state.ok()) return state.status();
  facts.state = *std::move(state);
  auto engine = indexswap::Engine::Open(store, plan.ToReleaseSpec(), {}, nullptr);
  if (!engine.ok()) return engine.status();
  auto status = (*engine)->Status();
  if (!status.ok()) return status.status();
  facts.status = *std::move(status);
  return absl::OkStatus();
}

void Inspect(IndexStore& store, const Plan& plan, StoreFacts& facts) {
  indexswap::StoreInspector* inspector = store.inspector();
  if (inspector == nullptr) return;
  facts.capabilities = inspector->Capabilities();
  facts.untried = inspector->Untried();
  facts.probes = inspector->Probe(QueryFor(plan));
  facts.templates = inspector->Templates(NextNames(plan, facts));
  std::vector<std::string> indexes = facts.IndexesOf(facts.status.live);
  const std::vector<std::string> previous = facts.IndexesOf(facts.status.previous);
  indexes.insert(indexes.end(), previous.begin(), previous.end());
  facts.blocks = inspector->Blocks(indexes);
  facts.disks = inspector->Disks();
}

bool SameMoment(const indexswap::Lease& a, const indexswap::Lease& b) {
  if (a.epoch != b.epoch || a.record.has_value() != b.record.has_value()) return false;
  return !a.record ||
         (a.record->beat == b.record->beat && a.record->owner.id == b.record->owner.id);
}

// Watches a lease that is held until it beats, or for as long as a rival would.
bool Beats(IndexStore& store, const Config& config, const Plan& plan, indexswap::Clock& clock,
           const std::vector<indexswap::Lease>& leases) {
  if (leases.empty() || !leases.back().record || leases.back().record->free) return false;
  const indexswap::Lease first = leases.back();
  const auto end = clock.Monotonic() + config.lease.timeout;
  while (clock.Monotonic() < end) {
    clock.SleepFor(std::max(config.lease.beat / 4, std::chrono::milliseconds(20)));
    const auto state = store.Read(QueryFor(plan));
    if (state.ok() && !state->leases.empty() && !SameMoment(state->leases.back(), first)) {
      return !state->leases.back().record || !state->leases.back().record->free;
    }
  }
  return false;
}

}  // namespace

StoreFacts GatherStore(const GatherTools& tools, const Config& config, const Plan& plan) {
  StoreFacts facts;
  auto store = tools.open_store();
  const bool embedded = config.store.url.starts_with("sqlite:");
  if (embedded && store.status().code() == absl::StatusCode::kNotFound) {
    facts.absent = true;
    facts.description = config.store.url;
    return facts;
  }
  facts.opened = store.status();
  if (!store.ok()) return facts;
  facts.description = (*store)->Describe();
  facts.read = ReadRelease(*store, plan, facts);
  Inspect(**store, plan, facts);
  if (!facts.read.ok()) return facts;
  if (facts.status.live) {
    facts.health =
        (*store)->CheckHealth(facts.IndexesOf(facts.status.live), indexswap::Health::Colour::kRed);
  }
  facts.lease_beats = Beats(**store, config, plan, *tools.clock, facts.state.leases);
  return facts;
}

}  // namespace syncd
