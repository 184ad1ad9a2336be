#include "syncd/sync/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace syncd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = RunEvent::Kind;
using Effect = RunEffect::Kind;

RunChannel Queue(const std::string& name) {
  RunChannel channel;
  channel.name = name;
  channel.has_start = true;
  return channel;
}

// Feeds a run and keeps its time.
class RunTest : public ::testing::Test {
 protected:
  void Use(std::vector<RunChannel> channels) { run_.emplace(std::move(channels), timeouts_, now_); }

  // The effects of one event, notes left out: `open:gmc`.
  std::vector<std::string> On(RunEvent event) {
    std::vector<std::string> lines;
    for (const RunEffect& effect : run_->On(event, now_)) {
      if (effect.kind == Effect::kNote) {
        notes_.push_back(effect.text);
        continue;
      }
      if (effect.kind == Effect::kFail) failure_ = effect.text;
      static constexpr const char* kNames[] = {"open", "start", "count", "forget",
                                               "end",  "note",  "fail"};
      lines.push_back(std::string(kNames[static_cast<int>(effect.kind)]) + ":" + effect.channel);
    }
    return lines;
  }
  std::vector<std::string> Tick(milliseconds later = milliseconds(0)) {
    now_ += later;
    return On({});
  }
  std::vector<std::string> On(Kind kind, const std::string& channel = "gmc") {
    return On({kind, channel, 0, 0, 0, std::nullopt});
  }
  std::vector<std::string> Messages(uint64_t records, uint64_t markers = 0,
                                    std::optional<uint64_t> expected = std::nullopt) {
    return On({Kind::kMessages, "gmc", records + markers, records, markers, expected});
  }
  std::vector<std::string> Count(uint64_t waiting) {
    return On({Kind::kQueueCount, "gmc", 0, waiting, 0, std::nullopt});
  }
  ChannelProgress Gmc() { return run_->progress().at("gmc"); }

  // A channel that has been asked to start.
  void Receiving() {
    Use({Queue("gmc")});
    ASSERT_THAT(Tick(), ElementsAre("open:gmc"));
    On(Kind::kOpened);
    ASSERT_THAT(Tick(seconds(1)), ElementsAre("count:gmc"));
    ASSERT_THAT(Count(0), ElementsAre("start:gmc"));
    On(Kind::kStartSent);
    ASSERT_EQ(Gmc().stage, ChannelStage::kReceiving);
  }

  RunTimeouts timeouts_;
  RunTime now_{std::chrono::hours(1)};
  std::optional<syncd::Run> run_;
  std::vector<std::string> notes_;
  std::string failure_;
};

TEST_F(RunTest, DrainsWhatIsLeftOverBeforeItStarts) {
  Use({Queue("gmc")});
  Tick();
  On(Kind::kOpened);
  EXPECT_FALSE(run_->Collects("gmc"));
  EXPECT_THAT(Messages(5), IsEmpty());
  EXPECT_THAT(Tick(milliseconds(100)), IsEmpty()) << "not quiet yet";
  EXPECT_THAT(Tick(seconds(1)), ElementsAre("count:gmc"));
  EXPECT_THAT(Count(3), IsEmpty()) << "three more are about to come";
  Messages(3);
  EXPECT_THAT(Tick(seconds(1)), ElementsAre("count:gmc"));
  EXPECT_THAT(Count(0), ElementsAre("start:gmc"));
  EXPECT_TRUE(run_->Collects("gmc"));
  EXPECT_EQ(Gmc().left_over, 8u);
  EXPECT_EQ(Gmc().records, 0u);
}

TEST_F(RunTest, OwedMarkersHoldTheStartUntilTheyHaveCome) {
  RunChannel channel = Queue("gmc");
  channel.owed_markers = 2;
  Use({channel});
  Tick();
  On(Kind::kOpened);
  EXPECT_THAT(Tick(seconds(10)), IsEmpty());
  Messages(4, 1);
  EXPECT_EQ(Gmc().owed, 1u);
  EXPECT_THAT(Tick(seconds(10)), IsEmpty());
  Messages(0, 1);
  EXPECT_THAT(Tick(seconds(1)), ElementsAre("count:gmc"));
  EXPECT_THAT(Count(0), ElementsAre("start:gmc"));
}

TEST_F(RunTest, OwedMarkersThatDoNotComeAreForgotten) {
  RunChannel channel = Queue("gmc");
  channel.owed_markers = 1;
  Use({channel});
  Tick();
  On(Kind::kOpened);
  EXPECT_THAT(Tick(timeouts_.owed - seconds(1)), IsEmpty());
  EXPECT_THAT(Count(0), IsEmpty());
  EXPECT_THAT(Tick(seconds(1)), ElementsAre("forget:gmc", "count:gmc"));
  EXPECT_THAT(Count(0), ElementsAre("start:gmc"));
}

