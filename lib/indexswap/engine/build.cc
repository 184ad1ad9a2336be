#include "indexswap/engine/build.h"

#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <atomic>

#include "indexswap/engine/adoption.h"
#include "indexswap/engine/digest_gate.h"
#include "indexswap/engine/gates.h"
#include "indexswap/engine/left_over.h"
#include "indexswap/engine/preflight.h"
#include "indexswap/engine/reader_watch.h"

namespace indexswap {
namespace {

constexpr uint64_t kMaxVersion = (1ULL << 40) - 1;

class BuildImpl : public Build {
 public:
  BuildImpl(Core& core, GenerationMeta meta, bool resumed)
      : core_(core),
        meta_(std::move(meta)),
        resumed_(resumed),
        first_epoch_(core.lease.Current().value_or(Fence()).epoch),
        digest_all_(core.options.gates.digest_all),
        sample_(digest_all_ ? 0 : core.options.gates.digest_sample),
        buckets_(meta_.families),
        writer_(
            *core.store, core.lease, core.options.bulk, *core.options.clock, core.observer,
            [this](const BulkItem& item, const std::string& reason) { Refused(item, reason); }) {
    for (const std::string& family : meta_.families) put_.try_emplace(family);
    core_.written_since.Clear();
    core_.building = meta_.generation;
    WatchReaders();
  }

  ~BuildImpl() override { core_.building = 0; }

  uint64_t generation() const override { return meta_.generation; }
  const GenerationMeta& meta() const override { return meta_; }
  uint64_t written() const override { return writer_.counts().written; }
  uint64_t refused() const override { return writer_.counts().refused; }
  std::string blocked() const override { return writer_.blocked(); }
  void set_on_wait(std::function<absl::Status()> on_wait) override {
    writer_.set_on_wait(std::move(on_wait));
  }

  absl::Status Put(std::string_view family, std::string id, uint64_t version,
                   std::string document) override {
    const auto counter = put_.find(family);
    if (counter == put_.end()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s is no family of release %s", family, core_.release.name));
    }
    if (version > kMaxVersion) {
      return absl::InvalidArgumentError(
          absl::StrFormat("version %d of %s is not below 2^40", version, id));
    }
    NoteVersion(version);
    std::call_once(first_put_, [this] {
      if (readers_ && readers_->LoadBegins()) writer_.ReadersFirst();
    });
    sample_.Offer(family, id, version, document);
    digest_.Add(family, id, document);
    if (digest_all_) buckets_.Add(family, id, document);
    counter->second.fetch_add(1, std::memory_order_relaxed);
    return writer_.Add({BulkItem::Kind::kIndex, IndexName(family, meta_.generation), std::move(id),
                        version, std::move(document)});
  }

  absl::StatusOr<SealReport> Seal(const SealInput& input) override;

 private:
  void Refused(const BulkItem& item, const std::string& reason);
  void NoteVersion(uint64_t version);
  absl::StatusOr<GateResult> CompareWithStore(const SealInput& input);
  void WatchReaders();
  void TellOfReaders();
  void TellOfTrouble();
  absl::Status FinishIndexes();
  absl::Status CleanUp();

