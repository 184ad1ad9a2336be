#include "syncd/http/address.h"

#include <gtest/gtest.h>

namespace syncd {
namespace {

TEST(HostPortTest, WhatIsReadIsWritten) {
  for (const std::string text : {"127.0.0.1:8088", "[::1]:0", "localhost:65535"}) {
    const auto address = ParseHostPort(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->ToString(), text);
  }
  EXPECT_EQ(ParseHostPort("[::1]:80")->host, "::1");
}

TEST(HostPortTest, MistakesAreRefused) {
  for (const std::string text :
       {"", "8088", "localhost", "localhost:", "localhost:65536", "localhost:-1", "localhost:8o",
        ":8088", "::1:8088", "[]:8088", "localhost: 80"}) {
    EXPECT_EQ(ParseHostPort(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(LoopbackHost, IsThisMachine) {
  for (const std::string host :
       {"localhost", "LOCALHOST:8088", "127.0.0.1", "127.1.2.3:8088", "[::1]", "[::1]:8088"}) {
    EXPECT_TRUE(IsLoopbackHostHeader(host)) << host;
  }
}

TEST(LoopbackHost, AnyOtherNameMayBeAnybodys) {
  for (const std::string host :
       {"", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8088", "128.0.0.1",
        "[::2]", "[::1", "0.0.0.0", "127.0.0.1@evil.example", "localhost.", "2130706433"}) {
    EXPECT_FALSE(IsLoopbackHostHeader(host)) << host;
  }
}

}  // namespace
}  // namespace syncd
