// Writes documents in bulk: batches bounded by documents and bytes, several requests in flight,
// retries of only what can be retried.
#ifndef INDEXSWAP_ENGINE_BULK_WRITER_H_
#define INDEXSWAP_ENGINE_BULK_WRITER_H_

#include <absl/status/status.h>
#include <indexswap/observer.h>
#include <indexswap/options.h>
#include <indexswap/store.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "indexswap/engine/lease.h"

namespace indexswap {

// How many documents have come to which end.
struct BulkCounts {
  uint64_t written = 0;   // done, or the store held them already
  uint64_t refused = 0;   // will never be stored
  uint64_t retried = 0;   // items sent once more
  uint64_t requests = 0;  // bulk requests sent
};

// A bounded queue in front of `options.in_flight` threads that send. Thread-safe.
//
// Items carry the caller's version; the writer puts the epoch in force at the time of sending in
// front of it, so a batch that is sent again under a new epoch is newer than its first try.
class BulkWriter {
 public:
  // Called for each refused item, from the writer's threads.
  using OnRefused = std::function<void(const BulkItem&, const std::string& reason)>;

  // Nothing is owned.
  BulkWriter(IndexStore& store, LeaseKeeper& lease, const BulkOptions& options, Clock& clock,
             Observer& observer, OnRefused on_refused);
  // Drops what is queued; waits for what is in flight.
  ~BulkWriter();

  BulkWriter(const BulkWriter&) = delete;
  BulkWriter& operator=(const BulkWriter&) = delete;

  // Queues one item; blocks while the buffers are full. Returns the first error, which is final.
  absl::Status Add(BulkItem item);

  // Waits until every item has been answered for. Returns the first error, which is final.
  absl::Status Flush();

  BulkCounts counts() const;

  // The most bytes that were ever buffered; for tests of the bound.
  size_t high_water_bytes() const;

 private:
  struct Batch {
    std::vector<BulkItem> items;
    size_t bytes = 0;
  };

  void Work();
  absl::Status Send(Batch batch);
  // Sends once; leaves in `items` what is to be sent again. `progress`: something got through.
  absl::Status SendOnce(std::vector<BulkItem>& items, bool& progress, std::string& obstacle);
  absl::Status Sort(std::vector<BulkItem>& items, std::vector<BulkResult> results, bool& progress,
                    std::string& obstacle);
  absl::Status Split(std::vector<BulkItem>& items, bool& progress, std::string& obstacle);
  void Refuse(const BulkItem& item, const std::string& reason);
  void CloseBatch();

  IndexStore& store_;
  LeaseKeeper& lease_;
  const BulkOptions options_;
  Clock& clock_;
  Observer& observer_;
  const OnRefused on_refused_;

  mutable std::mutex mutex_;
  std::condition_variable work_;   // there is a batch, or the end
  std::condition_variable space_;  // there is space, or everything is answered, or an error
  Batch open_;
  std::deque<Batch> queue_;
  size_t buffered_bytes_ = 0;  // in open_, queue_ and in flight
  size_t high_water_bytes_ = 0;
  int in_flight_ = 0;
  BulkCounts counts_;
  absl::Status error_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

// The version that a store sees: `epoch << 40 | version`.
uint64_t FencedVersion(uint64_t epoch, uint64_t version);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_BULK_WRITER_H_
