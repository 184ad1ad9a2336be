// Looks at everything that the doctor judges. Changes nothing: takes neither the folder's lock nor
// the lease, consumes and declares nothing.
#ifndef SYNCD_DOCTOR_GATHER_H_
#define SYNCD_DOCTOR_GATHER_H_

#include <absl/status/statusor.h>
#include <indexswap/clock.h>
#include <indexswap/store.h>

#include <functional>
#include <memory>
#include <string>

#include "syncd/doctor/facts.h"
#include "syncd/sources/queue_inspector.h"

namespace syncd {

// What is looked at, and through what.
struct GatherTools {
  // kNotFound: an embedded store whose file is not there.
  std::function<absl::StatusOr<std::shared_ptr<indexswap::IndexStore>>()> open_store;
  BrokerInspector* broker = nullptr;  // not owned, as all of these
  SqsInspector* sqs = nullptr;
  // Whether each channel has what it needs.
  std::function<absl::Status(const Plan& plan)> check_queues;
  // `amqp:NAME`, `sqs:URL`, or empty.
  std::function<std::string(const PlanChannel& channel)> queue_of;
  indexswap::Clock* clock = indexswap::Clock::Real();
};

// Fills all of `facts` but the configuration and the plan, which are read. While a lease is held
// that does not beat this takes `[lease] timeout`.
void Gather(const GatherTools& tools, Facts& facts);

// Its parts.
FolderFacts GatherFolder(const std::string& state);
absl::Status ReadTokenFile(const std::string& token_file);
BrokerFacts GatherQueues(const GatherTools& tools, const Plan& plan);
StoreFacts GatherStore(const GatherTools& tools, const Config& config, const Plan& plan);

}  // namespace syncd

#endif  // SYNCD_DOCTOR_GATHER_H_
