#include "syncd/daemon/schedule.h"

#include <absl/status/status.h>
#include <absl/strings/str_format.h>
#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <cstdio>

#include "syncd/config/config.h"

namespace syncd {
namespace {

constexpr std::chrono::minutes kShortest{1};

bool ParseTimeOfDay(const std::string& text, int& hour, int& minute) {
  if (text.size() != 5 || text[2] != ':') return false;
  for (const size_t i : {0, 1, 3, 4}) {
    if (text[i] < '0' || text[i] > '9') return false;
  }
  hour = (text[0] - '0') * 10 + text[1] - '0';
  minute = (text[3] - '0') * 10 + text[4] - '0';
  return hour < 24 && minute < 60;
}

}  // namespace

absl::StatusOr<Schedule> Schedule::Parse(const std::string& text) {
  Schedule schedule;
  if (ParseTimeOfDay(text, schedule.hour_, schedule.minute_)) return schedule;
  const auto every = ParseDuration(text);
  if (!every || *every < kShortest) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "--every %s: expected a duration of a minute or more such as 24h, or a time of day such as "
        "03:30",
        text));
  }
  schedule.every_ = *every;
  return schedule;
}

Schedule::Time Schedule::Next(Time after) const {
  if (every_.count() > 0) return after + every_;
  const absl::TimeZone zone = absl::LocalTimeZone();
  const absl::Time now = absl::FromChrono(after);
  const absl::CivilDay today = absl::ToCivilDay(now, zone);
  for (int day = 0;; ++day) {
    const absl::CivilMinute at = absl::CivilMinute(absl::CivilHour(today + day) + hour_) + minute_;
    const absl::Time time = absl::FromCivil(at, zone);
    if (time > now) return absl::ToChronoTime(time);
  }
}

}  // namespace syncd
