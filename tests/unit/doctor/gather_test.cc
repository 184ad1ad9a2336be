// What is looked at: folder and token on a real disk, queues and store through fakes.
#include "syncd/doctor/gather.h"

#include <gmock/gmock.h>
#include <indexswap/names.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "../support/test_folder.h"
#include "healthy.h"
#include "indexswap/testing/fake_clock.h"
#include "indexswap/testing/forwarding_store.h"
#include "indexswap/testing/memory_store.h"

namespace syncd {
namespace {

namespace fs = std::filesystem;
using indexswap::Fence;
using indexswap::IndexStore;
using indexswap::LeaseRecord;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GatherTest : public ::testing::Test {
 protected:
  GatherTest() {
    tools_.check_queues = [](const Plan&) { return absl::OkStatus(); };
    tools_.queue_of = [](const PlanChannel& channel) { return channel.queue; };
    tools_.clock = &clock_;
  }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_.File(name);
    std::ofstream(path) << text;
    return path;
  }

  const TestFolder folder_;
  GatherTools tools_;
  indexswap::testing::FakeClock clock_;
};

TEST_F(GatherTest, AFolderThatIsNotThereStaysSo) {
  const FolderFacts facts = GatherFolder(folder_.File("a/b"));
  EXPECT_FALSE(facts.exists);
  EXPECT_TRUE(facts.writable);
  EXPECT_GT(facts.free_bytes, 0u);
  EXPECT_FALSE(fs::exists(folder_.File("a")));
}

TEST_F(GatherTest, AFolderAndItsFiles) {
  Write("v3.db", "12345");
  Write("v12.db", "1");
  Write("v4.db-wal", "123456789");
  chmod(folder_.path().c_str(), 0750);
  const FolderFacts facts = GatherFolder(folder_.path());
  EXPECT_TRUE(facts.is_folder);
  EXPECT_EQ(facts.mode, 0750u);
  EXPECT_THAT(facts.generations, ElementsAre(3, 12));
  EXPECT_EQ(facts.largest_file, 5u);
  ASSERT_TRUE(facts.holder.ok());
  EXPECT_FALSE(facts.holder->has_value());
  EXPECT_FALSE(fs::exists(folder_.File("lock")));  // looking takes no lock
  const auto lock = StateLock::Acquire(folder_.path(), "serve");
  ASSERT_TRUE(lock.ok()) << lock.status();
  EXPECT_EQ((*GatherFolder(folder_.path()).holder)->command, "serve");
}

TEST_F(GatherTest, AFileInTheFoldersPlace) {
  const FolderFacts facts = GatherFolder(Write("file", ""));
  EXPECT_TRUE(facts.exists);
  EXPECT_FALSE(facts.is_folder);
}

TEST_F(GatherTest, ATokenIsPrintable) {
  EXPECT_TRUE(ReadTokenFile("").ok());
  EXPECT_TRUE(ReadTokenFile(Write("good", "abc-123\n")).ok());
  EXPECT_FALSE(ReadTokenFile(Write("empty", "\n")).ok());
  EXPECT_FALSE(ReadTokenFile(Write("spaces", "a b")).ok());
  EXPECT_FALSE(ReadTokenFile(folder_.File("absent")).ok());
}

class FakeBroker : public BrokerInspector {
 public:
  absl::Status Connect() override { return connected; }
  absl::Status FindExchange(const std::string& exchange) override {
    asked.push_back("exchange " + exchange);
    return absl::OkStatus();
  }
  absl::StatusOr<BrokerQueue> FindQueue(const std::string& queue) override {
    asked.push_back("queue " + queue);
    return BrokerQueue{1, 2};
  }

  absl::Status connected;
  std::vector<std::string> asked;
};

class FakeSqs : public SqsInspector {
 public:
  absl::StatusOr<SqsQueue> FindQueue(const std::string& url) override {
    asked.push_back(url);
    return SqsQueue{true, 1, 0, std::chrono::seconds(30), "", 0};
  }

