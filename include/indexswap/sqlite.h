// The embedded store: indexes and aliases in one SQLite file, which any process can read.
#ifndef INDEXSWAP_SQLITE_H_
#define INDEXSWAP_SQLITE_H_

#include <absl/status/statusor.h>
#include <indexswap/store.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace indexswap {

struct SqliteOptions {
  // How long a call waits for another process's write transaction before kResourceExhausted. Raise
  // it when other programs write large transactions into the file.
  std::chrono::milliseconds busy_timeout{10'000};

  // The write-ahead log is copied into the file and emptied when it has grown by this much. Under
  // readers that never pause, a smaller value means more waiting for them, a larger one a larger
  // file beside the store.
  int64_t checkpoint_bytes = int64_t{64} << 20;

  // Whether a file that is not there is created. False: kNotFound.
  bool create = true;
};

// Opens the store in the file `path`. It can be opened by several processes at once; their writes
// wait for one another. A generation's index is a table (id, version, document), an alias a view of
// the same columns, a swap one transaction: whoever reads the file with plain SQLite sees the old
// or the new. Nothing is shared with the caller; the file is closed with the store.
//
// kFailedPrecondition: the file is something else, or from a newer version.
absl::StatusOr<std::unique_ptr<IndexStore>> OpenSqliteStore(const std::string& path,
                                                            SqliteOptions options = {});

}  // namespace indexswap

#endif  // INDEXSWAP_SQLITE_H_
