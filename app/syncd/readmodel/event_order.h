// What puts live events in order: an older one never overwrites a newer one.
#ifndef SYNCD_READMODEL_EVENT_ORDER_H_
#define SYNCD_READMODEL_EVENT_ORDER_H_

#include <string>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/decoder.h"
#include "syncd/readmodel/event_stamp.h"

namespace syncd {

// The order of one item of `channel`, by the first entry of the channel's list that it has: a text,
// such as `2022-07-04T09:30:00.000|0000000003|8263…`, which is greater for a later change, and
// equal for the same change come twice. Pure.
std::string OrderOf(const PlanChannel& channel, const DecodedItem& item, const EventStamp& stamp);

}  // namespace syncd

#endif  // SYNCD_READMODEL_EVENT_ORDER_H_
