#include "syncd/aws/refreshed.h"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

namespace syncd {
namespace {

using indexswap::AwsCredentials;
using Time = std::chrono::system_clock::time_point;

constexpr std::chrono::minutes kAhead{15};
constexpr std::chrono::seconds kRetryWhileValid{60};
constexpr std::chrono::seconds kRetry{1};

class Refreshed : public indexswap::AwsCredentialsProvider {
 public:
  Refreshed(std::unique_ptr<AwsSource> source, AwsClock clock)
      : source_(std::move(source)), clock_(std::move(clock)) {}

  absl::StatusOr<AwsCredentials> Get() override {
    std::unique_lock lock(mutex_);
    if (!fetching_ && source_->Changed()) next_ = Time::min();
    const Time now = clock_();
    const bool due = now >= next_ || now < tried_;  // a clock that was set back proves nothing
    if (!due || (fetching_ && Valid(now))) return Answer(now);
    if (fetching_) {
      const uint64_t running = fetches_;
      fetched_.wait(lock, [&] { return fetches_ != running; });
    } else {
      Fetch(lock, now);
    }
    return Answer(clock_());
  }

 private:
  bool Valid(Time now) const { return held_ && (!held_->expires || *held_->expires > now); }

  absl::StatusOr<AwsCredentials> Answer(Time now) const {
    if (Valid(now)) return *held_;
    if (!failure_.ok()) return failure_;
    return absl::UnavailableError(
        "the AWS credentials have expired while they were asked for: try again");
  }

  void Fetch(std::unique_lock<std::mutex>& lock, Time now) {
    fetching_ = true;
    lock.unlock();
    absl::StatusOr<AwsCredentials> fetched = source_->Fetch();
    lock.lock();
    fetching_ = false;
    ++fetches_;
    tried_ = now;
    if (fetched.ok() && fetched->expires && *fetched->expires <= now) {
      fetched = absl::UnavailableError(
          "AWS credentials were handed out that have already expired: is this machine's clock "
          "right?");
    }
    fetched.ok() ? Hold(*std::move(fetched), now) : Fail(fetched.status(), now);
    fetched_.notify_all();
  }

  void Hold(AwsCredentials credentials, Time now) {
    next_ = Time::max();
    if (credentials.expires) {
      const auto left = *credentials.expires - now;
      next_ = *credentials.expires - std::min<Time::duration>(kAhead, left / 2);
    }
    held_ = std::move(credentials);
    failure_ = absl::OkStatus();
  }

  void Fail(absl::Status failure, Time now) {
    if (held_ && !held_->expires) held_.reset();  // its source has been changed
    next_ = now + kRetry;
    if (Valid(now)) next_ = std::min(now + kRetryWhileValid, *held_->expires);
    failure_ = std::move(failure);
  }

  std::mutex mutex_;
  std::condition_variable fetched_;
  const std::unique_ptr<AwsSource> source_;  // by whoever has set `fetching_`, or holds the mutex
  const AwsClock clock_;
  bool fetching_ = false;
  uint64_t fetches_ = 0;  // that have ended
  Time tried_ = Time::min();
  Time next_ = Time::min();  // when the next fetch is due
  std::optional<AwsCredentials> held_;
  absl::Status failure_;  // of the last fetch
};

}  // namespace

std::shared_ptr<indexswap::AwsCredentialsProvider> RefreshedAwsCredentials(
    std::unique_ptr<AwsSource> source, AwsClock clock) {
  return std::make_shared<Refreshed>(std::move(source), std::move(clock));
}

}  // namespace syncd
