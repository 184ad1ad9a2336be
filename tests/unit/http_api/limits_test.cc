// What clients must not be able to do: send without end, hide a request in another's body, or hold
// up everybody else.
#include <memory>
#include <vector>

#include "fixture.h"

namespace syncd {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kMessages[] = "POST /api/channels/doctors/messages HTTP/1.1\r\nHost: localhost\r\n";
constexpr char kJson[] = "Content-Type: application/json\r\n";

class Limits : public ServerFixture {
 protected:
  Limits() { options_.body_bytes_max = 1000; }

  static std::string Chunk(const std::string& data) {
    char size[32];
    std::snprintf(size, sizeof(size), "%zx\r\n", data.size());
    return size + data + "\r\n";
  }

  RawAnswer SendMessages(const std::string& rest) {
    RawClient client(server_->address());
    client.Send(kMessages + std::string(kJson) + rest);
    return client.Receive();
  }
};

TEST_F(Limits, ABodyOfTheLimitPasses) {
  Start();
  const std::string body = "\"" + std::string(998, 'x') + "\"";
  EXPECT_EQ(SendMessages("Content-Length: 1000\r\n\r\n" + body).status, 202);
  EXPECT_EQ(SendMessages("Transfer-Encoding: chunked\r\n\r\n" + Chunk(body.substr(0, 400)) +
                         Chunk(body.substr(400)) + "0\r\n\r\n")
                .status,
            202);
}

TEST_F(Limits, ALargerBodyIsRefusedBeforeItIsRead) {
  Start();
  RawClient client(server_->address());
  client.Send(kMessages + std::string(kJson) + "Content-Length: 1001\r\n\r\n");
  const RawAnswer answer = client.Receive();
  EXPECT_EQ(answer.status, 413);
  EXPECT_THAT(answer.body, HasSubstr("1000 bytes"));
  EXPECT_EQ(answer.Header("Connection"), "close");
  EXPECT_THAT(api_.calls(), IsEmpty());
}

TEST_F(Limits, ChunksAreCountedWhileTheyCome) {
  Start();
  RawClient client(server_->address());
  client.Send(kMessages + std::string(kJson) + "Transfer-Encoding: chunked\r\n\r\n");
  // There is no end: only the limit can stop it.
  for (int i = 0; i < 3; ++i) client.Send(Chunk(std::string(400, ' ')));
  EXPECT_EQ(client.Receive().status, 413);
  EXPECT_THAT(api_.calls(), IsEmpty());
}

TEST_F(Limits, AChunksOwnLineHasALimitToo) {
  Start();
  RawClient client(server_->address());
  client.Send(kMessages + std::string(kJson) + "Transfer-Encoding: chunked\r\n\r\n1;" +
              std::string(100'000, 'x'));
  EXPECT_EQ(client.Receive().status, 413);
}

TEST_F(Limits, ALargeBodyDoesNotLoseItsAnswer) {
  Start();
  RawClient client(server_->address());
  // More than the buffers of both sides hold: it is thrown away while the answer is on its way.
  client.Send(kMessages + std::string(kJson) + "Content-Length: 8000000\r\n\r\n");
  EXPECT_TRUE(client.Send(std::string(8'000'000, ' ')));
  EXPECT_EQ(client.Receive().status, 413);
}

TEST_F(Limits, HeadsHaveALimit) {
  Start();
  RawClient client(server_->address());
  std::string head = "GET /api/status HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 0; i < 2000; ++i) head += "X-Filler: " + std::string(40, 'x') + "\r\n";
  client.Send(head);
  const RawAnswer answer = client.Receive();
  EXPECT_EQ(answer.status, 431);
  EXPECT_THAT(answer.body, HasSubstr("too_large"));
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(Limits, WhatIsNoRequestIsRefusedInJson) {
  Start();
  RawClient client(server_->address());
  client.Send("BREW /coffee\r\n\r\n");
  const RawAnswer answer = client.Receive();
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("\"error\""));
}

TEST_F(Limits, TwoLengthsAreNone) {
  Start();
  for (const std::string framing :
       {"Content-Length: 2\r\nContent-Length: 2\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "Content-Length: +2\r\n",
        "Content-Length: 2, 2\r\n", "Content-Length: 99999999999999999999\r\n"}) {
    const RawAnswer answer = SendMessages(framing + "\r\n{}");
    EXPECT_EQ(answer.status, 400) << framing;
    EXPECT_EQ(answer.Header("Connection"), "close") << framing;
  }
  EXPECT_EQ(SendMessages("Transfer-Encoding: gzip, chunked\r\n\r\n").status, 501);
  EXPECT_THAT(api_.calls(), IsEmpty());
}

TEST_F(Limits, ARefusedBodyIsNotTheNextRequest) {
  options_.token = "s3cret";
  Start();
  const std::string hidden =
      "POST /api/prune HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer s3cret\r\n\r\n";
  for (const std::string line : {"POST /api/sync", "GET /api/status", "DELETE /api/status",
                                 "POST /api/nothing", "DELETE /api/dead-letters/1"}) {
    RawClient client(server_->address());
    client.Send(line + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
                "Content-Length: " + std::to_string(hidden.size()) + "\r\n\r\n" + hidden);
    EXPECT_NE(client.Receive().status, 0) << line;
    EXPECT_TRUE(client.AtEnd()) << line;
  }
  for (const std::string& call : api_.calls()) EXPECT_EQ(call, "status");
}

TEST_F(Limits, APostWithoutLengthHasNoBody) {
  options_.body_timeout = std::chrono::hours(1);
  Start();
  EXPECT_EQ(CallWith("POST /api/sync", "").status, 202);
}

TEST_F(Limits, ContinueIsSaidOnlyToThoseWhoMay) {
  options_.token = "s3cret";
  Start();
  RawClient refused(server_->address());
  const std::string head =
      kMessages + std::string(kJson) + "Content-Length: 2\r\nExpect: 100-continue\r\n";
  refused.Send(head + "\r\n");
  EXPECT_EQ(refused.Receive().status, 401);
  EXPECT_TRUE(refused.AtEnd());
  RawClient welcome(server_->address());
  welcome.Send(head + "Authorization: Bearer s3cret\r\n\r\n");
  EXPECT_EQ(welcome.Receive().status, 100);
  welcome.Send("{}");
  EXPECT_EQ(welcome.Receive().status, 202);
}

TEST_F(Limits, ManyRangesMakeNoLargeAnswer) {
  Start();
  const RawAnswer answer = CallWith("GET /api/status", "Range: bytes=0-,0-,0-,0-,0-\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "{}");
}

TEST_F(Limits, OneConnectionServesManyRequests) {
  Start();
  RawClient client(server_->address());
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.Send(request + request);
  EXPECT_EQ(client.Receive().status, 200);
  EXPECT_EQ(client.Receive().status, 200);
  client.Send(request);
  EXPECT_EQ(client.Receive().status, 200);
}

TEST_F(Limits, SlowHeadsEnd) {
  options_.head_timeout = std::chrono::milliseconds(50);
  Start();
  RawClient silent(server_->address());
  EXPECT_EQ(silent.Receive().status, 0);
  RawClient slow(server_->address());
  slow.Send("GET /healthz HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(slow.Receive().status, 408);
}

TEST_F(Limits, ADripDoesNotKeepAConnectionAlive) {
  options_.head_timeout = std::chrono::seconds(1);
  Start();
  RawClient drip(server_->address());
  drip.Send("GET /healthz HTTP/1.1\r\n");
  // Ten seconds at least. A server that begins its time-out again with each byte takes them all.
  int drips = 0;
  while (drips < 2000 && !drip.HasAnswer(std::chrono::milliseconds(5))) {
    drip.Send("X: 1\r\n");
    ++drips;
  }
  EXPECT_LT(drips, 2000);
  EXPECT_EQ(drip.Receive().status, 408);
}

TEST_F(Limits, SlowBodiesEnd) {
  options_.body_timeout = std::chrono::milliseconds(50);
  Start();
  RawClient slow(server_->address());
  slow.Send(kMessages + std::string(kJson) + "Content-Length: 100\r\n\r\n{");
  EXPECT_EQ(slow.Receive().status, 408);
  EXPECT_THAT(api_.calls(), IsEmpty());
}

TEST_F(Limits, AFewSlowClientsHoldUpNobody) {
  options_.threads = 4;
  options_.head_timeout = options_.body_timeout = options_.idle_timeout = std::chrono::hours(1);
  Start();
  RawClient head(server_->address());
  head.Send("GET /healthz HTT");
  RawClient body(server_->address());
  body.Send(kMessages + std::string(kJson) + "Content-Length: 100\r\n\r\n{");
  RawClient silent(server_->address());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Call("GET /healthz").status, 200);
}

TEST_F(Limits, AnIdleConnectionMakesRoom) {
  options_.threads = 1;
  options_.idle_timeout = std::chrono::hours(1);
  Start();
  RawClient idle(server_->address());
  idle.Send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(idle.Receive().status, 200);
  EXPECT_EQ(Call("GET /healthz").status, 200);
  EXPECT_TRUE(idle.AtEnd());
}

TEST_F(Limits, MoreClientsThanThreadsAreAllServed) {
  options_.threads = 2;
  Start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 150; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->address()));
    clients.back()->Send("GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  for (const auto& client : clients) EXPECT_EQ(client->Receive().status, 200);
  EXPECT_EQ(api_.calls().size(), 150U);
}

}  // namespace
}  // namespace syncd
