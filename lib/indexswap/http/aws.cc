#include <indexswap/aws.h>

#include <utility>

#include "indexswap/http/sigv4.h"

namespace indexswap {
namespace {

class StaticProvider : public AwsCredentialsProvider {
 public:
  explicit StaticProvider(AwsCredentials credentials) : credentials_(std::move(credentials)) {}

  absl::StatusOr<AwsCredentials> Get() override { return credentials_; }

 private:
  const AwsCredentials credentials_;
};

}  // namespace

std::shared_ptr<AwsCredentialsProvider> StaticAwsCredentials(AwsCredentials credentials) {
  return std::make_shared<StaticProvider>(std::move(credentials));
}

absl::StatusOr<std::vector<HttpHeader>> SignAwsRequest(const AwsRequest& request,
                                                       const AwsSigning& signing,
                                                       std::chrono::system_clock::time_point now) {
  if (signing.service.empty() || signing.region.empty() || signing.credentials == nullptr) {
    return absl::InvalidArgumentError(
        "to sign a request for AWS, service, region and credentials are needed; set all three");
  }
  absl::StatusOr<AwsCredentials> credentials = signing.credentials->Get();
  if (!credentials.ok()) return credentials.status();
  return SignV4(request, signing.service, signing.region, *credentials, now);
}

}  // namespace indexswap
