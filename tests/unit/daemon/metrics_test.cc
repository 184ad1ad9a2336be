#include "syncd/daemon/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace syncd {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(DaemonMetrics, TellOfTheStateFolder) {
  LocalStatus local;
  local.state.space = DiskSpace{1000, 5000};
  local.state.journal_bytes = 300;
  local.state.events = 7;
  local.state.oldest_event_ms = 0;  // of 1970
  local.state.generations = {{12, 40}, {13, 50}};
  const std::string page = DaemonMetrics(nullptr, local, {}, std::nullopt);
  for (const char* line :
       {"syncd_state_free_bytes 1000", "syncd_state_total_bytes 5000", "syncd_journal_bytes 300",
        "syncd_journal_events 7", "syncd_generation_file_bytes{generation=\"12\"} 40",
        "syncd_generation_file_bytes{generation=\"13\"} 50"}) {
    EXPECT_THAT(page, HasSubstr(std::string("\n") + line + "\n"));
  }
  EXPECT_THAT(page, ContainsRegex("\nsyncd_journal_oldest_event_age_seconds [1-9]"));
}

TEST(DaemonMetrics, WhatNobodyKnowsIsNoFigure) {
  const std::string page = DaemonMetrics(nullptr, {}, {}, std::nullopt);
  EXPECT_THAT(page, Not(HasSubstr("syncd_state_free_bytes")));
  EXPECT_THAT(page, HasSubstr("\nsyncd_journal_oldest_event_age_seconds 0\n"));
}

}  // namespace
}  // namespace syncd
