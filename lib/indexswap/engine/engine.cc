#include <absl/strings/str_format.h>
#include <indexswap/engine.h>
#include <indexswap/inspector.h>

#include <algorithm>
#include <random>

#include "indexswap/engine/adoption.h"
#include "indexswap/engine/apply.h"
#include "indexswap/engine/build.h"
#include "indexswap/engine/core.h"
#include "indexswap/engine/creation.h"
#include "indexswap/engine/preflight.h"
#include "indexswap/engine/promotion.h"
#include "indexswap/engine/prune.h"
#include "indexswap/engine/rollback.h"
#include "indexswap/engine/status.h"
#include "indexswap/engine/swap_plan.h"
#include "indexswap/engine/view.h"

namespace indexswap {
namespace {

// How many numbers Begin tries when names turn out to be taken.
constexpr int kMaxNumbersTried = 10;

// How many of them when the answers to the creation of their indexes are lost.
constexpr int kMaxLost = 3;

// Documents read at once: about a megabyte.
constexpr size_t kPageDocuments = 1000;

std::string RandomId() {
  std::random_device device;
  const auto word = [&] { return (static_cast<uint64_t>(device()) << 32) | device(); };
  return absl::StrFormat("%016x%016x", word(), word());
}

class EngineImpl : public Engine {
 public:
  EngineImpl(std::shared_ptr<IndexStore> store, ReleaseSpec release, EngineOptions options,
             Observer* observer)
      : core_(std::move(store), std::move(release), std::move(options),
              observer == nullptr ? silent_ : *observer) {}

  absl::Status TakeLease() override { return core_.lease.Acquire(); }
  absl::StatusOr<LeaseAttempt> TryLease() override { return core_.lease.Try(); }
  absl::Status ConfirmLease() const override { return core_.lease.Confirm(); }
  absl::Status CheckLease() const override { return core_.lease.Current().status(); }
  uint64_t NextGeneration() const override { return core_.lease.highest_generation() + 1; }
  absl::Status ReleaseLease() override {
    const std::lock_guard lock(core_.workflow);
    return core_.lease.Release();
  }

  absl::StatusOr<std::unique_ptr<Build>> Begin(const BeginInput& input) override {
    const std::lock_guard lock(core_.workflow);
    if (absl::Status s = TakeForWorkflow(); !s.ok()) return s;
    return BeginNext(std::nullopt, input);
  }
  absl::StatusOr<AdoptionPlan> PlanAdoption() override { return ReadAdoption(core_); }
  absl::StatusOr<std::unique_ptr<Build>> BeginAdoption(const Adoption& adoption,
                                                       const BeginInput& input) override {
    const std::lock_guard lock(core_.workflow);
    if (absl::Status s = TakeForWorkflow(); !s.ok()) return s;
    return BeginNext(adoption, input);
  }
  absl::StatusOr<SwapReport> TakeNames(const std::vector<std::string>& names,
                                       const std::vector<std::string>& overrides) override {
    const std::lock_guard lock(core_.workflow);
    if (absl::Status s = TakeForWorkflow(); !s.ok()) return s;
    return indexswap::TakeNames(core_, names, overrides);
  }
  absl::StatusOr<std::unique_ptr<Build>> Resume(uint64_t generation) override;
  absl::Status Abandon(uint64_t generation, const std::string& reason) override;

