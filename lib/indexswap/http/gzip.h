// Gzip (RFC 1952), as HTTP's Content-Encoding.
#ifndef INDEXSWAP_HTTP_GZIP_H_
#define INDEXSWAP_HTTP_GZIP_H_

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace indexswap {

// `text`, compressed at the fastest level: bulk bodies shrink to a fifth, and the network that is
// worth it is slower than that. kInternal when zlib fails, as for want of memory. Thread-safe.
absl::StatusOr<std::string> Gzip(std::string_view text);

}  // namespace indexswap

#endif  // INDEXSWAP_HTTP_GZIP_H_
