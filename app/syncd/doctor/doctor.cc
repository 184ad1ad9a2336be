// All checks together, and their findings as JSON.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "syncd/doctor/checks.h"

namespace syncd {
namespace {

namespace json = boost::json;

constexpr Check kAnywhere[] = {CheckHttp, CheckState, CheckStore};
constexpr Check kInStore[] = {CheckTemplates, CheckBlocks, CheckDisk,
                              CheckLease,     CheckNames,  CheckAliases};
constexpr Check kQueues[] = {CheckBroker, CheckSqs};

}  // namespace

Findings Examine(const Facts& facts) {
  Findings findings;
  CheckConfig(facts, findings);
  if (!facts.config_read.ok() || !facts.plan_read.ok()) return findings;
  for (const Check check : kAnywhere) check(facts, findings);
  const bool readable = facts.store.opened.ok() && facts.store.read.ok() && !facts.store.absent;
  if (readable) {
    for (const Check check : kInStore) check(facts, findings);
  }
  for (const Check check : kQueues) check(facts, findings);
  return findings;
}

std::string DoctorJson(const Findings& findings) {
  json::array list;
  for (const Finding& finding : findings.list()) {
    list.push_back(json::object{{"check", finding.check},
                                {"severity", SeverityName(finding.severity)},
                                {"what", finding.what},
                                {"remedy", finding.remedy},
                                {"stops_sync", finding.stops_sync}});
  }
  return json::serialize(
      json::object{{"findings", std::move(list)}, {"stops_sync", findings.StopsSync()}});
}

}  // namespace syncd
