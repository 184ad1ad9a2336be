// The shipped plan, and messages of it.
#ifndef SYNCD_TESTS_UNIT_SUPPORT_TIS_PLAN_H_
#define SYNCD_TESTS_UNIT_SUPPORT_TIS_PLAN_H_

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "syncd/plan/plan_reader.h"

namespace syncd {

inline const std::string kMaster = "masterdoctorindex";

inline const Plan& TisPlan() {
  static const Plan plan = [] {
    auto read = ReadPlan(*ShippedPlanDir("tis"));
    EXPECT_TRUE(read.ok()) << read.status();
    return *std::move(read);
  }();
  return plan;
}

// A body of `tcs` and `tcs-updates`; its document is "7000001:<person>".
inline std::string Trainee(int person, const std::string& programme) {
  return "{\"tcsPersonId\":" + std::to_string(person) +
         ",\"gmcReferenceNumber\":\"7000001\",\"programmeName\":\"" + programme + "\"}";
}

}  // namespace syncd

#endif  // SYNCD_TESTS_UNIT_SUPPORT_TIS_PLAN_H_
