// Facts of a healthy system, to be bent one at a time.
#ifndef TESTS_UNIT_DOCTOR_HEALTHY_H_
#define TESTS_UNIT_DOCTOR_HEALTHY_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "syncd/doctor/checks.h"

namespace syncd {

// A release `small` with the family `people`, its alias `everybody`, a snapshot channel of RabbitMQ
// and an event channel of SQS; generation 2 is live, 1 is previous.
inline Facts HealthyFacts() {
  Facts facts;
  facts.config_file = "syncd.toml";
  facts.config.state = "/state";
  facts.config.store.url = "http://search:9200";
  facts.config.amqp.url = "amqp://broker";
  facts.plan.name = facts.plan.release = "small";
  facts.plan.families.push_back({"people", "people", "people.json", "", 0, {}});
  facts.plan.aliases.push_back({"everybody", "people", "", false});
  PlanChannel snapshot;
  snapshot.name = "persons";
  snapshot.has_start = true;
  snapshot.start = {"exchange", "persons.start", "go"};
  PlanChannel events;
  events.name = "changes";
  events.kind = PlanChannel::Kind::kEvents;
  facts.plan.channels = {snapshot, events};

  facts.folder.exists = facts.folder.is_folder = facts.folder.writable = true;
  facts.folder.mode = 0700;
  facts.folder.free_bytes = uint64_t{1} << 40;
  facts.folder.largest_file = 1 << 20;
  facts.folder.generations = {1, 2};

  StoreFacts& store = facts.store;
  store.description = "a store";
  for (const uint64_t generation : {1, 2}) {
    indexswap::IndexState index;
    index.name = "people_v" + std::to_string(generation);
    index.meta.emplace();
    index.meta->release = "small";
    index.meta->generation = generation;
    index.meta->aliases = facts.plan.aliases;
    store.state.indexes.push_back(index);
    store.status.generations.push_back(
        {generation, "sealed", index.meta, {{"people", index.name, 10, 1000}}});
  }
  store.state.aliases["everybody"] = {{"people_v2", ""}};
  store.status.live = 2;
  store.status.previous = 1;
  store.probes = {{"count documents", absl::OkStatus()}};
  store.capabilities = {{"must_exist", true, "a swap is refused"}};
  store.disks = std::vector<indexswap::DiskFacts>{{"node", 1000000, 900000, 800000, 850000}};

  facts.broker.needed = true;
  facts.broker.exchanges["exchange"] = absl::OkStatus();
  facts.broker.queues = {{nullptr, "amqp:persons.data", BrokerQueue{0, 0}, std::nullopt},
                         {nullptr, "sqs:http://sqs/changes", std::nullopt,
                          SqsQueue{false, 0, 0, std::chrono::seconds(30), "", 0}}};
  return facts;
}

// Examine, with the channels at their place: a copied plan has others.
inline std::vector<Finding> Find(Facts& facts) {
  for (size_t i = 0; i < facts.broker.queues.size(); ++i) {
    facts.broker.queues[i].channel = &facts.plan.channels[i];
  }
  return Examine(facts).list();
}

// The findings of a severity, as `check: what`, of warnings and errors also `!` if they stop.
inline std::vector<std::string> Told(const std::vector<Finding>& findings, Severity severity) {
  std::vector<std::string> told;
  for (const Finding& finding : findings) {
    if (finding.severity != severity) continue;
    told.push_back((finding.stops_sync ? "!" : "") + finding.check + ": " + finding.what);
    if (severity >= Severity::kWarning) {
      EXPECT_NE(finding.remedy, "") << finding.check;
    }
  }
  return told;
}

inline std::vector<std::string> Errors(Facts& facts) { return Told(Find(facts), Severity::kError); }
inline std::vector<std::string> Warnings(Facts& facts) {
  return Told(Find(facts), Severity::kWarning);
}
inline std::vector<std::string> Infos(Facts& facts) { return Told(Find(facts), Severity::kInfo); }

}  // namespace syncd

#endif  // TESTS_UNIT_DOCTOR_HEALTHY_H_
