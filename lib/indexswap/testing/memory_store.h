// A store in memory, for tests of what is built on stores: the same contract as the real ones.
#ifndef INDEXSWAP_TESTING_MEMORY_STORE_H_
#define INDEXSWAP_TESTING_MEMORY_STORE_H_

#include <indexswap/store.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "indexswap/query/mapping.h"

namespace indexswap::testing {

// What the handles of one memory store share. Thread-safe.
class MemoryCluster {
 public:
  // A concrete index as another program would create it.
  absl::Status CreateForeignIndex(const std::string& name, const std::string& mappings = "");

  // Writes documents to it, under ids of their own, visible at once.
  void FillForeignIndex(const std::string& name, const std::vector<std::string>& documents) {
    const std::lock_guard lock(mutex_);
    Index& index = indexes_[name];
    for (const std::string& document : documents) {
      ++index.writes;
      const std::string id = "made-" + std::to_string(index.documents.size());
      index.documents[id] = {1, document, false};
      index.searchable[id] = document;
    }
  }

 private:
  friend class MemoryStore;

  struct Document {
    uint64_t version = 0;
    std::string json;
    bool deleted = false;
  };
  struct Index {
    std::string release;  // empty: foreign
    GenerationMeta meta;
    std::string settings;
    std::shared_ptr<const ParsedMapping> mapping;
    std::map<std::string, Document> documents;      // as of the last write
    std::map<std::string, std::string> searchable;  // as of the last refresh
    std::set<std::string> unrefreshed;              // ids written since
    uint64_t write_epoch = 0;                       // 0: nobody may write
    uint64_t made = 0;                              // one higher for each index that is created
    uint64_t writes = 0;                            // documents written or deleted
  };

  std::mutex mutex_;
  // All guarded by mutex_.
  std::map<std::string, std::map<uint64_t, LeaseRecord>> leases_;  // by release and epoch
  std::map<std::string, Index> indexes_;
  AliasTable aliases_;
  uint64_t made_ = 0;
};

// A handle on `cluster`. Like a server, it shows documents to Count only after a refresh, and a
// takeover moves the right to write to the indexes that it names.
std::unique_ptr<IndexStore> MakeMemoryStore(std::shared_ptr<MemoryCluster> cluster);

// A handle on a cluster of its own.
std::unique_ptr<IndexStore> MakeMemoryStore();

}  // namespace indexswap::testing

#endif  // INDEXSWAP_TESTING_MEMORY_STORE_H_
