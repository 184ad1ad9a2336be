// A snapshot as it is received from queues that do what queues do.
#include "syncd/sync/receiver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>

#include "../support/test_folder.h"
#include "../support/tis_plan.h"
#include "run_fakes.h"

namespace syncd {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr milliseconds kQuiet{50};
constexpr int64_t kStartedMs = 1'700'000'000'000;

std::string Trainee(int person) {
  return "{\"tcsPersonId\":" + std::to_string(person) + ",\"gmcReferenceNumber\":\"7000001\"}";
}

std::string Summary(const std::string& gmc) {
  return R"({"payload":[{"doctor":{"gmcReferenceNumber":")" + gmc + R"("}}],"syncEnd":false})";
}

const char kTraineesEnd[] = R"({"syncEnd":true})";
const char kSummariesEnd[] = R"({"payload":null,"syncEnd":true})";

// One queue, and what a test makes it do.
struct FakeQueue {
  std::deque<Message> messages;
  int refuse_open = 0;                     // how often Open finds no broker
  std::function<void(FakeQueue&)> on_ask;  // before each count
  std::function<void()> on_idle;           // when nothing is there
  uint64_t delivered = 0;
  uint64_t acked = 0;

  void Put(const std::string& body, std::optional<int64_t> sent_ms = std::nullopt) {
    Message message;
    message.body = body;
    message.sent_ms = sent_ms;
    messages.push_back(std::move(message));
  }
};

class FakeSource : public Source {
 public:
  explicit FakeSource(FakeQueue& queue) : queue_(queue) {}

  std::string Describe() const override { return "fake queue"; }
  absl::Status Open() override {
    if (queue_.refuse_open-- > 0) return absl::UnavailableError("no broker");
    return absl::OkStatus();
  }
  absl::StatusOr<std::optional<Message>> Next(milliseconds) override {
    if (queue_.messages.empty()) {
      if (queue_.on_idle) queue_.on_idle();
      return std::optional<Message>();
    }
    Message message = std::move(queue_.messages.front());
    queue_.messages.pop_front();
    message.position = {1, ++queue_.delivered};
    return std::optional<Message>(std::move(message));
  }
  absl::Status Ack(const Position& position) override {
    queue_.acked = position.delivery;
    return absl::OkStatus();
  }
  absl::Status Close() override { return absl::OkStatus(); }
  absl::StatusOr<uint64_t> Waiting() override {
    if (queue_.on_ask) queue_.on_ask(queue_);
    return queue_.messages.size();
  }
  void Interrupt() override {}

 private:
  FakeQueue& queue_;
};

class FakeSources : public NoQueues {
 public:
  absl::StatusOr<std::unique_ptr<Source>> Make(const PlanChannel& channel) override {
    return std::make_unique<FakeSource>(queues[channel.name]);
  }
  absl::Status Publish(const std::string&, const std::string&, const std::string& body) override {
    if (refuse_publish-- > 0) return absl::UnavailableError("no broker");
    published.push_back(body);
    if (on_start) on_start(body);
    return absl::OkStatus();
  }

  std::map<std::string, FakeQueue> queues;
  std::vector<std::string> published;
  int refuse_publish = 0;
  std::function<void(const std::string& body)> on_start;
};

class ReceiverTest : public ::testing::Test {
 protected:
  ReceiverTest() {
    // The first two channels alone, at the same time.
    journal_ = *Journal::Open(folder_.path());
    RunInfo run;
    run.started_at_ms = kStartedMs;
    file_ = *GenerationFile::Create(folder_.File("v1.db"), TisPlan(), run, Durability::kOff);
    // Whoever is asked has sent everything at once, unless a test says otherwise.
    sources_.on_start = [this](const std::string& body) {
      if (body == "\"syncStart\"") sources_.queues["tcs"].Put(kTraineesEnd);
      if (body == "\"gmcSyncStart\"") sources_.queues["gmc"].Put(kSummariesEnd);
      Finish(body);
    };
  }

  // Ends the channels that a test does not look at.
  void Finish(const std::string& body) {
    for (const PlanChannel& channel : file_->plan().channels) {
      if (channel.kind != PlanChannel::Kind::kSnapshot || channel.start.body != body) continue;
      if (channel.name != "tcs" && channel.name != "gmc") {
        sources_.queues[channel.name].Put(R"({"payload":[],"syncEnd":true})");
      }
    }
  }

