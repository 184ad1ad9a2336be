// The store, its lease, names and aliases.
#include <gmock/gmock.h>

#include "healthy.h"

namespace syncd {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST(DoctorStore, RefusedIsNotUnreachable) {
  Facts facts = HealthyFacts();
  facts.store.opened = absl::UnavailableError("connection refused");
  EXPECT_THAT(Errors(facts),
              ElementsAre("!store.reachable: the store is not reached: connection refused"));
  facts.store.opened = indexswap::AsAccessDenied(absl::InvalidArgumentError("HTTP 401"));
  EXPECT_THAT(Errors(facts), ElementsAre("!store.reachable: the store refuses the user: HTTP 401"));
  facts.store.opened = absl::FailedPreconditionError("Elasticsearch 6.8 is too old");
  EXPECT_THAT(Errors(facts), ElementsAre("!store.version: Elasticsearch 6.8 is too old"));
}

TEST(DoctorStore, AStoreThatIsNotThereYetIsFine) {
  Facts facts = HealthyFacts();
  facts.store = {};
  facts.store.absent = true;
  facts.store.description = "sqlite:store.db";
  EXPECT_THAT(Errors(facts), IsEmpty());
  EXPECT_THAT(Warnings(facts), IsEmpty());
  EXPECT_THAT(Infos(facts), Contains(HasSubstr("sqlite:store.db is not there yet")));
}

TEST(DoctorStore, AMissingRightIsNamedOnce) {
  Facts facts = HealthyFacts();
  const auto denied = indexswap::AsAccessDenied(absl::InvalidArgumentError("HTTP 403"));
  facts.store.probes.push_back({"read the sizes of indexes", denied});
  facts.store.read = denied;
  EXPECT_THAT(Errors(facts),
              ElementsAre("!store.permissions: failed to read the sizes of indexes: HTTP 403"));
  facts.store.probes.back().status = absl::ResourceExhaustedError("a block");
  EXPECT_THAT(Find(facts), Contains(::testing::Field(&Finding::remedy, HasSubstr("to null"))));
  facts.store.read = absl::DataLossError("a newer format");
  facts.store.probes.pop_back();
  EXPECT_THAT(Errors(facts), ElementsAre("!store.readable: a newer format"));
}

TEST(DoctorStore, WhatIsNotTriedIsSaid) {
  Facts facts = HealthyFacts();
  facts.store.untried = {"create indexes"};
  facts.store.capabilities[0].present = false;
  EXPECT_THAT(Infos(facts), Contains(HasSubstr("the right to create indexes")));
  EXPECT_THAT(Infos(facts), Contains("store.version: no must_exist: a swap is refused"));
}

TEST(DoctorStore, RedIndexesAreAnError) {
  Facts facts = HealthyFacts();
  facts.store.health = indexswap::Health{indexswap::Health::Colour::kRed, "1 shard missing"};
  EXPECT_THAT(Errors(facts), ElementsAre(HasSubstr("1 shard missing")));
}

indexswap::Lease LeaseOf(int64_t pid) {
  indexswap::Lease lease;
  lease.epoch = 4;
  lease.record.emplace();
  lease.record->owner = {"db1", pid, "db1:8088", "", ""};
  return lease;
}

TEST(DoctorStore, ALeaseThatBeatsElsewhereStopsASync) {
  Facts facts = HealthyFacts();
  facts.store.state.leases = {LeaseOf(7)};
  facts.store.lease_beats = true;
  EXPECT_THAT(Errors(facts), ElementsAre(StartsWith("!lease.holder: held by epoch 4, pid 7 on host "
                                                    "db1 at db1:8088")));
  facts.folder.holder = LockHolder{8, "db1", "serve", ""};
  EXPECT_THAT(Errors(facts), ElementsAre(StartsWith("!lease.holder: ")));
  facts.folder.holder = LockHolder{7, "db1", "serve", ""};
  EXPECT_THAT(Errors(facts), IsEmpty());
}

TEST(DoctorStore, ALeaseThatIsFreeOrSilentStopsNothing) {
  Facts facts = HealthyFacts();
  facts.store.state.leases = {LeaseOf(7)};
  EXPECT_THAT(Errors(facts), IsEmpty());
  EXPECT_THAT(Infos(facts), Contains(HasSubstr("has not beaten for 10000 ms")));
  facts.store.state.leases[0].record->free = true;
  EXPECT_THAT(Infos(facts), Not(Contains(HasSubstr("lease.holder"))));
}

TEST(DoctorStore, TemplatesAreNamedWithWhatTheySet) {
  Facts facts = HealthyFacts();
  indexswap::TemplateFacts found;
  found.name = "planted";
  found.indexes = {"people_v3"};
  found.settings = {"index.refresh_interval", "index.number_of_replicas"};
  facts.store.templates = std::vector<indexswap::TemplateFacts>{found};
  EXPECT_THAT(Warnings(facts), IsEmpty());
  EXPECT_THAT(Infos(facts), Contains(HasSubstr("planted")));
  found.settings.push_back("index.codec");
  found.mappings = {"dynamic"};
  found.components = {"base"};
  facts.store.templates = std::vector<indexswap::TemplateFacts>{found};
  EXPECT_THAT(Warnings(facts),
              ElementsAre("store.templates: template planted (people_v3) would change new indexes: "
                          "settings index.codec; mappings dynamic; component templates base"));
  found.aliases = {"everybody"};
  found.legacy = true;
  facts.store.templates = std::vector<indexswap::TemplateFacts>{found};
  EXPECT_THAT(Errors(facts), ElementsAre(StartsWith("!store.templates: legacy template planted")));
  found.data_stream = true;
  facts.store.templates = std::vector<indexswap::TemplateFacts>{found};
  EXPECT_THAT(Errors(facts), ElementsAre(HasSubstr("data stream")));
}

TEST(DoctorStore, BlocksStopASyncOrOnlyEvents) {
  Facts facts = HealthyFacts();
  facts.store.blocks = std::vector<indexswap::BlockFacts>{{"people_v2", "write"},
                                                          {"people_v1", "read_only"},
                                                          {"people_v1", "read_only_allow_delete"},
                                                          {"", "create_index"}};
  EXPECT_THAT(Errors(facts),
              ElementsAre(StartsWith("store.blocks: index people_v2 has the block write"),
                          StartsWith("!store.blocks: index people_v1 has the block read_only"),
                          HasSubstr("flood stage"),
                          StartsWith("!store.blocks: the whole store has the block create_index")));
}

TEST(DoctorStore, TheDisksHaveRoomForABuildWithItsReplicas) {
  Facts facts = HealthyFacts();
  const auto disks = [&](uint64_t low, uint64_t flood, size_t nodes) {
    facts.store.disks = std::vector<indexswap::DiskFacts>(
        nodes, {"node", 100000, 90000, low / nodes, flood / nodes});
  };
  disks(1000, 2000, 1);
  EXPECT_THAT(Warnings(facts), IsEmpty());
  disks(999, 1000, 1);
  EXPECT_THAT(Warnings(facts), ElementsAre(StartsWith("store.disk: ")));
  disks(0, 999, 1);
  EXPECT_THAT(Errors(facts), ElementsAre(StartsWith("!store.disk: ")));
  disks(1998, 3000, 2);  // a replica now has a place
  EXPECT_THAT(Warnings(facts), ElementsAre(HasSubstr("with 1 replicas")));
  facts.plan.families[0].settings = R"({"number_of_replicas": 0})";
  EXPECT_THAT(Warnings(facts), IsEmpty());
}

TEST(DoctorStore, WhatCannotBeReadIsSaidAndNoError) {
  Facts facts = HealthyFacts();
  facts.store.templates = absl::InternalError("no");
  facts.store.blocks = absl::InternalError("no");
  facts.store.disks = absl::InternalError("no");
  EXPECT_THAT(Errors(facts), IsEmpty());
  EXPECT_THAT(Infos(facts), AllOf(Contains("store.templates: not checked: no"),
                                  Contains("store.blocks: not checked: no"),
                                  Contains("store.disk: not checked: no")));
}

TEST(DoctorStore, SquattersAreNamed) {
  Facts facts = HealthyFacts();
  facts.store.state.concrete = {"everybody", "people"};
  facts.store.state.indexes.push_back({"people_v9", std::nullopt, {}, 0});
  EXPECT_THAT(Warnings(facts), ElementsAre(StartsWith("names.alias: everybody is to be an alias"),
                                           HasSubstr("the name of the family people"),
                                           StartsWith("names.generation: index people_v9")));
}

TEST(DoctorStore, AnAliasOnTheWrongSideIsNamed) {
  Facts facts = HealthyFacts();
  facts.store.state.aliases["report"] = {{"people_v2", ""}};
  facts.store.state.aliases["people"] = {{"old-people", ""}};
  EXPECT_THAT(
      Warnings(facts),
      ElementsAre(HasSubstr("the name of the family people is an alias on index old-people"),
                  StartsWith("aliases.foreign: alias report on people_v2")));
  facts.store.state.aliases["everybody"].push_back({"stranger", ""});
  EXPECT_THAT(Errors(facts),
              ElementsAre(StartsWith("!aliases.target: alias everybody is on index stranger")));
}

TEST(DoctorStore, TheWayBackBehindAnAdoptionStopsNothing) {
  Facts facts = HealthyFacts();
  facts.store.state.indexes[1].meta->adopted.emplace().indexes.push_back({"old-people"});
  facts.store.state.aliases["everybody"] = {{"old-people", ""}};
  facts.store.status.live = 0;
  EXPECT_THAT(Errors(facts), IsEmpty());
  EXPECT_THAT(Warnings(facts), ElementsAre(StartsWith("aliases.adopted: the aliases are where")));
}

TEST(DoctorStore, AnAliasOfAnEarlierPlanIsOurs) {
  Facts facts = HealthyFacts();
  facts.store.state.indexes[1].meta->aliases.push_back({"former", "people", "", false});
  facts.store.state.aliases["former"] = {{"people_v2", ""}};
  EXPECT_THAT(Warnings(facts), IsEmpty());
}

}  // namespace
}  // namespace syncd
