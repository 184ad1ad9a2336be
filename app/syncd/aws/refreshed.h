// Credentials that are fetched again before they end, once for all who ask.
#ifndef SYNCD_AWS_REFRESHED_H_
#define SYNCD_AWS_REFRESHED_H_

#include <indexswap/aws.h>

#include <chrono>
#include <functional>
#include <memory>

namespace syncd {

using AwsClock = std::function<std::chrono::system_clock::time_point()>;

// Where RefreshedAwsCredentials gets its credentials. It is never called by two threads at a time.
class AwsSource {
 public:
  virtual ~AwsSource() = default;

  // Whether what Fetch gives may be another than the last time, expired or not. Is asked often.
  virtual bool Changed() = 0;

  // May take seconds. The errors of AwsCredentialsProvider::Get.
  virtual absl::StatusOr<indexswap::AwsCredentials> Fetch() = 0;
};

// Holds what `source` gave. New ones are fetched 15 minutes before the end, or after half of the
// time if that is later, by whoever asks then; others get the old ones meanwhile, and wait only if
// there are none that are valid. A failure is the answer to all who wait for it, and nobody else as
// long as the old ones are valid: then the next try is a minute later, otherwise a second later.
// Credentials without an end stand until the source has changed; if it has nothing then, neither
// have we.
std::shared_ptr<indexswap::AwsCredentialsProvider> RefreshedAwsCredentials(
    std::unique_ptr<AwsSource> source, AwsClock clock);

}  // namespace syncd

#endif  // SYNCD_AWS_REFRESHED_H_
