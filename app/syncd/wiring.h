// The one place that names concrete stores and sources.
#ifndef SYNCD_WIRING_H_
#define SYNCD_WIRING_H_

#include <absl/status/statusor.h>
#include <indexswap/store.h>

#include <chrono>
#include <memory>
#include <string>

#include "syncd/config/config.h"
#include "syncd/plan/plan.h"
#include "syncd/sources/queue_inspector.h"
#include "syncd/sources/source.h"

namespace syncd {

// Opens the store that the configuration names.
absl::StatusOr<std::shared_ptr<indexswap::IndexStore>> OpenStore(const StoreConfig& config);

// The same, but makes nothing: kNotFound for an embedded store whose file is not there.
absl::StatusOr<std::shared_ptr<indexswap::IndexStore>> OpenExistingStore(const StoreConfig& config);

// Makes sources. Make and HasQueue are thread-safe.
class Sources {
 public:
  virtual ~Sources() = default;

  // Whether channels are read from files.
  virtual bool files() const = 0;

  // Says for every snapshot channel of the plan that it can be read: that its file is there, that
  // a queue is configured. kInvalidArgument names the channel and the remedy.
  virtual absl::Status Check(const Plan& plan) const = 0;

  // Whether the channel can be read at all: a queue is configured, or a file is there.
  virtual bool HasQueue(const PlanChannel& channel) const = 0;

  // For how long at least a queue has to be silent before it counts as read to its end.
  virtual std::chrono::milliseconds MinimumQuiet(const PlanChannel& channel) const = 0;

  // A source for the channel, not yet open; nullptr for a file that may be missing and is.
  virtual absl::StatusOr<std::unique_ptr<Source>> Make(const PlanChannel& channel) = 0;

  // Where start messages go; nullptr for files.
  virtual Publisher* publisher() = 0;
};

// Sources that read DIR/<channel>.ndjson.
std::unique_ptr<Sources> FileSources(std::string directory);

// Sources that read the queues of the configuration, or else the plan's.
std::unique_ptr<Sources> QueueSources(const Config& config);

// The queue of a channel, `amqp:NAME` or `sqs:URL`: of the configuration, or else the plan's. Empty
// for none.
std::string QueueOf(const Config& config, const PlanChannel& channel);

// For a look at queues that changes nothing.
std::unique_ptr<BrokerInspector> InspectBroker(const Config& config);
std::unique_ptr<SqsInspector> InspectSqs(const Config& config);

}  // namespace syncd

#endif  // SYNCD_WIRING_H_
