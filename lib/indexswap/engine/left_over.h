// What an earlier load of a build, which was cut off, has left in its indexes.
#ifndef INDEXSWAP_ENGINE_LEFT_OVER_H_
#define INDEXSWAP_ENGINE_LEFT_OVER_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "indexswap/engine/bulk_writer.h"
#include "indexswap/engine/core.h"

namespace indexswap {

// Deletes each document of `index` that was written before the load of `epoch` whose lowest version
// is `version` (the caller's): a record that has changed between two loads may have had another
// document then. Returns how many; they are gone from searches after the next refresh. The load is
// flushed, refreshed, and the only writer; cut off, it is done again.
absl::StatusOr<uint64_t> DeleteLeftOver(Core& core, BulkWriter& writer, const std::string& index,
                                        uint64_t epoch, uint64_t version);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_LEFT_OVER_H_
