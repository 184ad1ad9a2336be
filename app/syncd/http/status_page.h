// The status page: one HTML file without anything from elsewhere (status_page.html, built in).
#ifndef SYNCD_HTTP_STATUS_PAGE_H_
#define SYNCD_HTTP_STATUS_PAGE_H_

#include "syncd/http/message.h"

namespace syncd {

// The page, with a Content-Security-Policy that allows its own script, its own style and calls to
// its own server, and nothing else. Thread-safe.
HttpResponse StatusPage();

}  // namespace syncd

#endif  // SYNCD_HTTP_STATUS_PAGE_H_