  absl::Status Receive() {
    Receiver::Options options;
    options.timeouts = {milliseconds(5000), milliseconds(10'000), kQuiet, milliseconds(200)};
    options.started_at_ms = kStartedMs;
    options.confirm = [this] { return confirm_ ? confirm_() : absl::OkStatus(); };
    options.keep_room = [this] { return room_; };
    Receiver receiver(sources_, *file_, *journal_, options, hooks_);
    return receiver.Receive();
  }

  ChannelState State(const std::string& name) {
    for (ChannelState& state : file_->channels()) {
      if (state.name == name) return state;
    }
    return {};
  }

  const TestFolder folder_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<GenerationFile> file_;
  FakeSources sources_;
  RecordingHooks hooks_;
  absl::Status room_;
  std::function<absl::Status()> confirm_;  // empty: this process is the writer
};

TEST_F(ReceiverTest, AnEndMarkerOfAnEarlierRunEndsNothing) {
  sources_.on_start = [this](const std::string& body) {
    Finish(body);
    if (body == "\"syncStart\"") sources_.queues["tcs"].Put(kTraineesEnd);
    if (body != "\"gmcSyncStart\"") return;
    // A dead reader held it, so it was not there to be read away before the start.
    FakeQueue& gmc = sources_.queues["gmc"];
    gmc.Put(kSummariesEnd, kStartedMs - 60'000);
    const auto late = std::chrono::steady_clock::now() + 20 * kQuiet;
    gmc.on_idle = [&gmc, late] {
      if (std::chrono::steady_clock::now() < late || gmc.delivered > 1) return;
      gmc.Put(Summary("7000001"), kStartedMs + 1);
      gmc.Put(kSummariesEnd, kStartedMs + 2);
    };
  };
  const absl::Status received = Receive();
  ASSERT_TRUE(received.ok()) << received;
  EXPECT_EQ(State("gmc").records, 1u);
  EXPECT_EQ(State("gmc").left_over, 1u);
  EXPECT_EQ(hooks_.last.channels["gmc"].left_over, 1u);
}

TEST_F(ReceiverTest, WithoutRoomNothingMoreIsCommittedOrAcknowledged) {
  sources_.on_start = [this](const std::string& body) {
    if (body == "\"syncStart\"") sources_.queues["tcs"].Put(Trainee(1));
  };
  room_ = absl::FailedPreconditionError("full");
  EXPECT_EQ(Receive(), room_);
  EXPECT_EQ(State("tcs").records, 0u);
  EXPECT_EQ(sources_.queues["tcs"].delivered, 1u);
  EXPECT_EQ(sources_.queues["tcs"].acked, 0u);
}

TEST_F(ReceiverTest, WhatComesBehindTheEndAddsWhatIsNotThereYet) {
  // The other channel ends only after the straggler has come.
  FakeQueue& tcs = sources_.queues["tcs"];
  FakeQueue& gmc = sources_.queues["gmc"];
  bool late_is_in = false;
  sources_.on_start = [&](const std::string& body) {
    Finish(body);
    if (body == "\"syncStart\"") {
      tcs.Put(Trainee(1));
      tcs.Put(kTraineesEnd);
    }
    if (body == "\"gmcSyncStart\"") {
      gmc.on_idle = [&] {
        if (!State("tcs").ended) return;
        if (!std::exchange(late_is_in, true)) return tcs.Put(Trainee(2));
        if (tcs.acked == 3 && gmc.delivered == 0) gmc.Put(kSummariesEnd);
      };
    }
  };
  const absl::Status received = Receive();
  ASSERT_TRUE(received.ok()) << received;
  EXPECT_EQ(*file_->CountEntities("trainee"), 2u);
}

TEST_F(ReceiverTest, ABrokerThatIsAwayForAMomentEndsNoRun) {
  sources_.queues["tcs"].refuse_open = 1;
  sources_.queues["gmc"].refuse_open = 1;
  sources_.refuse_publish = 1;
  const absl::Status received = Receive();
  ASSERT_TRUE(received.ok()) << received;
  EXPECT_THAT(sources_.published, Contains("\"syncStart\""));
  EXPECT_THAT(hooks_.notes, Contains(HasSubstr("no broker; trying again")));
  EXPECT_EQ(*journal_->Owed("tcs"), 0u);
}

TEST_F(ReceiverTest, WhoeverIsOvertakenAcknowledgesNothingAndAsksForNothingMore) {
  confirm_ = [this] {
    return sources_.published.empty() ? absl::OkStatus() : absl::AbortedError("overtaken");
  };
  EXPECT_EQ(Receive().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(sources_.published.size(), 1u);
  for (const auto& [name, queue] : sources_.queues) EXPECT_EQ(queue.acked, 0u) << name;
}

TEST_F(ReceiverTest, NothingIsAskedForOrAcknowledgedInDoubt) {
  int asked = 0;
  confirm_ = [&]() -> absl::Status {
    return ++asked % 4 == 0 ? absl::OkStatus() : absl::UnavailableError("in doubt");
  };
  const absl::Status received = Receive();
  ASSERT_TRUE(received.ok()) << received;
  EXPECT_GE(asked, 8) << "for the starts, and for what they brought";
  EXPECT_THAT(hooks_.notes, Contains(HasSubstr("stands still: in doubt")));
  EXPECT_GT(sources_.queues["tcs"].acked, 0u);
}

TEST_F(ReceiverTest, EventsGetAtTheFileWhileNothingComes) {
  int looked = 0;
  absl::Status written;
  FakeQueue& tcs = sources_.queues["tcs"];
  tcs.on_idle = [&] {
    if (++looked != 3) return;
    auto other =
        *Database::Open(folder_.File("v1.db"), Database::Mode::kReadWrite, Durability::kOff);
    EXPECT_TRUE(other->Execute("PRAGMA busy_timeout=0").ok());
    written = other->Execute("BEGIN IMMEDIATE; COMMIT");
  };
  ASSERT_TRUE(Receive().ok());
  EXPECT_GE(looked, 3);
  EXPECT_TRUE(written.ok()) << written;
}

}  // namespace
}  // namespace syncd
