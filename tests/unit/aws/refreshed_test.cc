#include "syncd/aws/refreshed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace syncd {
namespace {

using absl::StatusCode;
using indexswap::AwsCredentials;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr system_clock::time_point kStart{hours(500000)};

// What the source and the clock of one test do. The last answer is given again and again.
struct Scene {
  system_clock::time_point Now() {
    const std::lock_guard lock(mutex);
    ++looks;
    changed.notify_all();
    return now;
  }

  absl::StatusOr<AwsCredentials> Fetch() {
    std::unique_lock lock(mutex);
    ++fetches;
    changed.notify_all();
    changed.wait(lock, [&] { return !held_up; });
    const absl::StatusOr<AwsCredentials> answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
  }

  void Advance(system_clock::duration by) {
    const std::lock_guard lock(mutex);
    now += by;
  }

  // Waits until the clock has been looked at so often, or so much was fetched.
  void AwaitLooks(int count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return looks >= count; });
  }
  void AwaitFetches(int count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return fetches >= count; });
  }

  void HoldUp(bool whether) {
    const std::lock_guard lock(mutex);
    held_up = whether;
    changed.notify_all();
  }

  std::mutex mutex;
  std::condition_variable changed;
  system_clock::time_point now = kStart;
  std::deque<absl::StatusOr<AwsCredentials>> answers;
  std::atomic<bool> source_changed = false;
  int fetches = 0;
  int looks = 0;
  bool held_up = false;
};

class SceneSource : public AwsSource {
 public:
  explicit SceneSource(Scene& scene) : scene_(scene) {}

  bool Changed() override { return scene_.source_changed.exchange(false); }
  absl::StatusOr<AwsCredentials> Fetch() override { return scene_.Fetch(); }

 private:
  Scene& scene_;
};

class RefreshedTest : public ::testing::Test {
 protected:
  AwsCredentials Key(const std::string& id, system_clock::duration end) {
    return {id, "secret", "token", kStart + end};
  }

  // The key's id, or the error.
  std::string Get() {
    const auto found = provider_->Get();
    return found.ok() ? found->access_key_id : std::string(found.status().message());
  }

  // The answers of `count` threads, of which the first fetches, until `release` lets it go on.
  std::vector<std::future<std::string>> GetByThreads(int count) {
    std::vector<std::future<std::string>> answers;
    for (int i = 0; i < count; ++i) {
      answers.push_back(std::async(std::launch::async, [this] { return Get(); }));
    }
    return answers;
  }

  Scene scene_;
  std::shared_ptr<indexswap::AwsCredentialsProvider> provider_ = RefreshedAwsCredentials(
      std::make_unique<SceneSource>(scene_), [this] { return scene_.Now(); });
};

TEST_F(RefreshedTest, WithoutAnEndTheyStand) {
  scene_.answers = {AwsCredentials{"ONE", "secret"}, AwsCredentials{"TWO", "secret"}};
  EXPECT_EQ(Get(), "ONE");
  scene_.Advance(hours(100000));
  EXPECT_EQ(Get(), "ONE");
  EXPECT_EQ(scene_.fetches, 1);
}

TEST_F(RefreshedTest, AQuarterOfAnHourBeforeTheEnd) {
  scene_.answers = {Key("ONE", hours(1)), Key("TWO", hours(2))};
  EXPECT_EQ(Get(), "ONE");
  scene_.Advance(minutes(45) - seconds(1));
  EXPECT_EQ(Get(), "ONE");
  EXPECT_EQ(scene_.fetches, 1);
  scene_.Advance(seconds(1));
  EXPECT_EQ(Get(), "TWO");
  EXPECT_EQ(scene_.fetches, 2);
}

TEST_F(RefreshedTest, ShortOnesAtHalfOfTheirTime) {
  scene_.answers = {Key("ONE", minutes(10)), Key("TWO", minutes(20))};
  EXPECT_EQ(Get(), "ONE");
  scene_.Advance(minutes(5) - seconds(1));
  EXPECT_EQ(Get(), "ONE");
  scene_.Advance(seconds(1));
  EXPECT_EQ(Get(), "TWO");
}

TEST_F(RefreshedTest, AFailureIsNobodysConcernWhileTheOldOnesAreValid) {
  scene_.answers = {Key("ONE", hours(1)), absl::UnavailableError("down")};
  EXPECT_EQ(Get(), "ONE");
  scene_.Advance(minutes(50));
  EXPECT_EQ(Get(), "ONE");
  scene_.Advance(seconds(59));
  EXPECT_EQ(Get(), "ONE");
  EXPECT_EQ(scene_.fetches, 2) << "tried once";
  scene_.Advance(seconds(1));
  EXPECT_EQ(Get(), "ONE");
  EXPECT_EQ(scene_.fetches, 3) << "and again after a minute";
  scene_.Advance(minutes(9) - seconds(1));
  EXPECT_EQ(Get(), "ONE") << "a second before the end";
  scene_.Advance(seconds(1));
  EXPECT_EQ(Get(), "down") << "never with credentials that have expired";
  scene_.answers = {Key("TWO", hours(3))};
  scene_.Advance(seconds(1));
  EXPECT_EQ(Get(), "TWO");
}

