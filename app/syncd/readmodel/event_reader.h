// What one live event does to which entities.
#ifndef SYNCD_READMODEL_EVENT_READER_H_
#define SYNCD_READMODEL_EVENT_READER_H_

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include <string>
#include <string_view>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/decoder.h"
#include "syncd/readmodel/event_order.h"
#include "syncd/readmodel/extractor.h"

namespace syncd {

// One change of one entity: `row.change` is never kNone. Lives until the sink returns.
struct EventChange {
  const EntityRow& row;
  const std::string& order;  // see OrderOf
};

// Reads the events of one channel. Not thread-safe; `plan` and `channel` must outlive it.
class EventReader {
 public:
  using Sink = absl::FunctionRef<absl::Status(const EventChange& change)>;

  EventReader(const Plan& plan, const PlanChannel& channel)
      : channel_(channel), decoder_(channel), extractor_(plan, channel) {}

  // Hands each change to `sink`, none if the event says nothing. kInvalidArgument when the body, or
  // an item of it, can't be what the plan expects: then nothing of the body may count, whatever the
  // sink was given before. An error of `sink` is returned as it is.
  absl::Status Read(std::string_view body, const EventStamp& stamp, Sink sink);

 private:
  const PlanChannel& channel_;
  Decoder decoder_;
  Extractor extractor_;
};

}  // namespace syncd

#endif  // SYNCD_READMODEL_EVENT_READER_H_
