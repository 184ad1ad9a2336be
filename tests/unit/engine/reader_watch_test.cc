#include "indexswap/engine/reader_watch.h"

#include <atomic>
#include <functional>
#include <thread>

#include "bulk_writer_world.h"

namespace indexswap {
namespace {

using std::chrono::microseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ReaderGaugeTest, ComparesWithTheQuietTime) {
  ReaderGauge gauge(microseconds(1000), 1.5);
  EXPECT_FALSE(gauge.Add(microseconds(1500)));
  EXPECT_TRUE(gauge.Add(microseconds(1501)));
  EXPECT_FALSE(gauge.Add(microseconds(1000)));
  EXPECT_EQ(gauge.samples(), 3u);
  EXPECT_EQ(gauge.slow(), 1u);
}

TEST(ReaderGaugeTest, OneSlowSearchOfAHundredMakesNoSlowStore) {
  std::vector<microseconds> samples(99, microseconds(1000));
  samples.emplace_back(90'000);
  EXPECT_EQ(NinetyNinthOf(samples), microseconds(1000));
  samples.back() = microseconds(1000);
  samples.insert(samples.begin(), 2, microseconds(2000));
  EXPECT_EQ(NinetyNinthOf(samples), microseconds(2000));
  EXPECT_EQ(NinetyNinthOf({microseconds(7)}), microseconds(7));
}

// Answers searches with the latencies that the test sets.
class Searched : public testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  absl::StatusOr<SearchFound> Search(const std::string&, const std::string&,
                                     const std::string&) override {
    const int number = searches++;
    const microseconds took = of_number ? of_number(number) : microseconds(latency_us);
    if (broken) return absl::UnavailableError("gone");
    return SearchFound{1, took};
  }

  std::function<microseconds(int)> of_number;  // instead of what follows; set before any search
  std::atomic<int64_t> latency_us = 1000;
  std::atomic<bool> broken = false;
  std::atomic<int> searches = 0;
};

// Knows whether the thread that made it has asked for the time.
class AskedClock : public FakeClock {
 public:
  std::chrono::steady_clock::time_point Monotonic() override {
    const auto now = FakeClock::Monotonic();
    if (std::this_thread::get_id() == maker_) asked = true;
    return now;
  }

  std::atomic<bool> asked = false;

 private:
  const std::thread::id maker_ = std::this_thread::get_id();
};

class ReaderWatchTest : public ::testing::Test {
 protected:
  ReaderWatch Watch(std::vector<std::string> aliases) {
    return {store_, std::move(aliases), 1.5, clock_, notes_, [this](bool slow) {
              const std::lock_guard lock(mutex_);
              said_.push_back(slow);
            }};
  }

  // Waits until the watch has said `slow` once more.
  void Await(bool slow) {
    {
      const std::lock_guard lock(mutex_);
      said_.clear();
    }
    while (true) {
      const std::lock_guard lock(mutex_);
      if (!said_.empty() && said_.back() == slow) return;
      std::this_thread::yield();
    }
  }

  // Waits for so many more.
  void AwaitSearches(int more) {
    const int before = store_.searches;
    while (store_.searches < before + more) std::this_thread::yield();
  }

  // A search behind the call of LoadBegins, which is the only one to ask the clock.
  microseconds EachTakes(std::chrono::seconds time) {
    while (!clock_.asked) std::this_thread::yield();
    clock_.Advance(time);
    return time;
  }

  Searched store_{testing::MakeMemoryStore()};
  AskedClock clock_;
  Notes notes_;
  std::mutex mutex_;
  std::vector<bool> said_;
};

TEST_F(ReaderWatchTest, SaysWhenReadersAreSlowAndWhenTheyAreNot) {
  ReaderWatch watch = Watch({"all", "some"});
  watch.Start();
  ASSERT_TRUE(watch.LoadBegins());
  Await(false);
  store_.latency_us = 2000;
  Await(true);
  store_.latency_us = 1400;
  Await(false);
  const auto report = watch.Stop();
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->idle, microseconds(1000));
  EXPECT_GT(report->slow, 0u);
  EXPECT_GT(report->searches, report->slow);
  EXPECT_THAT(notes_.all(), IsEmpty());
  const int searches = store_.searches;
  std::this_thread::yield();
  EXPECT_EQ(store_.searches, searches) << "it has stopped";
}

TEST_F(ReaderWatchTest, WhatSlowsTheStoreForAWhileIsNotItsQuietTime) {
  // Of five figures one is of a busy moment, and one is lucky.
  store_.of_number = [](int number) {
    const int figure = (number - 2) / 100 % 5;  // the first two are no figures
    return microseconds(figure == 0 ? 9000 : figure == 4 ? 500 : 1000);
  };
  ReaderWatch watch = Watch({"all"});
  watch.Start();
  AwaitSearches(502);
  ASSERT_TRUE(watch.LoadBegins());
  EXPECT_EQ(watch.Stop()->idle, microseconds(1000));
}

TEST_F(ReaderWatchTest, OfOneFigureAloneTheLoadDoesNotBegin) {
  store_.of_number = [](int number) { return microseconds(number < 102 ? 9000 : 1000); };
  ReaderWatch watch = Watch({"all"});
  watch.Start();
  ASSERT_TRUE(watch.LoadBegins());
  EXPECT_EQ(watch.Stop()->idle, microseconds(1000));
}

TEST_F(ReaderWatchTest, ALoadDoesNotWaitLongForAStoreThatIsSlowToAnswer) {
  store_.of_number = [this](int) { return EachTakes(std::chrono::seconds(10)); };
  ReaderWatch watch = Watch({"all"});
  watch.Start();
  ASSERT_TRUE(watch.LoadBegins()) << "of few searches, but of those";
  const auto report = watch.Stop();
  EXPECT_EQ(report->idle, std::chrono::seconds(10));
  EXPECT_LT(store_.searches - report->searches, 10u) << "of the quiet time";
}

TEST_F(ReaderWatchTest, ALoadDoesNotWaitLongForAStoreThatDoesNotAnswer) {
  store_.of_number = [this](int) { return EachTakes(std::chrono::minutes(1)); };
  store_.broken = true;
  ReaderWatch watch = Watch({"all", "some", "more"});
  watch.Start();
  EXPECT_FALSE(watch.LoadBegins());
  watch.Stop();
  EXPECT_EQ(store_.searches, 1);
}

TEST_F(ReaderWatchTest, WithoutAnythingToSearchItDoesNothing) {
  ReaderWatch watch = Watch({});
  watch.Start();
  EXPECT_FALSE(watch.LoadBegins());
  EXPECT_FALSE(watch.Stop().has_value());
  EXPECT_EQ(store_.searches, 0);
}

TEST_F(ReaderWatchTest, WhatCannotBeMeasuredIsNotedOnce) {
  store_.broken = true;
  ReaderWatch watch = Watch({"all"});
  watch.Start();
  EXPECT_FALSE(watch.LoadBegins());
  EXPECT_FALSE(watch.Stop().has_value());
  EXPECT_THAT(notes_.all(), ElementsAre(HasSubstr("can't be measured")));
}

TEST_F(ReaderWatchTest, FailuresInBetweenAreNoFigures) {
  ReaderWatch watch = Watch({"all"});
  watch.Start();
  ASSERT_TRUE(watch.LoadBegins());
  Await(false);
  store_.broken = true;
  AwaitSearches(20);
  store_.broken = false;
  Await(false);
  EXPECT_EQ(watch.Stop()->slow, 0u);
}

}  // namespace
}  // namespace indexswap
