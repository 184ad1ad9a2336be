// Looking at queues of SQS by their attributes.
#include <absl/strings/str_format.h>

#include <optional>
#include <utility>

#include "syncd/sources/sqs.h"
#include "syncd/sources/sqs_client.h"
#include "syncd/sources/sqs_protocol.h"

namespace syncd {
namespace {

constexpr std::chrono::milliseconds kTick{100};

class SqsInspectorImpl : public SqsInspector {
 public:
  explicit SqsInspectorImpl(SqsOptions options) : options_(std::move(options)) {}

  absl::StatusOr<SqsQueue> FindQueue(const std::string& url) override {
    SqsOptions options = options_;
    if (const std::string region = AwsRegionOf(url); !region.empty()) options.region = region;
    auto client = SqsClient::Make(options, url);
    if (!client.ok()) return client.status();
    std::optional<absl::StatusOr<SqsQueue>> found;
    (*client)->Start("GetQueueAttributes", AttributesBody(url), options.answer_timeout,
                     [&](const absl::StatusOr<SqsAnswer>& answer) { found = Read(url, answer); });
    while (!found) (*client)->Run(kTick);
    return *std::move(found);
  }

 private:
  static absl::StatusOr<SqsQueue> Read(const std::string& url,
                                       const absl::StatusOr<SqsAnswer>& answer) {
    if (!answer.ok()) return answer.status();
    const absl::Status status = StatusOfAnswer(*answer, absl::StrFormat("look at %s", url));
    if (!status.ok()) return status;
    return ParseQueue(answer->body);
  }

  const SqsOptions options_;
};

}  // namespace

std::unique_ptr<SqsInspector> MakeSqsInspector(SqsOptions options) {
  return std::make_unique<SqsInspectorImpl>(std::move(options));
}

}  // namespace syncd