TEST_F(RunTest, AStartThatBringsNothingIsRepeated) {
  Receiving();
  EXPECT_THAT(Tick(timeouts_.start - seconds(1)), IsEmpty());
  EXPECT_THAT(Tick(seconds(1)), ElementsAre("start:gmc"));
  On(Kind::kStartSent);
  EXPECT_EQ(Gmc().starts, 2u);
  EXPECT_THAT(Tick(seconds(1)), IsEmpty());
  Messages(1);
  EXPECT_THAT(Tick(timeouts_.start), IsEmpty()) << "it has begun: no start any more";
}

TEST_F(RunTest, RepeatedStartsDoNotPutTheStallOff) {
  Receiving();
  for (milliseconds passed{0}; passed < timeouts_.stall; passed += timeouts_.start) {
    Tick(timeouts_.start);
    if (failure_.empty()) On(Kind::kStartSent);
  }
  EXPECT_THAT(failure_, HasSubstr("channel gmc"));
}

TEST_F(RunTest, EndsAfterTheMarkerTheQuietPeriodAndAnEmptyQueue) {
  Receiving();
  Messages(100);
  EXPECT_THAT(Tick(seconds(100)), IsEmpty()) << "without a marker nothing ends";
  Messages(0, 1);
  EXPECT_EQ(Gmc().stage, ChannelStage::kSettling);
  EXPECT_THAT(Tick(timeouts_.quiet - milliseconds(1)), IsEmpty());
  EXPECT_THAT(Tick(milliseconds(1)), ElementsAre("count:gmc"));
  EXPECT_THAT(Tick(milliseconds(1)), IsEmpty()) << "asked a moment ago";
  EXPECT_THAT(Count(0), ElementsAre("end:gmc"));
  EXPECT_TRUE(run_->complete());
  EXPECT_EQ(Gmc().records, 100u);
}

TEST_F(RunTest, AnEarlyMarkerWaitsForTheRecordsBehindIt) {
  Receiving();
  Messages(10, 1);
  Tick(timeouts_.quiet);
  EXPECT_THAT(Count(5), IsEmpty());
  EXPECT_THAT(Tick(timeouts_.quiet - milliseconds(1)), ElementsAre("count:gmc"));
  Messages(5);
  EXPECT_THAT(Tick(timeouts_.quiet - milliseconds(1)), IsEmpty());
  EXPECT_THAT(Tick(milliseconds(1)), ElementsAre("count:gmc"));
  EXPECT_THAT(Count(0), ElementsAre("end:gmc"));
  EXPECT_EQ(Gmc().records, 15u);
}

TEST_F(RunTest, AQueueThatNeverBecomesEmptyStalls) {
  Receiving();
  Messages(10, 1);
  EXPECT_THAT(Tick(timeouts_.quiet), ElementsAre("count:gmc"));
  EXPECT_THAT(Count(5), IsEmpty());
  EXPECT_THAT(Tick(timeouts_.stall - timeouts_.quiet), ElementsAre("fail:gmc"));
  EXPECT_THAT(failure_, HasSubstr("its queue never became empty"));
}

TEST_F(RunTest, AnAnswerOlderThanANewMessageEndsNothing) {
  Receiving();
  Messages(10, 1);
  Tick(timeouts_.quiet);
  Messages(1);  // came between question and answer
  EXPECT_THAT(Count(0), IsEmpty());
  EXPECT_FALSE(run_->complete());
}

TEST_F(RunTest, TheMarkersExpectedCountHoldsTheEnd) {
  Receiving();
  Messages(10, 1, 12);
  EXPECT_THAT(Tick(seconds(10)), IsEmpty());
  Messages(2);
  EXPECT_THAT(Tick(timeouts_.quiet), ElementsAre("count:gmc"));
  EXPECT_THAT(Count(0), ElementsAre("end:gmc"));
}

TEST_F(RunTest, AnExpectedCountThatIsNotReachedStalls) {
  Receiving();
  Messages(10, 1, 12);
  EXPECT_THAT(Tick(timeouts_.stall), ElementsAre("fail:gmc"));
  EXPECT_THAT(failure_, HasSubstr("10 records so far, its end marker says 12"));
}

TEST_F(RunTest, AStallNamesTheChannelAndWhatItWaitsFor) {
  Receiving();
  Messages(42);
  EXPECT_THAT(Tick(timeouts_.stall - milliseconds(1)), IsEmpty());
  EXPECT_THAT(Tick(milliseconds(1)), ElementsAre("fail:gmc"));
  EXPECT_THAT(failure_, HasSubstr("channel gmc"));
  EXPECT_THAT(failure_, HasSubstr("42 records so far, its end marker has not come"));
  EXPECT_EQ(run_->WaitsFor(), "gmc (receiving, 42 records)");
}

TEST_F(RunTest, AMarkerQuickerThanTheConfirmationOfTheStartCounts) {
  Use({Queue("gmc")});
  Tick();
  On(Kind::kOpened);
  Tick(seconds(1));
  ASSERT_THAT(Count(0), ElementsAre("start:gmc"));
  Messages(3, 1);
  On(Kind::kStartSent);
  EXPECT_EQ(Gmc().stage, ChannelStage::kSettling);
  EXPECT_THAT(Tick(timeouts_.quiet), ElementsAre("count:gmc"));
  EXPECT_THAT(Count(0), ElementsAre("end:gmc"));
  EXPECT_EQ(Gmc().records, 3u);
}

