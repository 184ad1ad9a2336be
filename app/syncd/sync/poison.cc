#include "syncd/sync/poison.h"

#include <absl/strings/str_format.h>

namespace syncd {
namespace {

// How often the server may fail with a document before that is sent by itself, as in a build.
constexpr int kFailuresTogether = 5;

// Of more at a time it is not the documents.
constexpr size_t kSuspectsMax = 10;

}  // namespace

const PoisonWatch::Suspect* PoisonWatch::Find(const DocumentChange& change) const {
  const auto found = suspects_.find({change.family, change.id});
  const bool same = found != suspects_.end() && found->second.document == change.document;
  return same ? &found->second : nullptr;
}

PoisonWatch::Suspect& PoisonWatch::Get(const DocumentChange& change) {
  Suspect& suspect = suspects_[{change.family, change.id}];
  if (suspect.failures > 0 && suspect.document == change.document) return suspect;
  // Another one that fails: the server may be sick, so the time of the others begins anew.
  Interrupted();
  suspect = Suspect();
  suspect.document = change.document;
  return suspect;
}

PoisonWatch::Way PoisonWatch::WayOf(const DocumentChange& change) const {
  const Suspect* suspect = Find(change);
  if (suspect == nullptr) return Way::kTogether;
  if (suspect->no_more) return Way::kNoMore;
  return suspect->failures >= kFailuresTogether ? Way::kAlone : Way::kTogether;
}

bool PoisonWatch::Failed(const DocumentChange& change, const std::string& reason, Time now) {
  const bool alone = WayOf(change) == Way::kAlone;
  Suspect& suspect = Get(change);
  ++suspect.failures;
  suspect.reason = reason;
  if (!alone) return false;
  const uint64_t written = written_[change.family];
  if (!suspect.alone_since) {
    suspect.alone_since = now;
    suspect.written_before = written;
  }
  const bool long_enough = now - *suspect.alone_since >= give_up_;
  const bool others_get_through = written > suspect.written_before;
  if (!long_enough || !others_get_through || suspects_.size() > kSuspectsMax) return false;
  suspect.no_more = true;
  suspect.reason = absl::StrFormat(
      "the server has failed with it %d times, at last alone for %d ms, and took others: %s",
      suspect.failures, give_up_.count(), reason);
  return true;
}

void PoisonWatch::GotThrough(const DocumentChange& change, bool written) {
  suspects_.erase({change.family, change.id});
  if (written) ++written_[change.family];
}

void PoisonWatch::Refused(const DocumentChange& change, const std::string& reason) {
  Suspect& suspect = Get(change);
  suspect.no_more = true;
  suspect.reason = reason;
}

void PoisonWatch::Interrupted() {
  for (auto& [key, suspect] : suspects_) suspect.alone_since.reset();
}

std::string PoisonWatch::ReasonOf(const DocumentChange& change) const {
  const Suspect* suspect = Find(change);
  return suspect == nullptr ? "" : suspect->reason;
}

}  // namespace syncd
