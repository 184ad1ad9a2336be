#include "indexswap/engine/build.h"

#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <atomic>

#include "indexswap/engine/adoption.h"
#include "indexswap/engine/gates.h"

namespace indexswap {
namespace {

constexpr uint64_t kMaxVersion = (1ULL << 40) - 1;

class BuildImpl : public Build {
 public:
  BuildImpl(Core& core, GenerationMeta meta)
      : core_(core),
        meta_(std::move(meta)),
        sample_(core.options.gates.digest_sample),
        writer_(
            *core.store, core.lease, core.options.bulk, *core.options.clock, core.observer,
            [this](const BulkItem& item, const std::string& reason) { Refused(item, reason); }) {
    for (const std::string& family : meta_.families) put_.try_emplace(family);
    core_.building = meta_.generation;
  }

  ~BuildImpl() override { core_.building = 0; }

  uint64_t generation() const override { return meta_.generation; }
  const GenerationMeta& meta() const override { return meta_; }
  uint64_t written() const override { return writer_.counts().written; }
  uint64_t refused() const override { return writer_.counts().refused; }

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
    sample_.Offer(family, id, version, document);
    digest_.Add(family, id, document);
    counter->second.fetch_add(1, std::memory_order_relaxed);
    return writer_.Add({BulkItem::Kind::kIndex, IndexName(family, meta_.generation), std::move(id),
                        version, std::move(document)});
  }

  absl::StatusOr<SealReport> Seal(const SealInput& input) override;

 private:
  void Refused(const BulkItem& item, const std::string& reason);
  absl::Status FinishIndexes();

  Core& core_;
  GenerationMeta meta_;
  // Fixed after construction, so that Put may look a family up without a lock.
  std::map<std::string, std::atomic<uint64_t>, std::less<>> put_;
  DigestSample sample_;
  ContentDigest digest_;
  BulkWriter writer_;  // last: its threads use what is above
};

void BuildImpl::Refused(const BulkItem& item, const std::string& reason) {
  const auto name = ParseIndexName(item.index);
  const std::string family = name ? name->family : item.index;
  sample_.Remove(family, item.id);
  digest_.Subtract(family, item.id, item.document);
  if (const auto counter = put_.find(family); counter != put_.end()) counter->second.fetch_sub(1);
  core_.observer.OnRefused({family, item.id, item.version & kMaxVersion, item.document, reason});
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

absl::StatusOr<SealReport> BuildImpl::Seal(const SealInput& input) {
  if (absl::Status s = writer_.Flush(); !s.ok()) return s;
  core_.observer.OnStep("seal.before");
  if (absl::Status s = FinishIndexes(); !s.ok()) return s;
  for (const auto& [family, count] : put_) meta_.documents[family] = count;
  meta_.digest = digest_.Hex();

  const auto state = core_.store->Read(core_.query);
  if (!state.ok()) return state.status();
  auto judged =
      JudgeStoreGates({*core_.store, core_.release, meta_, state->aliases, core_.options.gates});
  if (!judged.ok()) return judged.status();
  const auto counts = JudgeCounts(*core_.store, meta_, meta_.documents);
  if (!counts.ok()) return counts.status();
  const auto digest = JudgeDigest(*core_.store, meta_.generation, sample_);
  if (!digest.ok()) return digest.status();

  meta_.gates = {JudgeRefused(refused(), core_.options.gates)};
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

std::unique_ptr<Build> MakeBuild(Core& core, GenerationMeta meta) {
  return std::make_unique<BuildImpl>(core, std::move(meta));
}

}  // namespace indexswap
