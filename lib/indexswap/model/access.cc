// How an error says that it is about who asks. In a payload, since the port's codes say what
// became of the request (store.h).
#include <absl/strings/cord.h>
#include <indexswap/inspector.h>

namespace indexswap {
namespace {

constexpr char kDenied[] = "indexswap/access-denied";

}  // namespace

bool IsAccessDenied(const absl::Status& status) { return status.GetPayload(kDenied).has_value(); }

absl::Status AsAccessDenied(absl::Status status) {
  if (!status.ok()) status.SetPayload(kDenied, absl::Cord("1"));
  return status;
}

}  // namespace indexswap
