#include "syncd/sync/warm_set.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <filesystem>

#include "syncd/readmodel/event_file.h"
#include "syncd/readmodel/generation_file.h"
#include "syncd/sync/state_files.h"

namespace syncd {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// So far behind, a generation catches up within the pause of a swap.
constexpr uint64_t kNear = 200;

// How long WaitUntilNear waits at a time before it asks whether to stop.
constexpr milliseconds kLook{200};

}  // namespace

WarmSet::WarmSet(std::string state_dir, indexswap::Engine& engine, EventLog& log,
                 WarmCallbacks callbacks, milliseconds give_up)
    : state_dir_(std::move(state_dir)),
      engine_(engine),
      log_(log),
      callbacks_(std::move(callbacks)),
      give_up_(give_up) {}

std::shared_ptr<WarmGeneration> WarmSet::Find(uint64_t generation) const {
  const std::lock_guard lock(mutex_);
  const auto found = generations_.find(generation);
  return found == generations_.end() ? nullptr : found->second;
}

std::optional<uint64_t> WarmSet::live() const {
  const std::lock_guard lock(mutex_);
  return live_;
}

bool WarmSet::Has(uint64_t generation) const { return Find(generation) != nullptr; }

bool WarmSet::IsWarm(uint64_t generation) const {
  const auto warm = Find(generation);
  return warm != nullptr && warm->state().cold.empty();
}

std::vector<uint64_t> KeptWarm(const indexswap::ReleaseStatus& status,
                               const std::vector<uint64_t>& files,
                               const std::map<uint64_t, std::string>& cold) {
  std::vector<uint64_t> kept;
  for (const indexswap::GenerationStatus& generation : status.generations) {
    const bool complete = generation.state == "live" || generation.state == "previous" ||
                          generation.state == "sealed";
    const bool has_file = std::ranges::find(files, generation.generation) != files.end();
    if (complete && has_file && !cold.contains(generation.generation)) {
      kept.push_back(generation.generation);
    }
  }
  return kept;
}

absl::Status WarmSet::Adopt(const indexswap::ReleaseStatus& status) {
  const auto cold = log_.Cold();
  if (!cold.ok()) return cold.status();
  SetLive(status.live);  // first: the live one is never given up
  for (const uint64_t kept : KeptWarm(status, GenerationsIn(state_dir_), *cold)) Add(kept, true);
  std::vector<uint64_t> gone;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [generation, warm] : generations_) {
      const bool is_there =
          std::ranges::any_of(status.generations, [&](const indexswap::GenerationStatus& one) {
            return one.generation == generation && one.state != "abandoned";
          });
      if (!is_there) gone.push_back(generation);
    }
  }
  for (const uint64_t generation : gone) Remove(generation);
  return absl::OkStatus();
}

void WarmSet::Add(uint64_t generation, bool drains) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<WarmGeneration>& warm = generations_[generation];
  if (warm != nullptr) return;
  warm = std::make_shared<WarmGeneration>(generation, state_dir_, engine_, log_, drains, give_up_,
                                          callbacks_);
  warm->SetLive(live_ == generation);
}

void WarmSet::StartDraining(uint64_t generation) {
  if (const auto warm = Find(generation)) warm->StartDraining();
}

void WarmSet::Remove(uint64_t generation) {
  std::shared_ptr<WarmGeneration> removed;  // ends outside the lock
  const std::lock_guard lock(mutex_);
  const auto found = generations_.find(generation);
  if (found == generations_.end()) return;
  removed = std::move(found->second);
  generations_.erase(found);
}

void WarmSet::SetLive(std::optional<uint64_t> live) {
  {
    const std::lock_guard lock(mutex_);
    live_ = live;
    for (const auto& [generation, warm] : generations_) warm->SetLive(live == generation);
  }
  callbacks_.answered();
}

void WarmSet::Wake() {
  const std::lock_guard lock(mutex_);
  for (const auto& [generation, warm] : generations_) warm->Wake();
}

uint64_t WarmSet::Acknowledged() const {
  const std::lock_guard lock(mutex_);
  if (!live_) return log_.head();
  const auto found = generations_.find(*live_);
  return found == generations_.end() ? 0 : found->second->state().answered;
}

absl::Status WarmSet::WaitUntilNear(uint64_t generation, const std::function<bool()>& stopped) {
  const auto warm = Find(generation);
  if (warm == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrFormat("generation %d is not kept up to date", generation));
  }
  for (;;) {
    if (stopped()) return absl::CancelledError("interrupted while catching up with live events");
    const uint64_t head = log_.head();
    const absl::Status caught_up =
        warm->CatchUp(head > kNear ? head - kNear : head, steady_clock::now() + kLook);
    warm->Thaw();
    if (caught_up.code() != absl::StatusCode::kDeadlineExceeded) return caught_up;
  }
}

absl::StatusOr<std::map<std::string, uint64_t>> WarmSet::Hold(uint64_t target,
                                                              milliseconds pause_max) {
  const auto warm = Find(target);
  if (warm == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrFormat("generation %d gets no live events: what came since is not in it", target));
  }
  const auto deadline = steady_clock::now() + pause_max;
  const auto live = this->live();
  uint64_t position = 0;
  if (const auto held = live && *live != target ? Find(*live) : nullptr) {
    position = held->Freeze();
  } else if (live && *live != target) {
    // Nobody writes to it now; its file says how far it has come.
    const auto lag = LagOfFile(state_dir_, *live, log_.head());
    position = lag.ok() ? log_.head() - std::min(log_.head(), *lag) : log_.head();
  }
  // As far as the log is, so that nothing need be done a moment later.
  absl::Status caught_up = warm->CatchUp(std::max(position, log_.head()), deadline);
  if (caught_up.ok()) {
    auto expected = warm->ExpectedDocuments();
    if (expected.ok()) return expected;
    caught_up = expected.status();
  }
  Release();
  return caught_up;
}

void WarmSet::Release() {
  const std::lock_guard lock(mutex_);
  for (const auto& [generation, warm] : generations_) warm->Thaw();
}

absl::Status WarmSet::Requeue(uint64_t generation, const std::string& family,
                              const std::string& id) {
  const auto warm = Find(generation);
  if (warm == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrFormat("generation %d gets no live events any more", generation));
  }
  return warm->Requeue(family, id);
}

std::vector<WarmState> WarmSet::states() const {
  const std::lock_guard lock(mutex_);
  std::vector<WarmState> states;
  for (const auto& [generation, warm] : generations_) states.push_back(warm->state());
  return states;
}

uint64_t WarmSet::LowestCursor() const {
  uint64_t lowest = log_.head();
  for (const WarmState& state : states()) {
    if (state.cold.empty()) lowest = std::min(lowest, state.cursor);
  }
  return lowest;
}

absl::StatusOr<uint64_t> LagOfFile(const std::string& state_dir, uint64_t generation,
                                   uint64_t head) {
  const auto path = std::filesystem::path(state_dir) / GenerationFileName(generation);
  auto file = GenerationFile::OpenReadOnly(path.string());
  if (!file.ok()) return file.status();
  const auto cursor = (*file)->EventCursor();
  if (!cursor.ok()) return cursor.status();
  return head - std::min(head, *cursor);
}

}  // namespace syncd
