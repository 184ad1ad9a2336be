#include "syncd/http/guard.h"

#include <gtest/gtest.h>

namespace syncd {
namespace {

using Headers = std::multimap<std::string, std::string>;

// The status of the refusal; 0 if there is none.
int Refused(const Guard& guard, const Headers& headers) {
  const auto refusal = guard.Refuse({"POST", "/api/sync", "", headers});
  return refusal ? refusal->status : 0;
}

TEST(GuardWithToken, OnlyTheTokenOpens) {
  const Guard guard("s3cret");
  EXPECT_EQ(Refused(guard, {}), 401);
  for (const std::string wrong : {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets",
                                  "Bearer S3CRET", "Basic s3cret", "s3cret"}) {
    EXPECT_EQ(Refused(guard, {{"authorization", wrong}}), 401) << wrong;
  }
  EXPECT_EQ(Refused(guard, {{"authorization", "Bearer s3cret"}}), 0);
  EXPECT_EQ(Refused(guard, {{"authorization", "bearer  s3cret"}}), 0);
}

TEST(GuardWithToken, HostAndOriginDoNotMatter) {
  const Guard guard("s3cret");
  EXPECT_EQ(Refused(guard, {{"authorization", "Bearer s3cret"},
                            {"host", "syncd.example"},
                            {"origin", "https://gateway.example"}}),
            0);
}

TEST(GuardWithToken, DoesNotRepeatWhatWasSent) {
  const auto refusal =
      Guard("s3cret").Refuse({"POST", "/", "", {{"authorization", "Bearer guessed"}}});
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->body.find("guessed"), std::string::npos);
  EXPECT_EQ(refusal->body.find("s3cret"), std::string::npos);
}

TEST(GuardWithoutToken, TheHostMustBeLoopback) {
  const Guard guard(std::nullopt);
  EXPECT_EQ(Refused(guard, {}), 403);
  EXPECT_EQ(Refused(guard, {{"host", "evil.example:8088"}}), 403);
  EXPECT_EQ(Refused(guard, {{"host", "localhost:8088"}}), 0);
}

TEST(GuardWithoutToken, TheOriginMustBeTheHost) {
  const Guard guard(std::nullopt);
  const auto with = [&](const std::string& origin) {
    return Refused(guard, {{"host", "localhost:8088"}, {"origin", origin}});
  };
  EXPECT_EQ(with("http://localhost:8088"), 0);
  EXPECT_EQ(with("http://LOCALHOST:8088"), 0);
  EXPECT_EQ(with("http://localhost:8089"), 403);
  EXPECT_EQ(with("http://127.0.0.1:8088"), 403);
  EXPECT_EQ(with("http://evil.example"), 403);
  EXPECT_EQ(with("null"), 403);
  EXPECT_EQ(with(""), 403);
}

TEST(GuardWithoutToken, TheBrowserSaysWhosePageItIs) {
  const Guard guard(std::nullopt);
  const auto with = [&](const std::string& site) {
    return Refused(guard, {{"host", "localhost"}, {"sec-fetch-site", site}});
  };
  EXPECT_EQ(with("same-origin"), 0);
  EXPECT_EQ(with("none"), 0);
  EXPECT_EQ(with("same-site"), 403);
  EXPECT_EQ(with("cross-site"), 403);
}

}  // namespace
}  // namespace syncd