  std::vector<std::string> asked;
};

TEST_F(GatherTest, EachQueueIsLookedAtWhereItIs) {
  Plan plan = HealthyFacts().plan;
  plan.channels[0].queue = "amqp:data";
  plan.channels[1].queue = "sqs:http://sqs/q";
  plan.has_after_swap = true;
  plan.after_swap.exchange = "other";
  FakeBroker broker;
  FakeSqs sqs;
  tools_.broker = &broker;
  tools_.sqs = &sqs;
  const BrokerFacts facts = GatherQueues(tools_, plan);
  EXPECT_THAT(broker.asked, ElementsAre("exchange exchange", "exchange other", "queue data"));
  EXPECT_THAT(sqs.asked, ElementsAre("http://sqs/q"));
  EXPECT_TRUE(facts.needed);
  EXPECT_EQ((*facts.queues[0].broker)->consumers, 2u);
  EXPECT_TRUE((*facts.queues[1].sqs)->fifo);
  EXPECT_FALSE(facts.queues[1].broker.has_value());
}

TEST_F(GatherTest, NothingIsAskedOfABrokerThatIsAway) {
  Plan plan = HealthyFacts().plan;
  plan.channels[0].queue = "amqp:data";
  FakeBroker broker;
  broker.connected = absl::UnavailableError("away");
  tools_.broker = &broker;
  const BrokerFacts facts = GatherQueues(tools_, plan);
  EXPECT_EQ(facts.connected.message(), "away");
  EXPECT_THAT(broker.asked, ElementsAre());
}

// Whose holder beats with each read, once `beats` is set.
class BeatingStore : public indexswap::testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  absl::StatusOr<indexswap::StoreState> Read(const indexswap::StateQuery& query) override {
    auto state = target().Read(query);
    if (state.ok() && beats && !state->leases.empty()) {
      state->leases.back().record->beat += ++reads;
    }
    return state;
  }
  absl::Status CreateIndex(const Fence&, const indexswap::IndexDefinition&) override {
    ADD_FAILURE() << "the doctor writes";
    return absl::OkStatus();
  }

  bool beats = false;
  uint64_t reads = 0;
};

class GatherStoreTest : public GatherTest {
 protected:
  GatherStoreTest() {
    store_ = std::make_shared<BeatingStore>(indexswap::testing::MakeMemoryStore(cluster_));
    tools_.open_store = [this] { return store_; };
  }

  void Hold(bool free) {
    LeaseRecord record;
    record.owner.id = "somebody";
    record.free = free;
    ASSERT_TRUE(store_->CreateLease({"small", 1}, record).ok());
    ASSERT_TRUE(store_->TakeOver({"small", 1}, {}).ok());
  }

  StoreFacts Look() {
    Facts facts = HealthyFacts();
    facts.plan.families[0].mapping_file = "people.json";
    facts.plan.files["people.json"] = R"({"properties": {}})";
    return GatherStore(tools_, facts.config, facts.plan);
  }

  std::shared_ptr<indexswap::testing::MemoryCluster> cluster_ =
      std::make_shared<indexswap::testing::MemoryCluster>();
  std::shared_ptr<BeatingStore> store_;
};

TEST_F(GatherStoreTest, AnEmptyStore) {
  const StoreFacts facts = Look();
  EXPECT_TRUE(facts.read.ok()) << facts.read;
  EXPECT_FALSE(facts.status.live.has_value());
  EXPECT_FALSE(facts.lease_beats);
}

TEST_F(GatherStoreTest, AnIndexOfTheFamilysNameIsSeen) {
  ASSERT_TRUE(cluster_->CreateForeignIndex("people").ok());
  EXPECT_THAT(Look().state.concrete, ElementsAre("people"));
}

TEST_F(GatherStoreTest, ALeaseIsWatchedUntilItBeatsOrForAsLongAsARivalWould) {
  Hold(false);
  const auto begin = clock_.Monotonic();
  EXPECT_FALSE(Look().lease_beats);
  EXPECT_GE(clock_.Monotonic() - begin, indexswap::LeaseOptions().timeout);
  store_->beats = true;
  EXPECT_TRUE(Look().lease_beats);
}

TEST_F(GatherStoreTest, AFreeLeaseIsNotWatched) {
  Hold(true);
  const auto begin = clock_.Monotonic();
  EXPECT_FALSE(Look().lease_beats);
  EXPECT_EQ(clock_.Monotonic(), begin);
}

TEST_F(GatherStoreTest, AnEmbeddedStoreMayBeAbsentAndNoOther) {
  tools_.open_store = [] { return absl::NotFoundError("nothing there"); };
  EXPECT_EQ(Look().opened.message(), "nothing there");
  Facts facts = HealthyFacts();
  facts.config.store.url = "sqlite:store.db";
  const StoreFacts embedded = GatherStore(tools_, facts.config, facts.plan);
  EXPECT_TRUE(embedded.absent);
  EXPECT_TRUE(embedded.opened.ok());
}

}  // namespace
}  // namespace syncd
