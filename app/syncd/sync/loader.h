// Loads a generation's documents from its file into the store.
#ifndef SYNCD_SYNC_LOADER_H_
#define SYNCD_SYNC_LOADER_H_

#include <absl/status/status.h>
#include <indexswap/engine.h>

#include "syncd/readmodel/generation_file.h"
#include "syncd/sync/hooks.h"

namespace syncd {

// Reads every view of the file's plan once and puts each row into `build`. kCancelled when
// interrupted; the errors of Build::Put and GenerationFile::Project otherwise.
absl::Status LoadDocuments(GenerationFile& file, indexswap::Build& build, RunHooks& hooks);

}  // namespace syncd

#endif  // SYNCD_SYNC_LOADER_H_
