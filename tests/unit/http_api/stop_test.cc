// How a server ends: answers in progress are finished, within a bound.
#include <future>
#include <thread>

#include "fixture.h"

namespace syncd {
namespace {

constexpr std::chrono::minutes kLong{5};

class StopServer : public ServerFixture {};

TEST_F(StopServer, FinishesTheCallThatRuns) {
  std::promise<void> began, may_end;
  api_.on_rollback = [&] {
    began.set_value();
    may_end.get_future().wait();
  };
  Start();
  RawClient client(server_->address());
  client.Send("POST /api/rollback HTTP/1.1\r\nHost: localhost\r\n\r\n");
  began.get_future().wait();
  std::future<bool> stopped =
      std::async(std::launch::async, [this] { return server_->Stop(kLong); });
  // It has begun to stop when nobody else gets in.
  while (RawClient(server_->address()).connected()) std::this_thread::yield();
  may_end.set_value();
  const RawAnswer answer = client.Receive();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("Connection"), "close");
  EXPECT_TRUE(stopped.get());
}

TEST_F(StopServer, DoesNotWaitForIdleConnections) {
  options_.idle_timeout = options_.head_timeout = kLong;
  Start();
  RawClient silent(server_->address());
  RawClient idle(server_->address());
  idle.Send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(idle.Receive().status, 200);
  EXPECT_TRUE(server_->Stop(kLong));
  EXPECT_TRUE(idle.AtEnd());
  EXPECT_TRUE(silent.AtEnd());
}

TEST_F(StopServer, CutsARequestThatDoesNotEnd) {
  options_.body_timeout = kLong;
  options_.token = "s3cret";
  Start();
  RawClient slow(server_->address());
  slow.Send(
      "POST /api/sync HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer s3cret\r\n"
      "Content-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(slow.Receive().status, 100);
  EXPECT_FALSE(server_->Stop(std::chrono::milliseconds(0)));
  EXPECT_TRUE(api_.calls().empty());
}

TEST_F(StopServer, StopsTwice) {
  Start();
  EXPECT_TRUE(server_->Stop(kLong));
  EXPECT_TRUE(server_->Stop(kLong));
}

}  // namespace
}  // namespace syncd