  Core& core_;
  GenerationMeta meta_;
  const bool resumed_;          // a load before this one may have been cut off
  const uint64_t first_epoch_;  // what it has written is of an earlier one, or of a lower version
  std::atomic<uint64_t> lowest_version_{kMaxVersion};
  // Fixed after construction, so that Put may look a family up without a lock.
  std::map<std::string, std::atomic<uint64_t>, std::less<>> put_;
  const bool digest_all_;
  DigestSample sample_;
  ContentDigest digest_;
  BucketDigest buckets_;
  DocumentSet refused_;
  std::once_flag first_put_;
  BulkWriter writer_;                     // its threads use what is above
  std::unique_ptr<ReaderWatch> readers_;  // its thread uses the writer; null: not asked for
};

void BuildImpl::Refused(const BulkItem& item, const std::string& reason) {
  const auto name = ParseIndexName(item.index);
  const std::string family = name ? name->family : item.index;
  sample_.Remove(family, item.id);
  digest_.Subtract(family, item.id, item.document);
  if (digest_all_) {
    buckets_.Subtract(family, item.id, item.document);
    refused_.Insert(family, item.id);
  }
  if (const auto counter = put_.find(family); counter != put_.end()) counter->second.fetch_sub(1);
  core_.observer.OnRefused({family, item.id, item.version & kMaxVersion, item.document, reason});
}

void BuildImpl::NoteVersion(uint64_t version) {
  uint64_t lowest = lowest_version_.load(std::memory_order_relaxed);
  while (version < lowest && !lowest_version_.compare_exchange_weak(lowest, version)) {
  }
}

// Only an index with more documents than were put has any of an earlier load.
absl::Status BuildImpl::CleanUp() {
  if (!resumed_) return absl::OkStatus();
  for (const auto& [family, count] : put_) {
    const std::string index = IndexName(family, meta_.generation);
    const auto found = core_.store->Count(index, "");
    if (!found.ok()) return found.status();
    if (*found <= count) continue;
    const auto deleted = DeleteLeftOver(core_, writer_, index, first_epoch_, lowest_version_);
    if (!deleted.ok()) return deleted.status();
    if (absl::Status s = core_.store->Refresh(index); !s.ok()) return s;
    core_.observer.OnNote(
        Observer::Severity::kInfo,
        absl::StrFormat("%s: %d documents of a load that was cut off are deleted: their records "
                        "have changed since",
                        index, *deleted));
  }
  return absl::OkStatus();
}

// From the beginning, so that what is measured until the first document is of a quiet store.
void BuildImpl::WatchReaders() {
  const double factor = core_.options.bulk.reader_latency_factor;
  if (factor <= 0) return;
  const auto state = core_.store->Read(core_.query);
  if (!state.ok()) {
    core_.observer.OnNote(
        Observer::Severity::kWarning,
        absl::StrFormat("readers are not looked at while this build is loaded: %s",
                        std::string(state.status().message())));
    return;
  }
  std::vector<std::string> aliases;
  for (const AliasSpec& alias : core_.release.aliases) {
    const auto found = state->aliases.find(alias.name);
    if (found != state->aliases.end() && !found->second.empty()) aliases.push_back(alias.name);
  }
  readers_ =
      std::make_unique<ReaderWatch>(*core_.store, std::move(aliases), factor, *core_.options.clock,
                                    core_.observer, [this](bool slow) { writer_.Readers(slow); });
  readers_->Start();
}

void BuildImpl::TellOfReaders() {
  const auto report = readers_ ? readers_->Stop() : std::nullopt;
  if (!report) return;
  core_.observer.OnNote(
      Observer::Severity::kInfo,
      absl::StrFormat(
          "generation %d: while it was loaded, %d of %d searches took longer than %.2f times the "
          "%.1f ms that 99 of 100 took at most before",
          meta_.generation, report->slow, report->searches,
          core_.options.bulk.reader_latency_factor,
          static_cast<double>(report->idle.count()) / 1000));
}

void BuildImpl::TellOfTrouble() {
  const BulkCounts counts = writer_.counts();
  if (counts.retried == 0 && counts.cuts == 0 && counts.pauses == 0) return;
  core_.observer.OnNote(
      Observer::Severity::kInfo,
      absl::StrFormat("generation %d: %d documents written in %d requests; %d were sent again; "
                      "slowed down %d times, paused %d times for %.1f s",
                      meta_.generation, counts.written, counts.requests, counts.retried,
                      counts.cuts, counts.pauses,
                      std::chrono::duration<double>(counts.paused).count()));
}

absl::Status BuildImpl::FinishIndexes() {
  for (const std::string& family : meta_.families) {
    const FamilySpec* spec = core_.release.FindFamily(family);
    const std::string settings = spec == nullptr ? "" : spec->settings;
    const std::string index = IndexName(family, meta_.generation);
    const absl::Status finished = core_.Change(
        [&](const Fence& fence) { return core_.store->FinishLoading(fence, index, settings); });
    if (!finished.ok()) return finished;
  }
  return absl::OkStatus();
}

absl::StatusOr<GateResult> BuildImpl::CompareWithStore(const SealInput& input) {
  if (!digest_all_) return JudgeDigest(*core_.store, meta_.generation, sample_);
  const auto on_page = [this] { return writer_.CallOnWait(); };
  return JudgeWholeDigest(
      {*core_.store, meta_, buckets_, refused_, core_.written_since, input.again, on_page});
}

absl::StatusOr<SealReport> BuildImpl::Seal(const SealInput& input) {
  if (absl::Status s = writer_.Flush(); !s.ok()) return s;
  TellOfReaders();
  TellOfTrouble();
  core_.observer.OnStep("seal.before");
  if (absl::Status s = FinishIndexes(); !s.ok()) return s;
  if (absl::Status s = CleanUp(); !s.ok()) return s;
  for (const auto& [family, count] : put_) meta_.documents[family] = count;
  meta_.digest = digest_.Hex();

  const auto state = core_.store->Read(core_.query);
  if (!state.ok()) return state.status();
  auto judged =
      JudgeStoreGates({*core_.store, core_.release, meta_, state->aliases, core_.options.gates});
  if (!judged.ok()) return judged.status();
  const auto counts = JudgeCounts(*core_.store, meta_, meta_.documents);
  if (!counts.ok()) return counts.status();
  const auto digest = CompareWithStore(input);
  if (!digest.ok()) return digest.status();

  // Of a build that was sealed before and is loaded again, too, only Begin's are left.
  std::erase_if(meta_.gates,
                [](const GateResult& gate) { return !IsJudgedBeforeBuild(gate.gate); });
  meta_.gates.push_back(JudgeRefused(refused(), core_.options.gates));
  meta_.gates.insert(meta_.gates.end(), input.gates.begin(), input.gates.end());
  meta_.gates.push_back(*counts);
  meta_.gates.insert(meta_.gates.end(), judged->begin(), judged->end());
  meta_.gates.push_back(*digest);
  if (meta_.adopted) {
    auto changed = JudgeChanged(*core_.store, *meta_.adopted);
    if (!changed.ok()) return changed.status();
    meta_.gates.push_back(*std::move(changed));
  }
  meta_.state = BuildState::kSealed;
  meta_.sealed_at = core_.Timestamp();
  core_.observer.OnStep("seal.meta.before");
  if (absl::Status s = core_.WriteMeta(meta_); !s.ok()) return s;
  core_.observer.OnStep("seal.after");

  SealReport report{meta_.documents, meta_.gates, true};
  for (const GateResult& gate : meta_.gates) report.passed = report.passed && gate.passed;
  return report;
}

}  // namespace

std::unique_ptr<Build> MakeBuild(Core& core, GenerationMeta meta, bool resumed) {
  return std::make_unique<BuildImpl>(core, std::move(meta), resumed);
}

}  // namespace indexswap
