#include "indexswap/engine/core.h"

#include <absl/strings/str_format.h>
#include <absl/time/time.h>
#include <indexswap/names.h>

#include <algorithm>
#include <string>
#include <thread>

#include "indexswap/engine/release_state.h"

namespace indexswap {
namespace {

StateQuery QueryFor(const ReleaseSpec& release) {
  StateQuery query{release.name, {}, {}};
  for (const FamilySpec& family : release.families) query.families.push_back(family.name);
  for (const AliasSpec& alias : release.aliases) query.aliases.push_back(alias.name);
  return query;
}

// How often a change whose answer was lost is made.
constexpr int kChangeTries = 5;

class RealClock : public Clock {
 public:
  std::chrono::system_clock::time_point Now() override { return std::chrono::system_clock::now(); }
  std::chrono::steady_clock::time_point Monotonic() override {
    return std::chrono::steady_clock::now();
  }
  void SleepFor(std::chrono::milliseconds duration) override {
    std::this_thread::sleep_for(duration);
  }
  void WaitFor(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
               std::chrono::milliseconds duration) override {
    changed.wait_for(lock, duration);
  }
};

}  // namespace

Clock* Clock::Real() {
  static RealClock clock;
  return &clock;
}

Core::Core(std::shared_ptr<IndexStore> the_store, ReleaseSpec the_release,
           EngineOptions the_options, Observer& the_observer)
    : store(std::move(the_store)),
      release(std::move(the_release)),
      options(std::move(the_options)),
      observer(the_observer),
      query(QueryFor(release)),
      lease(*store, query, options, observer) {}

absl::StatusOr<ReleaseView> Core::ReadView() {
  auto state = ReadRelease(*store, query);
  if (!state.ok()) return state.status();
  return MakeView(release, *std::move(state));
}

absl::StatusOr<ReleaseView> Core::ReadViewSurely() {
  Clock& clock = *options.clock;
  const auto end = clock.Monotonic() + options.outcome_timeout;
  auto wait = options.bulk.retry_min;
  while (true) {
    auto view = ReadView();
    if (view.ok() || clock.Monotonic() >= end) return view;
    clock.SleepFor(wait);
    wait = std::min(wait * 2, options.bulk.retry_max);
  }
}

absl::Status Core::Change(const std::function<absl::Status(const Fence& fence)>& change) {
  absl::Status status;
  for (int tried = 0; tried < kChangeTries; ++tried) {
    const absl::StatusOr<Fence> fence = lease.Current();
    if (!fence.ok()) return fence.status();
    status = change(*fence);
    if (status.code() == absl::StatusCode::kAborted) lease.NoteLost();
    if (!LeaseKeeper::OutcomeIsUnknown(status)) return status;
    observer.OnNote(Observer::Severity::kWarning,
                    absl::StrFormat("the answer to a change was lost, so it is made again: %s",
                                    std::string(status.message())));
    const absl::Status forced = lease.Force();
    if (LeaseKeeper::OutcomeIsUnknown(forced)) status = forced;
    if (!forced.ok() && !LeaseKeeper::OutcomeIsUnknown(forced)) return forced;
    if (!forced.ok()) break;
  }
  return absl::UnavailableError(
      absl::StrFormat("for readers nothing has changed: %s; run the same command again",
                      std::string(status.message())));
}

std::string Core::Timestamp() const {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromChrono(options.clock->Now()),
                          absl::UTCTimeZone());
}

absl::Status Core::WriteMeta(const GenerationMeta& meta, const std::vector<std::string>& families) {
  for (const std::string& family : families) {
    const std::string index = IndexName(family, meta.generation);
    const absl::Status written =
        Change([&](const Fence& fence) { return store->WriteMeta(fence, index, meta); });
    if (!written.ok()) return written;
  }
  return absl::OkStatus();
}

absl::Status Core::WriteMeta(const GenerationMeta& meta) { return WriteMeta(meta, meta.families); }

}  // namespace indexswap
