#include "syncd/daemon/schedule.h"

#include <gtest/gtest.h>

#include <ctime>

namespace syncd {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TEST(Schedule, EverySoOften) {
  const auto schedule = Schedule::Parse("24h");
  ASSERT_TRUE(schedule.ok());
  const Schedule::Time now = Schedule::Time(hours(1000));
  EXPECT_EQ(schedule->Next(now), now + hours(24));
}

TEST(Schedule, AtATimeOfDay) {
  setenv("TZ", "UTC", 1);
  tzset();
  const auto schedule = Schedule::Parse("03:30");
  ASSERT_TRUE(schedule.ok());
  const Schedule::Time midnight = Schedule::Time(hours(24 * 100));
  const Schedule::Time at = midnight + hours(3) + minutes(30);
  EXPECT_EQ(schedule->Next(midnight), at);
  EXPECT_EQ(schedule->Next(at), at + hours(24)) << "not twice";
}

TEST(Schedule, RefusesWhatIsNeither) {
  for (const char* text : {"", "24", "25:00", "3:30", "03:60", "10s", "daily"}) {
    EXPECT_EQ(Schedule::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace syncd
