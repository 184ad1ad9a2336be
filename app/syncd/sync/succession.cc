#include "syncd/sync/succession.h"

#include <absl/strings/str_format.h>

#include "syncd/sync/state_files.h"

namespace syncd {

std::string WhyBehind(const std::optional<indexswap::Lease>& last, const FolderAge& folder) {
  if (!last) return "";
  if (last->record && last->record->owner.state_id != folder.state_id) {
    if (folder.epoch == 0 && folder.head == 0) return "it is new";
    return absl::StrFormat("another folder has been in use since, on host %s",
                           last->record->owner.host);
  }
  if (folder.epoch < last->epoch) {
    return absl::StrFormat("it is of epoch %d, and epoch %d has written since", folder.epoch,
                           last->epoch);
  }
  if (last->record && folder.head < last->record->journal_position) {
    return absl::StrFormat("its journal ends at position %d, and position %d was reached before",
                           folder.head, last->record->journal_position);
  }
  return "";
}

absl::Status Succeed(const std::optional<indexswap::Lease>& last, uint64_t epoch,
                     const std::string& state_dir, Journal& journal, EventLog& log,
                     const std::function<void(const std::string&)>& warn) {
  const auto kept = journal.Epoch();
  if (!kept.ok()) return kept.status();
  const std::string why = WhyBehind(last, {journal.state_id(), *kept, log.head()});
  if (!why.empty()) {
    const std::vector<uint64_t> generations = GenerationsIn(state_dir);
    if (!generations.empty() || log.head() > 0) {
      warn(
          absl::StrFormat("the state folder %s is not of the last writer: %s. What it holds of "
                          "%d generations and of live events is out of date, and is removed",
                          state_dir, why, generations.size()));
    }
    const uint64_t reached = last->record ? last->record->journal_position : 0;
    if (absl::Status s = log.ForgetAll(reached); !s.ok()) return s;
    for (const uint64_t generation : generations) {
      if (absl::Status s = RemoveGenerationFile(state_dir, generation); !s.ok()) return s;
    }
  }
  return journal.RaiseEpoch(epoch);
}

}  // namespace syncd