TEST_F(RefreshedTest, TheTryAfterAFailureIsNotLaterThanTheEnd) {
  scene_.answers = {Key("ONE", minutes(1)), absl::UnavailableError("down"), Key("TWO", hours(1))};
  EXPECT_EQ(Get(), "ONE");
  scene_.Advance(seconds(40));
  EXPECT_EQ(Get(), "ONE");
  EXPECT_EQ(scene_.fetches, 2);
  scene_.Advance(seconds(20));
  EXPECT_EQ(Get(), "TWO");
}

TEST_F(RefreshedTest, WithNothingItIsTriedOnceASecond) {
  scene_.answers = {absl::UnauthenticatedError("none"), Key("ONE", hours(1))};
  EXPECT_EQ(Get(), "none");
  EXPECT_EQ(provider_->Get().status().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(scene_.fetches, 1);
  scene_.Advance(seconds(1));
  EXPECT_EQ(Get(), "ONE");
}

TEST_F(RefreshedTest, AClockThatIsSetBackDoesNotHoldUpTheNextTry) {
  scene_.answers = {absl::UnavailableError("down"), Key("ONE", hours(1))};
  EXPECT_EQ(Get(), "down");
  scene_.Advance(-hours(24));
  EXPECT_EQ(Get(), "ONE");
}

TEST_F(RefreshedTest, WhatHasExpiredAlreadyIsAnError) {
  scene_.answers = {Key("ONE", seconds(0))};
  EXPECT_THAT(Get(), testing::HasSubstr("clock"));
  EXPECT_EQ(provider_->Get().status().code(), StatusCode::kUnavailable);
}

TEST_F(RefreshedTest, ASourceThatHasChangedIsAskedAtOnce) {
  scene_.answers = {AwsCredentials{"ONE", "secret"}, AwsCredentials{"TWO", "secret"},
                    absl::UnauthenticatedError("removed"), Key("THREE", hours(1)),
                    absl::UnauthenticatedError("removed")};
  EXPECT_EQ(Get(), "ONE");
  scene_.source_changed = true;
  EXPECT_EQ(Get(), "TWO");
  scene_.source_changed = true;
  EXPECT_EQ(Get(), "removed") << "keys without an end are gone with their file";
  scene_.source_changed = true;
  EXPECT_EQ(Get(), "THREE");
  scene_.source_changed = true;
  EXPECT_EQ(Get(), "THREE") << "those of a role are not";
}

TEST_F(RefreshedTest, OneFetchForAllWhoWait) {
  scene_.answers = {Key("ONE", hours(1)), Key("TWO", hours(2))};
  scene_.HoldUp(true);
  auto answers = GetByThreads(8);
  scene_.AwaitLooks(8);  // at the clock each has the lock, which it leaves only to wait
  scene_.HoldUp(false);
  for (auto& answer : answers) EXPECT_EQ(answer.get(), "ONE");
  EXPECT_EQ(scene_.fetches, 1);
}

TEST_F(RefreshedTest, OneFailureForAllWhoWait) {
  scene_.answers = {absl::UnavailableError("down"), Key("ONE", hours(1))};
  scene_.HoldUp(true);
  auto answers = GetByThreads(8);
  scene_.AwaitLooks(8);
  scene_.HoldUp(false);
  for (auto& answer : answers) EXPECT_EQ(answer.get(), "down");
  EXPECT_EQ(scene_.fetches, 1);
}

TEST_F(RefreshedTest, NobodyWaitsWhileTheOldOnesAreValid) {
  scene_.answers = {Key("ONE", hours(1)), Key("TWO", hours(2))};
  EXPECT_EQ(Get(), "ONE");
  scene_.Advance(minutes(50));
  scene_.HoldUp(true);
  auto slow = GetByThreads(1);
  scene_.AwaitFetches(2);
  EXPECT_EQ(Get(), "ONE");  // would hang
  EXPECT_EQ(Get(), "ONE");
  scene_.HoldUp(false);
  EXPECT_EQ(slow[0].get(), "TWO");
  EXPECT_EQ(Get(), "TWO");
  EXPECT_EQ(scene_.fetches, 2);
}

}  // namespace
}  // namespace syncd