  absl::StatusOr<SwapReport> Promote(uint64_t generation, const PromoteInput& input) override {
    const std::lock_guard lock(core_.workflow);
    if (absl::Status s = TakeForWorkflow(); !s.ok()) return s;
    return PromoteGeneration(core_, generation, input);
  }
  absl::StatusOr<SwapReport> PlanSwap(uint64_t to) override { return ExplainSwap(core_, to); }
  absl::StatusOr<SwapReport> PlanRollback(std::optional<uint64_t> to) override {
    return ExplainRollBack(core_, to);
  }
  absl::StatusOr<std::string> State() override { return ReadState(core_); }
  absl::StatusOr<SwapReport> Rollback(std::optional<uint64_t> to, const HoldEvents& hold) override {
    const std::lock_guard lock(core_.workflow);
    if (absl::Status s = TakeForWorkflow(); !s.ok()) return s;
    auto report = RollBack(core_, to, hold);
    if (report.ok()) NotePromotion(report->to);
    return report;
  }
  absl::StatusOr<PruneReport> Prune(bool dry_run) override {
    const std::lock_guard lock(core_.workflow);
    if (!dry_run) {
      if (absl::Status s = TakeForWorkflow(); !s.ok()) return s;
    }
    return PruneGenerations(core_, dry_run);
  }
  absl::StatusOr<std::vector<BulkResult>> Apply(uint64_t generation,
                                                const std::vector<Change>& changes) override;
  absl::Status ReadIndex(const std::string& index, const ScanVisitor& visit) override {
    if (absl::Status s = core_.store->Refresh(index); !s.ok()) return s;
    return core_.store->Scan(index, kPageDocuments, visit);
  }
  absl::StatusOr<ReleaseStatus> Status() override { return MakeStatus(core_); }

 private:
  // A block that keeps the lease from being taken is nothing to wait for.
  absl::Status TakeForWorkflow() { return RefusedByBlock(core_.lease.Acquire()); }
  absl::Status CreateIndexes(const GenerationMeta& meta);
  absl::StatusOr<std::vector<GateResult>> JudgeNext(uint64_t number, const BeginInput& input);
  absl::StatusOr<std::unique_ptr<Build>> BeginNext(const std::optional<Adoption>& adopted,
                                                   const BeginInput& input);
  void NotePromotion(uint64_t generation);

  Observer silent_;  // first: the core refers to it
  Core core_;
};

absl::Status EngineImpl::CreateIndexes(const GenerationMeta& meta) {
  for (const IndexDefinition& index : DefineIndexes(core_.release, meta)) {
    const absl::StatusOr<Fence> fence = core_.lease.Current();
    if (!fence.ok()) return fence.status();
    core_.observer.OnStep("index.create.before");
    const absl::Status created = core_.store->CreateIndex(*fence, index);
    if (!created.ok()) {
      if (created.code() == absl::StatusCode::kAborted) core_.lease.NoteLost();
      return created;
    }
    core_.observer.OnStep("index.create.after");
  }
  return absl::OkStatus();
}

// The gates before a build, all passed; what was overridden says so.
absl::StatusOr<std::vector<GateResult>> EngineImpl::JudgeNext(uint64_t number,
                                                              const BeginInput& input) {
  const auto view = core_.ReadView();
  if (!view.ok()) return view.status();
  auto gates = JudgeBeforeBuild(core_, *view, number);
  if (!gates.ok()) return gates.status();
  if (absl::Status s = StopsBuild(input.overrides, *gates); !s.ok()) return s;
  return gates;
}

// With the workflow's lock and the lease.
absl::StatusOr<std::unique_ptr<Build>> EngineImpl::BeginNext(const std::optional<Adoption>& adopted,
                                                             const BeginInput& input) {
  const auto gates = JudgeNext(core_.lease.highest_generation() + 1, input);
  if (!gates.ok()) return gates.status();
  absl::Status created;
  int lost = 0;
  for (int tried = 0; tried < kMaxNumbersTried; ++tried) {
    const uint64_t number = core_.lease.highest_generation() + 1;
    const absl::Status noted =
        core_.Change([&](const Fence&) { return core_.lease.NoteGeneration(number); });
    if (!noted.ok()) return noted;
    GenerationMeta meta = NewMeta(core_.release, number, RandomId(), core_.Timestamp());
    meta.gates = *gates;
    meta.adopted = adopted;
    created = CreateIndexes(meta);
    if (created.ok()) return MakeBuild(core_, std::move(meta), /*resumed=*/false);
    if (LeaseKeeper::OutcomeIsUnknown(created)) {
      // Whatever it left has this number; who cleans up finds it.
      core_.observer.OnNote(
          Observer::Severity::kWarning,
          absl::StrFormat("the answer to the creation of generation %d was lost, so another number "
                          "is taken: %s",
                          number, std::string(created.message())));
      if (++lost == kMaxLost) break;
      continue;
    }
    if (created.code() != absl::StatusCode::kAlreadyExists) return created;
  }
  return LeaseKeeper::OutcomeIsUnknown(created)
             ? absl::UnavailableError(std::string(created.message()))
             : created;
}

absl::StatusOr<std::unique_ptr<Build>> EngineImpl::Resume(uint64_t generation) {
  const std::lock_guard lock(core_.workflow);
  if (absl::Status s = TakeForWorkflow(); !s.ok()) return s;
  const auto view = core_.ReadView();
  if (!view.ok()) return view.status();
  const GenerationView* found = view->Find(generation);
  if (found == nullptr || !found->meta) {
    return absl::NotFoundError(absl::StrFormat("there is no build %d to go on with", generation));
  }
  const GenerationMeta& meta = *found->meta;
  if (meta.state != BuildState::kBuilding) {
    return absl::FailedPreconditionError(
        absl::StrFormat("generation %d is not building but %s", generation, ToString(meta.state)));
  }
  if (found->families.size() != core_.release.families.size()) {
    return absl::FailedPreconditionError(absl::StrFormat("generation %d has %d of %d indexes",
                                                         generation, found->families.size(),
                                                         core_.release.families.size()));
  }
  if (meta.plan_hash != core_.release.plan_hash) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "generation %d was begun under another plan: abandon it and build anew", generation));
  }
  return MakeBuild(core_, meta, /*resumed=*/true);
}

