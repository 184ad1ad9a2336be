// What the bodies of requests say.
#ifndef SYNCD_HTTP_REQUEST_BODY_H_
#define SYNCD_HTTP_REQUEST_BODY_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syncd/http/api.h"

namespace syncd {

// Each reads one JSON object; an empty body is an empty object, and null is a key that is not
// there. kInvalidArgument names the key (an unknown one, one given twice, one of another type) and
// what was expected; it doesn't repeat values.
absl::StatusOr<ApiSyncRequest> ReadSyncRequest(std::string_view body);
absl::StatusOr<ApiRollbackRequest> ReadRollbackRequest(std::string_view body);
absl::StatusOr<ApiAdoptRequest> ReadAdoptRequest(std::string_view body);
absl::StatusOr<bool> ReadPruneRequest(std::string_view body);  // dry_run
absl::Status ReadEmptyRequest(std::string_view body);

// The messages of a body: one, or, with `lines`, one a line without the blank ones. Each must be
// JSON; kInvalidArgument names the line that is not.
absl::StatusOr<std::vector<std::string>> ReadMessages(std::string_view body, bool lines);

}  // namespace syncd

#endif  // SYNCD_HTTP_REQUEST_BODY_H_
