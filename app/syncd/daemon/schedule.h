// When syncs start by themselves.
#ifndef SYNCD_DAEMON_SCHEDULE_H_
#define SYNCD_DAEMON_SCHEDULE_H_

#include <absl/status/statusor.h>

#include <chrono>
#include <optional>
#include <string>

namespace syncd {

// Every so often, or at a time of day. A value.
class Schedule {
 public:
  using Time = std::chrono::system_clock::time_point;

  // `24h`, or `03:30` (local time). kInvalidArgument for anything else, and for less than a minute.
  static absl::StatusOr<Schedule> Parse(const std::string& text);

  // The first time after `after`. A time of day that the clocks skip comes an hour later, one that
  // they have twice comes once.
  Time Next(Time after) const;

 private:
  std::chrono::milliseconds every_{0};  // zero: at a time of day
  int hour_ = 0;
  int minute_ = 0;
};

}  // namespace syncd

#endif  // SYNCD_DAEMON_SCHEDULE_H_