absl::Status EngineImpl::Abandon(uint64_t generation, const std::string& reason) {
  const std::lock_guard lock(core_.workflow);
  if (absl::Status s = TakeForWorkflow(); !s.ok()) return s;
  const auto view = core_.ReadView();
  if (!view.ok()) return view.status();
  const GenerationView* found = view->Find(generation);
  if (found == nullptr) return absl::OkStatus();
  if (!found->meta || found->has_public_alias) {
    return absl::FailedPreconditionError(
        absl::StrFormat("generation %d can't be abandoned: %s", generation,
                        found->meta ? "an alias points at it" : "indexswap did not make it"));
  }
  GenerationMeta meta = *found->meta;
  meta.state = BuildState::kAbandoned;
  meta.reason = reason;
  // Only the indexes that exist, since a build may have died while it created them, and that are
  // not abandoned yet: a takeover gives those no private alias any more, so none can be written.
  std::vector<std::string> families;
  for (const auto& [family, index] : found->families) {
    if (index.meta->state != BuildState::kAbandoned) families.push_back(family);
  }
  return core_.WriteMeta(meta, families);
}

absl::StatusOr<std::vector<BulkResult>> EngineImpl::Apply(uint64_t generation,
                                                          const std::vector<Change>& changes) {
  if (absl::Status s = core_.lease.Acquire(); !s.ok()) return s;
  return ApplyChanges(core_, generation, changes);
}

void EngineImpl::NotePromotion(uint64_t generation) {
  // Only the grace before deletion looks at it, so a failure is worth no more than a line.
  const auto view = core_.ReadView();
  const GenerationView* found = view.ok() ? view->Find(generation) : nullptr;
  if (found == nullptr || !found->meta) return;
  GenerationMeta meta = *found->meta;
  meta.promoted_at = core_.Timestamp();
  if (const absl::Status s = core_.WriteMeta(meta); !s.ok()) {
    core_.observer.OnNote(
        Observer::Severity::kWarning,
        absl::StrFormat("the time of the rollback was not recorded: %s", std::string(s.message())));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(std::shared_ptr<IndexStore> store,
                                                     ReleaseSpec release, EngineOptions options,
                                                     Observer* observer) {
  if (absl::Status s = release.Validate(); !s.ok()) return s;
  if (options.owner.id.empty()) options.owner.id = RandomId();
  return std::make_unique<EngineImpl>(std::move(store), std::move(release), std::move(options),
                                      observer);
}

}  // namespace indexswap
