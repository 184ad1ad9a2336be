// One transport over several endpoints of the same cluster.
#ifndef INDEXSWAP_HTTP_FAILOVER_H_
#define INDEXSWAP_HTTP_FAILOVER_H_

#include <memory>
#include <vector>

#include "indexswap/http/transport.h"

namespace indexswap {

// Sends each request to the endpoint that answered last, the first one at the start. One that was
// not reached is followed by the next, until each has been asked once. After a lost answer only a
// request that may be sent again (not `at_most_once`) goes to the next; any other ends there, as
// kUnknown, and it is the requests behind it that go elsewhere.
//
// `endpoints` must not be empty. With one of them it is that one.
std::unique_ptr<HttpTransport> NewFailoverTransport(
    std::vector<std::unique_ptr<HttpTransport>> endpoints);

}  // namespace indexswap

#endif  // INDEXSWAP_HTTP_FAILOVER_H_
