// What a run tells, and asks, the outside while it goes on.
#ifndef SYNCD_SYNC_HOOKS_H_
#define SYNCD_SYNC_HOOKS_H_

#include <indexswap/observer.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "syncd/sync/run.h"

namespace syncd {

// How far a run has come, as one value for bar, log, status and metrics.
struct RunProgress {
  uint64_t generation = 0;
  std::string stage;  // receiving, loading, sealing, swapping
  std::map<std::string, ChannelProgress> channels;
  std::string waits_for;          // while receiving
  std::string blocked;            // why the store takes no documents at the moment; empty: it does
  uint64_t loaded = 0;            // documents answered for by the store
  std::optional<uint64_t> total;  // documents to load, or records to receive as far as known
};

// The outside of a run. Methods are called from the run's thread, except Note and Reached, which
// may come from any.
class RunHooks {
 public:
  virtual ~RunHooks() = default;

  // Called often; must return quickly.
  virtual void OnProgress(const RunProgress& progress) = 0;

  // Something worth a line.
  virtual void Note(indexswap::Observer::Severity severity, const std::string& text) = 0;

  // A named step; see cli/steps.h.
  virtual void Reached(std::string_view step) = 0;

  // Whether somebody wants the run to stop.
  virtual bool Interrupted() = 0;
};

}  // namespace syncd

#endif  // SYNCD_SYNC_HOOKS_H_
