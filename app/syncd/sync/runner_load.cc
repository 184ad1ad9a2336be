// The part of a run in which documents go from the generation's file to the store, and are judged.
#include <chrono>
#include <memory>
#include <utility>

#include "syncd/sync/channel_gates.h"
#include "syncd/sync/loader.h"
#include "syncd/sync/runner.h"

namespace syncd {

absl::Status SyncRunner::LoadAndSeal(GenerationFile& file, RunInfo& run, indexswap::Build& build,
                                     SyncOutcome& outcome) {
  const auto start = std::chrono::steady_clock::now();
  if (absl::Status s = refused_.Attach(file.path()); !s.ok()) return s;
  // Where all of it is compared, what was loaded may be asked for again while events change the
  // file.
  std::unique_ptr<GenerationFile> moment;
  absl::Status loaded;
  if (config_.gates.digest_all) {
    auto opened = GenerationFile::Open(file.path(), durability());
    loaded = opened.status();
    if (opened.ok()) moment = *std::move(opened);
  }
  if (loaded.ok()) loaded = LoadDocuments(file, build, hooks_, moment.get());
  if (!loaded.ok()) {
    refused_.Detach().IgnoreError();
    return loaded;
  }
  const WaitWatch watch(build, hooks_, {build.generation(), "sealing"});
  // An adoption has judged what it read already.
  indexswap::SealInput input{outcome.gates.empty() ? JudgeChannels(file) : outcome.gates};
  if (disk_) input.gates.push_back(*disk_);
  if (moment != nullptr) {
    input.again = [&moment](const std::string& family, const indexswap::DocumentVisitor& visit) {
      return ReadAgain(*moment, family, visit);
    };
  }
  const auto sealed = build.Seal(input);
  const absl::Status kept = refused_.Detach();
  if (!sealed.ok()) return sealed.status();
  if (!kept.ok()) return kept;
  outcome.load_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  outcome.documents = sealed->documents;
  outcome.gates = sealed->gates;
  if (absl::Status s = SetStage(file, run, RunStage::kSealed); !s.ok()) return s;
  warm_.StartDraining(build.generation());
  return absl::OkStatus();
}

std::vector<indexswap::GateResult> SyncRunner::JudgeChannels(const GenerationFile& file) const {
  std::vector<ChannelState> snapshot;
  for (ChannelState& state : file.channels()) {
    const PlanChannel* channel = file.plan().FindChannel(state.name);
    if (channel != nullptr && channel->kind == PlanChannel::Kind::kSnapshot) {
      snapshot.push_back(std::move(state));
    }
  }
  return JudgeChannelGates(snapshot, config_.rejected);
}

}  // namespace syncd
