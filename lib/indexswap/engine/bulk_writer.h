// Writes documents in bulk: batches bounded by documents and bytes, as many requests in flight as
// the store bears, and only what can be tried again is sent again. What it does with each answer is
// in docs/bulk.md.
#ifndef INDEXSWAP_ENGINE_BULK_WRITER_H_
#define INDEXSWAP_ENGINE_BULK_WRITER_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/observer.h>
#include <indexswap/options.h>
#include <indexswap/store.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "indexswap/engine/flow_control.h"
#include "indexswap/engine/lease.h"

namespace indexswap {

// How many documents have come to which end.
struct BulkCounts {
  uint64_t written = 0;   // done, or the store held them already
  uint64_t refused = 0;   // will never be stored
  uint64_t retried = 0;   // items sent once more
  uint64_t requests = 0;  // bulk requests sent
  uint64_t cuts = 0;      // how often fewer requests were sent at a time, for pressure
  uint64_t pauses = 0;    // how often writing has stood still for a block
  std::chrono::milliseconds paused{0};  // and for how long in all
};

// A bounded queue in front of `options.in_flight` threads that send. Thread-safe.
//
// Items carry the caller's version; the writer puts the epoch in force at the time of sending in
// front of it, so a batch that is sent again under a new epoch is newer than its first try.
class BulkWriter {
 public:
  // Called for each refused item, from the writer's threads.
  using OnRefused = std::function<void(const BulkItem&, const std::string& reason)>;

  // Called by Add and Flush, on their thread, every 100 ms in which they wait.
  using OnWait = std::function<absl::Status()>;

  // Nothing is owned.
  BulkWriter(IndexStore& store, LeaseKeeper& lease, const BulkOptions& options, Clock& clock,
             Observer& observer, OnRefused on_refused);
  // Drops what is queued; waits for what is in flight.
  ~BulkWriter();

  BulkWriter(const BulkWriter&) = delete;
  BulkWriter& operator=(const BulkWriter&) = delete;

  // From now on. An error that it returns ends the wait and the writer, as if the store had made
  // it.
  void set_on_wait(OnWait on_wait);

  // For who waits for something else meanwhile; OK without one. Does not end the writer.
  absl::Status CallOnWait() const;

  // Queues one item; blocks while the buffers are full. Returns the first error, which is final.
  absl::Status Add(BulkItem item);

  // Waits until every item has been answered for. Returns the first error, which is final.
  absl::Status Flush();

  BulkCounts counts() const;

  // From now on it makes way for readers: begins carefully, and goes by what Readers is told. To be
  // called before there is anything to send.
  void ReadersFirst();

  // Whether a reader's search was too slow: see ReaderPace.
  void Readers(bool slow);

  // Why writing stands still at the moment, for people; empty: it does not.
  std::string blocked() const;

  // The most bytes that were ever buffered; for tests of the bound.
  size_t high_water_bytes() const;

 private:
  struct Batch {
    std::vector<BulkItem> items;
    std::vector<int> failures;  // of each item: how often the server has failed with it
    size_t bytes = 0;
    uint64_t sender = 0;  // to FlowControl
  };

  // What became of those items of a batch that were sent together, and are to be sent again.
  struct Round {
    bool progress = false;  // something got through, or was refused for good
    bool pressure = false;  // the store had no room for something
    bool failed = false;    // the server failed with something
    std::string block;      // the block that something met; empty: none
    std::string obstacle;   // the reason for the last of what is to be sent again

    void Add(const Round& other);
  };

  void Work();
  absl::Status Send(Batch batch);
  // Takes from the front of `batch`, from `next` on, as much as one request may have now.
  Batch Take(Batch& batch, size_t& next) const;
  absl::Status SendPart(Batch batch);
  // Sends until nothing is left, or an item is to be sent alone from now on.
  absl::Status Deliver(Batch& batch);
  // Sends once; leaves in `batch` what is to be sent again.
  absl::Status SendOnce(Batch& batch, Round& round);
  absl::Status Sort(Batch& batch, std::vector<BulkResult> results, Round& round);
  absl::Status Split(Batch& batch, Round& round);
  absl::StatusOr<FlowControl::Turn> TakeTurn(uint64_t sender);
  // Gives the turn back, and pauses or goes on as `round` says.
  void EndTurn(const Batch& batch, const FlowControl::Turn& turn, const Round& round,
               bool answered);
  absl::Status Sleep(std::chrono::milliseconds duration);
  absl::Status Wait(std::unique_lock<std::mutex>& lock, const std::function<bool()>& done);
  // OK while there is a point in going on. Under the lock.
  absl::Status GoesOn() const;
  absl::Status GiveUp(const Batch& batch, const Round& round) const;
  void End(const absl::Status& status);
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
  std::condition_variable turn_;   // somebody else may send now, or the end, or an error
  FlowControl flow_;
  OnWait on_wait_;
  uint64_t senders_ = 0;
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

// What an item takes in a request, roughly.
size_t RequestBytes(const BulkItem& item);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_BULK_WRITER_H_
