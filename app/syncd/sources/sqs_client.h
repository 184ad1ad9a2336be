// Calls of the SQS API, several at a time on one thread.
#ifndef SYNCD_SOURCES_SQS_CLIENT_H_
#define SYNCD_SOURCES_SQS_CLIENT_H_

#include <absl/status/statusor.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "syncd/sources/sqs.h"
#include "syncd/sources/sqs_protocol.h"

namespace syncd {

// Signs calls and sends them over connections that are kept alive. All methods are called from one
// thread, except Wake. Destruction ends what runs, without a word to who started it.
class SqsClient {
 public:
  using Done = std::function<void(absl::StatusOr<SqsAnswer>)>;

  // kInvalidArgument, naming the option, for what makes no sense: no credentials, no region, a URL
  // that is none.
  static absl::StatusOr<std::unique_ptr<SqsClient>> Make(const SqsOptions& options,
                                                         const std::string& queue_url);
  virtual ~SqsClient() = default;

  // Begins the call `action` (`ReceiveMessage`). `done` is called by Run, with an answer of any
  // HTTP status, or kUnavailable (not reached, or no answer within `timeout`), or the errors of
  // AwsCredentialsProvider::Get. It may start other calls.
  virtual void Start(const std::string& action, std::string body, std::chrono::milliseconds timeout,
                     Done done) = 0;

  // Works on what runs. Returns as soon as something has been done, or after `wait`, or Wake.
  virtual void Run(std::chrono::milliseconds wait) = 0;

  // Ends the Run that waits, or else the next one. From any thread.
  virtual void Wake() = 0;
};

}  // namespace syncd

#endif  // SYNCD_SOURCES_SQS_CLIENT_H_
