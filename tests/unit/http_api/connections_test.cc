#include "syncd/http/connections.h"

#include <gtest/gtest.h>

namespace syncd {
namespace {

TEST(ConnectionsListen, AnyPortIsTold) {
  const auto connections = Connections::Listen({"localhost", 0}, /*loopback_only=*/true);
  ASSERT_TRUE(connections.ok()) << connections.status();
  EXPECT_NE((*connections)->port(), 0);
}

TEST(ConnectionsListen, AnUnknownHostIsNamed) {
  const auto connections = Connections::Listen({"no such host", 0}, /*loopback_only=*/true);
  EXPECT_EQ(connections.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(connections.status().message().find("no such host"), absl::string_view::npos);
}

TEST(ConnectionsListen, NeedsNoStart) {
  const auto connections = Connections::Listen({"127.0.0.1", 0}, /*loopback_only=*/true);
  ASSERT_TRUE(connections.ok()) << connections.status();
  EXPECT_TRUE((*connections)->Stop(std::chrono::milliseconds(0)));
}

}  // namespace
}  // namespace syncd
