// Loads a generation's documents from its file into the store.
#ifndef SYNCD_SYNC_LOADER_H_
#define SYNCD_SYNC_LOADER_H_

#include <absl/status/status.h>
#include <indexswap/engine.h>

#include <string>

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

// Reads every view of the file's plan once, as of one moment, and puts each row into `build`.
// `moment`: another connection to the file, to read through; it stays at that moment until it is
// closed, whatever is written to the file, whose WAL is not folded back so long. nullptr: through
// `file`, until the last row is read. kCancelled when interrupted; the errors of Build::Put and
// GenerationFile::Project otherwise.
absl::Status LoadDocuments(GenerationFile& file, indexswap::Build& build, RunHooks& hooks,
                           GenerationFile* moment);

// Hands every document of `family` that was loaded through `moment` to `visit` once more. Errors as
// of GenerationFile::Project.
absl::Status ReadAgain(GenerationFile& moment, const std::string& family,
                       const indexswap::DocumentVisitor& visit);

}  // namespace syncd

#endif  // SYNCD_SYNC_LOADER_H_