TEST_F(RunTest, QuietCountsOnlyWhileSomethingCouldCome) {
  Receiving();
  Messages(1, 1);
  now_ += timeouts_.quiet - milliseconds(1);
  On(Kind::kInterrupted);
  EXPECT_THAT(Tick(milliseconds(1)), IsEmpty());
  EXPECT_THAT(Tick(timeouts_.quiet), ElementsAre("count:gmc"));
}

TEST_F(RunTest, AChannelOpensWhenWhatItComesAfterHasEnded) {
  RunChannel second = Queue("tcs");
  second.after = {"gmc"};
  RunChannel first = Queue("gmc");
  first.is_file = true;
  Use({second, first});
  EXPECT_THAT(Tick(), ElementsAre("open:gmc"));
  On(Kind::kOpened);
  EXPECT_THAT(Tick(seconds(1000)), IsEmpty()) << "a file neither starts nor stalls";
  EXPECT_EQ(Gmc().stage, ChannelStage::kReceiving);
  EXPECT_THAT(On(Kind::kFileEnded), ElementsAre("end:gmc", "open:tcs"));
  EXPECT_FALSE(run_->complete());
  EXPECT_EQ(run_->WaitsFor(), "tcs (opening, 0 records)");
}

TEST_F(RunTest, ChannelsThatWaitForNothingOpenTogether) {
  Use({Queue("gmc"), Queue("tcs")});
  EXPECT_THAT(Tick(), ElementsAre("open:gmc", "open:tcs"));
  EXPECT_THAT(Tick(), IsEmpty());
}

TEST_F(RunTest, AnInterruptedRunGoesOnWithoutAnotherStart) {
  RunChannel channel = Queue("gmc");
  channel.started_before = true;
  channel.records_before = 7;
  Use({channel});
  Tick();
  On(Kind::kOpened);
  EXPECT_EQ(Gmc().stage, ChannelStage::kReceiving);
  EXPECT_TRUE(run_->Collects("gmc"));
  EXPECT_THAT(Tick(timeouts_.start), IsEmpty());
  Messages(3, 1, 10);
  EXPECT_THAT(Tick(timeouts_.quiet), ElementsAre("count:gmc"));
  EXPECT_THAT(Count(0), ElementsAre("end:gmc"));
}

TEST_F(RunTest, AnInterruptedRunThatGotNothingIsStartedAgain) {
  RunChannel channel = Queue("gmc");
  channel.started_before = true;
  Use({channel});
  Tick();
  On(Kind::kOpened);
  EXPECT_THAT(Tick(timeouts_.start), ElementsAre("start:gmc"));
}

TEST_F(RunTest, AnInterruptedRunThatHadItsMarkerSettles) {
  RunChannel channel = Queue("gmc");
  channel.started_before = channel.marker_before = true;
  Use({channel});
  Tick();
  On(Kind::kOpened);
  EXPECT_THAT(Tick(timeouts_.quiet), ElementsAre("count:gmc"));
  EXPECT_THAT(Count(0), ElementsAre("end:gmc"));
}

TEST_F(RunTest, AnInterruptedRunStillWaitsForTheCountOfItsMarker) {
  RunChannel channel = Queue("gmc");
  channel.started_before = channel.marker_before = true;
  channel.records_before = 7;
  channel.expected_before = 8;
  Use({channel});
  Tick();
  On(Kind::kOpened);
  EXPECT_THAT(Tick(timeouts_.quiet), IsEmpty());
  Messages(1);
  EXPECT_THAT(Tick(timeouts_.quiet), ElementsAre("count:gmc"));
}

TEST_F(RunTest, LeftOversBehindTheStartPutOffWhatTheyMay) {
  Receiving();
  On({Kind::kLeftOver, "gmc", 3, 0, 1, std::nullopt});
  EXPECT_EQ(Gmc().stage, ChannelStage::kReceiving) << "the marker is another run's";
  EXPECT_EQ(Gmc().left_over, 3u);
  EXPECT_THAT(Tick(timeouts_.start), ElementsAre("start:gmc")) << "its own has brought nothing";
}

TEST_F(RunTest, AStragglerChangesNothingOfTheEnd) {
  Receiving();
  Messages(2, 1);
  Tick(timeouts_.quiet);
  ASSERT_THAT(Count(0), ElementsAre("end:gmc"));
  EXPECT_THAT(Messages(1, 1), IsEmpty());
  EXPECT_EQ(Gmc().stage, ChannelStage::kEnded);
  EXPECT_TRUE(run_->complete());
}

TEST_F(RunTest, AChannelThatHadEndedIsNotOpenedAgain) {
  RunChannel channel = Queue("gmc");
  channel.ended_before = true;
  Use({channel});
  EXPECT_TRUE(run_->complete());
  EXPECT_THAT(Tick(seconds(1000)), IsEmpty());
}

}  // namespace
}  // namespace syncd
