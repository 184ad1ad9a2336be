// Loads a generation's documents from its file into the store.
#ifndef SYNCD_SYNC_LOADER_H_
#define SYNCD_SYNC_LOADER_H_

#include <absl/status/status.h>
#include <indexswap/engine.h>

#include "syncd/readmodel/generation_file.h"
#include "syncd/sync/hooks.h"

namespace syncd {

// While it lives, a build that waits for the store shows how far it is and what it waits for, and
// ends with kCancelled when the run is interrupted.
class WaitWatch {
 public:
  // Shows `progress` at once. Nothing is owned.
  WaitWatch(indexswap::Build& build, RunHooks& hooks, RunProgress progress);
  ~WaitWatch();

  WaitWatch(const WaitWatch&) = delete;
  WaitWatch& operator=(const WaitWatch&) = delete;

  // Shows how far the build is now. kCancelled when interrupted.
  absl::Status Look();

 private:
  indexswap::Build& build_;
  RunHooks& hooks_;
  RunProgress progress_;
};

// Reads every view of the file's plan once and puts each row into `build`. kCancelled when
// interrupted; the errors of Build::Put and GenerationFile::Project otherwise.
absl::Status LoadDocuments(GenerationFile& file, indexswap::Build& build, RunHooks& hooks);

}  // namespace syncd

#endif  // SYNCD_SYNC_LOADER_H_
