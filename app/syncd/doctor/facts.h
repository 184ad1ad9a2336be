// All that the doctor has seen, as values: gather.h fills them, checks.h judges them.
#ifndef SYNCD_DOCTOR_FACTS_H_
#define SYNCD_DOCTOR_FACTS_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/engine.h>
#include <indexswap/inspector.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "syncd/config/config.h"
#include "syncd/plan/plan.h"
#include "syncd/readmodel/state_lock.h"
#include "syncd/sources/queue_inspector.h"

namespace syncd {

// The store, as far as it could be read.
struct StoreFacts {
  absl::Status opened;
  bool absent = false;      // an embedded store whose file is not there yet
  std::string description;  // `OpenSearch 2.19.1 at …`
  absl::Status read;        // of the two that follow
  indexswap::StoreState state;
  indexswap::ReleaseStatus status;
  std::vector<indexswap::CapabilityFacts> capabilities;
  std::vector<indexswap::ProbeFacts> probes;
  std::vector<std::string> untried;
  absl::StatusOr<std::vector<indexswap::TemplateFacts>> templates =
      std::vector<indexswap::TemplateFacts>();
  absl::StatusOr<std::vector<indexswap::BlockFacts>> blocks = std::vector<indexswap::BlockFacts>();
  absl::StatusOr<std::vector<indexswap::DiskFacts>> disks = std::vector<indexswap::DiskFacts>();
  absl::StatusOr<indexswap::Health> health = indexswap::Health();  // of the live indexes
  bool lease_beats = false;  // the lease in force was seen to beat

  // The names of the indexes of a generation that is there.
  std::vector<std::string> IndexesOf(std::optional<uint64_t> generation) const;
  // Their bytes on disk, primaries.
  uint64_t BytesOf(std::optional<uint64_t> generation) const;
};

// The queue of one channel.
struct QueueFacts {
  const PlanChannel* channel = nullptr;
  std::string queue;                                  // as configured: `amqp:NAME`, `sqs:URL`
  std::optional<absl::StatusOr<BrokerQueue>> broker;  // of the kind that it is, once looked at
  std::optional<absl::StatusOr<SqsQueue>> sqs;
};

struct BrokerFacts {
  absl::Status configured;  // whether every channel has what it needs
  bool needed = false;      // a channel is read from the broker, or a start is sent through it
  absl::Status connected;
  std::map<std::string, absl::Status> exchanges;
  std::vector<QueueFacts> queues;
};

// The state folder.
struct FolderFacts {
  bool exists = false;
  bool is_folder = false;
  bool writable = false;  // the folder, or, where it is not there, what it would be made in
  uint32_t mode = 0;      // permission bits
  uint64_t free_bytes = 0;
  uint64_t largest_file = 0;  // bytes, of a generation's file
  std::vector<uint64_t> generations;
  // Files that a newer program wrote, by generation, 0 for the journal, and what is said of them.
  std::map<uint64_t, std::string> newer;
  absl::StatusOr<std::optional<LockHolder>> holder = std::optional<LockHolder>();
};

// Everything. What comes after a failure is not there.
struct Facts {
  std::string config_file;
  absl::Status config_read;
  Config config;
  absl::Status plan_read;
  Plan plan;
  absl::Status token_read;  // OK when none is configured
  FolderFacts folder;
  StoreFacts store;
  BrokerFacts broker;

  // Whether a daemon, or another command, works with the release now: in this state folder, or
  // wherever the lease is held.
  bool WriterAlive() const;
  // … and with this state folder.
  bool FolderHeld() const { return folder.holder.ok() && folder.holder->has_value(); }
};

}  // namespace syncd

#endif  // SYNCD_DOCTOR_FACTS_H_
