// AWS Signature Version 4, as in "Create a signed AWS API request" of the IAM User Guide. Pure.
#ifndef INDEXSWAP_HTTP_SIGV4_H_
#define INDEXSWAP_HTTP_SIGV4_H_

#include <indexswap/aws.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace indexswap {

// The path of a request to `service`, as it is signed: dot segments resolved, runs of slashes made
// one, and what is sent encoded once more. For `s3` it is taken as it is sent.
std::string CanonicalPath(std::string_view path, std::string_view service);

// The query as it is signed: encoded in the one way that AWS has (only `A-Z a-z 0-9 - . _ ~` stay),
// each name with a `=`, sorted by name and then value. A `+` stands for itself.
std::string CanonicalQuery(std::string_view query);

// The canonical request: `request` with Host and the headers that it has, hashed payload included.
std::string CanonicalRequest(const AwsRequest& request, std::string_view service,
                             std::string_view payload_hash);

// The headers to add; see SignAwsRequest. `service` and `region` are in the signing's scope.
std::vector<HttpHeader> SignV4(const AwsRequest& request, std::string_view service,
                               std::string_view region, const AwsCredentials& credentials,
                               std::chrono::system_clock::time_point now);

}  // namespace indexswap

#endif  // INDEXSWAP_HTTP_SIGV4_H_
