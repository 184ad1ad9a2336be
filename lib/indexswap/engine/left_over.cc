#include "indexswap/engine/left_over.h"

#include <vector>

namespace indexswap {
namespace {

constexpr size_t kPageDocuments = 1000;  // about a megabyte

}  // namespace

absl::StatusOr<uint64_t> DeleteLeftOver(Core& core, BulkWriter& writer, const std::string& index,
                                        uint64_t epoch, uint64_t version) {
  uint64_t deleted = 0;
  const uint64_t oldest = FencedVersion(epoch, version);
  const auto visit = [&](const std::vector<StoredDocument>& page) -> absl::Status {
    for (const StoredDocument& document : page) {
      if (document.version >= oldest) continue;
      ++deleted;
      absl::Status added =
          writer.Add({BulkItem::Kind::kDelete, index, document.id, version, std::string()});
      if (!added.ok()) return added;
    }
    return absl::OkStatus();
  };
  if (absl::Status s = core.store->Scan(index, kPageDocuments, visit); !s.ok()) return s;
  if (absl::Status s = writer.Flush(); !s.ok()) return s;
  return deleted;
}

}  // namespace indexswap
