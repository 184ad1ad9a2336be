// Documents that the store refused, kept as dead letters of their generation.
#ifndef SYNCD_SYNC_REFUSED_H_
#define SYNCD_SYNC_REFUSED_H_

#include <absl/status/status.h>
#include <indexswap/observer.h>

#include <memory>
#include <mutex>
#include <string>

#include "syncd/readmodel/generation_file.h"

namespace syncd {

// Takes refused documents from the engine's threads into a generation's file. Thread-safe.
class RefusedDocuments {
 public:
  // From now on documents go to the file at `path`; those kept there by an earlier try are dropped.
  absl::Status Attach(const std::string& path);

  // Keeps one. Without a file, or when it can't be written, the document is counted all the same.
  void Add(const indexswap::RefusedDocument& document);

  // Stops taking. The first error of writing since Attach: a dead letter was not kept.
  absl::Status Detach();

 private:
  std::mutex mutex_;
  std::unique_ptr<GenerationFile> file_;
  absl::Status error_;
};

}  // namespace syncd

#endif  // SYNCD_SYNC_REFUSED_H_
