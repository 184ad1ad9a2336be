// How an error says that it is about who asks, or about a block. In a payload, since the port's
// codes say what became of the request (store.h).
#include <absl/strings/cord.h>
#include <absl/strings/str_format.h>
#include <indexswap/inspector.h>

namespace indexswap {
namespace {

constexpr char kDenied[] = "indexswap/access-denied";
constexpr char kBlocked[] = "indexswap/blocked";

}  // namespace

bool IsAccessDenied(const absl::Status& status) { return status.GetPayload(kDenied).has_value(); }

absl::Status AsAccessDenied(absl::Status status) {
  if (!status.ok()) status.SetPayload(kDenied, absl::Cord("1"));
  return status;
}

bool IsBlocked(const absl::Status& status) { return status.GetPayload(kBlocked).has_value(); }

absl::Status AsBlocked(absl::Status status) {
  if (!status.ok()) status.SetPayload(kBlocked, absl::Cord("1"));
  return status;
}

absl::Status RefusedByBlock(const absl::Status& status) {
  if (!IsBlocked(status)) return status;
  return AsBlocked(absl::FailedPreconditionError(
      absl::StrFormat("the gate blocks stopped it: %s. No alias has moved, and no override helps",
                      std::string(status.message()))));
}

}  // namespace indexswap
