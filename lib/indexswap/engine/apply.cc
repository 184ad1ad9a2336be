#include "indexswap/engine/apply.h"

#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "indexswap/engine/bulk_writer.h"

namespace indexswap {
namespace {

using Results = std::vector<BulkResult>;

// How often the own epoch may move on under one call.
constexpr int kMaxEpochs = 5;

std::vector<BulkItem> ItemsOf(uint64_t generation, uint64_t epoch,
                              const std::vector<Change>& changes) {
  std::vector<BulkItem> items;
  items.reserve(changes.size());
  for (const Change& change : changes) {
    items.push_back({change.document ? BulkItem::Kind::kIndex : BulkItem::Kind::kDelete,
                     IndexName(change.family, generation), change.id,
                     FencedVersion(epoch, change.version), change.document.value_or("")});
  }
  return items;
}

// Sends the items, in halves where the store finds them too large.
absl::StatusOr<Results> Send(Core& core, const Fence& fence, std::vector<BulkItem> items) {
  absl::StatusOr<Results> results = core.store->Bulk(fence, items);
  if (results.status().code() != absl::StatusCode::kOutOfRange) return results;
  if (items.size() == 1) {
    return Results{{BulkResult::Outcome::kRefused, "too large for the store, even alone: " +
                                                       std::string(results.status().message())}};
  }
  const auto middle = items.begin() + static_cast<std::ptrdiff_t>(items.size() / 2);
  std::vector<BulkItem> rest(std::make_move_iterator(middle), std::make_move_iterator(items.end()));
  items.erase(middle, items.end());
  auto first = Send(core, fence, std::move(items));
  if (!first.ok()) return first;
  auto second = Send(core, fence, std::move(rest));
  if (!second.ok()) return second;
  std::move(second->begin(), second->end(), std::back_inserter(*first));
  return first;
}

bool IsFenced(const absl::StatusOr<Results>& results) {
  if (!results.ok()) return results.status().code() == absl::StatusCode::kAborted;
  return std::ranges::any_of(*results, [](const BulkResult& result) {
    return result.outcome == BulkResult::Outcome::kFenced;
  });
}

}  // namespace

absl::StatusOr<Results> ApplyChanges(Core& core, uint64_t generation,
                                     const std::vector<Change>& changes) {
  if (core.options.gates.digest_all && core.building == generation) {
    for (const Change& change : changes) core.written_since.Insert(change.family, change.id);
  }
  for (int epochs = 0; epochs < kMaxEpochs; ++epochs) {
    const absl::StatusOr<Fence> fence = core.lease.Current();
    if (!fence.ok()) return fence.status();
    auto results = Send(core, *fence, ItemsOf(generation, fence->epoch, changes));
    if (!IsFenced(results)) return results;
    // By this process's own step to the next epoch: then all is sent again, which is harmless.
    if (absl::Status why = core.lease.WhyFenced(*fence); !why.ok()) {
      return absl::Status(
          why.code(), absl::StrFormat("generation %d: %s", generation, std::string(why.message())));
    }
  }
  return absl::UnavailableError("the epoch moves on faster than changes can be written");
}

}  // namespace indexswap
