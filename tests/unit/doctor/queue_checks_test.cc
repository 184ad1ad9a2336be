// RabbitMQ and SQS.
#include <gmock/gmock.h>

#include "healthy.h"

namespace syncd {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr size_t kSnapshot = 0;
constexpr size_t kEvents = 1;

// Facts in which the event channel's queue is one of RabbitMQ, too.
Facts OnRabbit(uint64_t snapshot_consumers, uint64_t event_consumers) {
  Facts facts = HealthyFacts();
  facts.broker.queues[kSnapshot].broker = BrokerQueue{0, snapshot_consumers};
  facts.broker.queues[kEvents] = {nullptr, "amqp:changes", BrokerQueue{0, event_consumers},
                                  std::nullopt};
  return facts;
}

TEST(DoctorQueues, AnotherConsumerOfASnapshotStopsASync) {
  Facts facts = OnRabbit(2, 1);
  EXPECT_THAT(Errors(facts),
              ElementsAre(StartsWith("!queue.consumers: queue persons.data (channel persons) has 2 "
                                     "consumer(s)"),
                          StartsWith("queue.consumers: queue changes (channel changes) has 1")));
}

TEST(DoctorQueues, TheDaemonsOwnConsumersAreFine) {
  Facts facts = OnRabbit(0, 1);
  facts.folder.holder = LockHolder{7, "db1", "serve", ""};
  EXPECT_THAT(Errors(facts), IsEmpty());
  facts.broker.queues[kSnapshot].broker = BrokerQueue{0, 1};
  EXPECT_THAT(Errors(facts), ElementsAre(StartsWith("!queue.consumers: queue persons.data")));
  facts.store.status.building = 3;  // a run reads it
  EXPECT_THAT(Errors(facts), IsEmpty());
  facts.broker.queues[kEvents].broker = BrokerQueue{0, 2};  // it is exclusive: not both are ours
  EXPECT_THAT(Errors(facts), ElementsAre(StartsWith("queue.consumers: queue changes")));
}

TEST(DoctorQueues, ADaemonThatDoesNotConsumeIsNoticed) {
  Facts facts = OnRabbit(0, 0);
  EXPECT_THAT(Warnings(facts), IsEmpty());
  facts.folder.holder = LockHolder{7, "db1", "serve", ""};
  EXPECT_THAT(Warnings(facts), ElementsAre(HasSubstr("a daemon runs, and does not consume it")));
}

TEST(DoctorQueues, AMissingQueueIsDeclaredIfAskedFor) {
  Facts facts = OnRabbit(0, 0);
  for (QueueFacts& queue : facts.broker.queues) queue.broker = absl::NotFoundError("no queue");
  EXPECT_THAT(Errors(facts), ElementsAre(StartsWith("!queue.exists: queue persons.data"),
                                         StartsWith("queue.exists: queue changes")));
  facts.config.amqp.declare = true;
  EXPECT_THAT(Errors(facts), IsEmpty());
  facts.broker.queues[kSnapshot].broker = absl::PermissionDeniedError("ACCESS_REFUSED");
  EXPECT_THAT(Errors(facts), ElementsAre(HasSubstr("ACCESS_REFUSED")));
}

TEST(DoctorQueues, TheBrokerAndItsExchanges) {
  Facts facts = HealthyFacts();
  facts.broker.exchanges["exchange"] = absl::NotFoundError("no exchange");
  EXPECT_THAT(Errors(facts), ElementsAre(StartsWith("!broker.exchange: exchange exchange is not")));
  facts.broker.connected = absl::UnavailableError("refused");
  EXPECT_THAT(Errors(facts), ElementsAre("!broker.reachable: refused"));
  facts.broker.configured = absl::InvalidArgumentError("[amqp] url is missing");
  facts.config.amqp.url.clear();
  EXPECT_THAT(Errors(facts), ElementsAre("!broker.configured: [amqp] url is missing"));
}

TEST(DoctorQueues, LeftOversAndChannelsWithoutAQueueAreMentioned) {
  Facts facts = HealthyFacts();
  facts.broker.queues[kSnapshot].broker = BrokerQueue{5, 0};
  facts.broker.queues[kEvents] = {nullptr, "", std::nullopt, std::nullopt};
  EXPECT_THAT(Infos(facts), AllOf(Contains(HasSubstr("holds 5 messages of an earlier sync")),
                                  Contains(HasSubstr("no live events: changes")),
                                  Contains(HasSubstr("persons.start"))));
  EXPECT_THAT(Warnings(facts), IsEmpty());
}

TEST(DoctorSqs, AQueueThatIsNotThereStopsOnlyASnapshot) {
  Facts facts = HealthyFacts();
  facts.broker.queues[kEvents].sqs = absl::NotFoundError("no such queue");
  EXPECT_THAT(Errors(facts), ElementsAre(StartsWith("sqs.queue: SQS queue http://sqs/changes")));
  facts.broker.queues[kSnapshot] = facts.broker.queues[kEvents];
  EXPECT_THAT(Errors(facts), ElementsAre(StartsWith("!sqs.queue: "), StartsWith("sqs.queue: ")));
}

TEST(DoctorSqs, TheKindIsAsTheUrlSays) {
  Facts facts = HealthyFacts();
  facts.broker.queues[kEvents].queue += ".fifo";
  EXPECT_THAT(Errors(facts), ElementsAre(HasSubstr("is not a FIFO queue, and its URL ends in")));
  (*facts.broker.queues[kEvents].sqs)->fifo = true;
  EXPECT_THAT(Errors(facts), IsEmpty());
}

TEST(DoctorSqs, ASnapshotsVisibilityIsWithinTheQuietTime) {
  Facts facts = HealthyFacts();
  facts.broker.queues[kSnapshot] = facts.broker.queues[kEvents];
  auto& queue = **facts.broker.queues[kSnapshot].sqs;
  queue.visibility = std::chrono::seconds(120);  // as [sqs] visibility
  EXPECT_THAT(Warnings(facts), IsEmpty());
  queue.visibility = std::chrono::seconds(121);
  EXPECT_THAT(Warnings(facts), ElementsAre(HasSubstr("for 121 s, and a sync waits for stragglers "
                                                     "for 120 s")));
  facts.config.sync.quiet = std::chrono::seconds(121);
  EXPECT_THAT(Warnings(facts), IsEmpty());
}

TEST(DoctorSqs, MessagesWithOthersAndPoliciesAreWarnings) {
  Facts facts = HealthyFacts();
  auto& queue = **facts.broker.queues[kEvents].sqs;
  queue.hidden = 3;
  queue.dead_letters = "arn:dead";
  queue.receives_max = 5;
  EXPECT_THAT(Warnings(facts),
              ElementsAre(HasSubstr("3 messages are with somebody else"),
                          HasSubstr("5 times without being taken goes to arn:dead")));
  facts.folder.holder = LockHolder{7, "db1", "serve", ""};  // then they may be with the daemon
  EXPECT_THAT(Warnings(facts), ElementsAre(StartsWith("sqs.redrive: ")));
}

}  // namespace
}  // namespace syncd
