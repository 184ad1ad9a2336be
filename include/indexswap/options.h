// How an Engine works: plain values, each with its meaning, its default, and when to change it.
#ifndef INDEXSWAP_OPTIONS_H_
#define INDEXSWAP_OPTIONS_H_

#include <absl/status/status.h>
#include <indexswap/clock.h>
#include <indexswap/retention.h>
#include <indexswap/store.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace indexswap {

// The lease. Every process that may write to one release should use the same values.
struct LeaseOptions {
  std::chrono::milliseconds beat{2000};      // how often the holder shows that it lives
  std::chrono::milliseconds timeout{10000};  // how long a rival watches a lease that does not beat
                                             // before it takes over; at least three beats
};

// The bulk writer. The defaults load one small cluster at its ceiling.
struct BulkOptions {
  size_t max_documents = 2500;              // in one request
  size_t max_bytes = 3u << 20;              // of ids and documents in one request; a single larger
                                            // document is sent alone. Amazon's limit is 10 MiB
  size_t max_buffered_bytes = 16u << 20;    // queued and in flight together; Put blocks beyond it
  int in_flight = 3;                        // requests at the same time, one thread each; fewer
                                            // while the store has no room for so many
  std::chrono::milliseconds retry_min{50};  // first wait before what may be retried is sent again
  std::chrono::milliseconds retry_max{5000};  // the longest such wait
  std::chrono::milliseconds give_up{300000};  // a batch of which nothing got through for so long
                                              // ends the build. A block of the index (flood stage,
                                              // read-only) doesn't count: it is waited for
  double reader_latency_factor = 0;  // readers first: less is sent while more than about one of 100
                                     // searches through the live aliases takes longer than so many
                                     // times what 99 of 100 took at most before the load; above 1.
                                     // 0: readers are not looked at
};

// The gates before a swap.
struct GateOptions {
  uint64_t max_refused = 0;     // documents that the store refused
  double max_shrink = 0.10;     // an alias may lose this part of its documents …
  uint64_t shrink_slack = 20;   // … or this many, whichever is more
  bool digest_all = false;      // read every document back, rather than a sample: every page of
                                // every index once, and the work of a hash for each Put
  size_t digest_sample = 1000;  // documents read back and compared; 0 turns that gate off
  Health::Colour health = Health::Colour::kYellow;  // the worst that passes
};

// Everything an Engine needs to know beside the store and the release.
struct EngineOptions {
  LeaseOwner owner;  // who writes; `id` must be new for each process
  // The caller holds an exclusive lock on the state folder `owner.state_id`: a lease left behind by
  // the same folder belongs to a process that is dead, and is taken over without watching it.
  bool owner_lock_held = false;
  // Called before the lease of `epoch` is created, with the one in force until then (nothing: there
  // is none): the caller keeps the epoch, and can tell from the last owner's record whether what it
  // knows is of the last writer's. An error is what taking the lease then fails with. May be empty.
  std::function<absl::Status(const std::optional<Lease>& last, uint64_t epoch)> before_epoch;
  // The position of the caller's last durable event, written with every beat. From any thread; must
  // not block. May be empty: 0.
  std::function<uint64_t()> journal_position;
  LeaseOptions lease;
  BulkOptions bulk;
  GateOptions gates;
  RetentionPolicy retention;
  std::chrono::milliseconds outcome_timeout{60000};  // how long to try to find out what a request
                                                     // did whose answer was lost
  Clock* clock = Clock::Real();                      // not owned
};

}  // namespace indexswap

#endif  // INDEXSWAP_OPTIONS_H_
