#include "syncd/http/api.h"

#include <gtest/gtest.h>

namespace syncd {
namespace {

TEST(ApiErrorTest, IsOneObject) {
  const ApiAnswer answer = ApiError(409, "refused", "gate \"shrink\"\n");
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.json, R"({"error":{"code":"refused","message":"gate \"shrink\"\n"}})");
}

TEST(ApiErrorTest, StaysUtf8) {
  EXPECT_EQ(ApiError(400, "invalid", "Zoë\xFF\xC3 \xED\xA0\x80 \xF0\x9F\x98\x80").json,
            "{\"error\":{\"code\":\"invalid\",\"message\":\"Zoë\xEF\xBF\xBD\xEF\xBF\xBD "
            "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD \xF0\x9F\x98\x80\"}}");
}

TEST(ApiErrorTest, EveryCodeHasItsStatus) {
  const auto expect = [](const absl::Status& error, int status, const std::string& code) {
    const ApiAnswer answer = ApiError(error);
    EXPECT_EQ(answer.status, status) << error;
    EXPECT_EQ(answer.json, "{\"error\":{\"code\":\"" + code + "\",\"message\":\"why\"}}");
  };
  expect(absl::InvalidArgumentError("why"), 400, "invalid");
  expect(absl::NotFoundError("why"), 404, "not_found");
  expect(absl::FailedPreconditionError("why"), 409, "refused");
  expect(absl::AbortedError("why"), 409, "lease_lost");
  expect(absl::CancelledError("why"), 409, "interrupted");
  expect(absl::ResourceExhaustedError("why"), 429, "too_many");
  expect(absl::UnimplementedError("why"), 501, "not_implemented");
  expect(absl::UnavailableError("why"), 503, "unavailable");
  expect(absl::UnknownError("why"), 504, "unknown_outcome");
  expect(absl::DeadlineExceededError("why"), 504, "stalled");
  expect(absl::InternalError("why"), 500, "failed");
}

}  // namespace
}  // namespace syncd
