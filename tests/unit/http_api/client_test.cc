// The client against the real server, and against peers that let it down.
#include "syncd/http/client.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "fixture.h"

namespace syncd {
namespace {

using ::testing::HasSubstr;

class Client : public ServerFixture {
 protected:
  ApiClient To(const std::string& address, std::optional<std::string> token = std::nullopt) {
    return ApiClient({.address = address, .token = std::move(token)});
  }
};

TEST_F(Client, AsksAndIsAnswered) {
  options_.token = "s3cret";
  Start();
  const ApiClient client = To(server_->address(), "s3cret");
  const auto got = client.Get("/api/status");
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->status, 200);
  EXPECT_EQ(got->json, "{}");
  EXPECT_EQ(client.Post("/api/sync", "")->status, 202);
  EXPECT_EQ(client.Post("/api/prune", R"({"dry_run":true})")->status, 200);
  EXPECT_EQ(api_.TakeCall(), "prune dry_run=true");
  EXPECT_EQ(client.Delete("/api/dead-letters/13-1")->status, 200);
  EXPECT_EQ(api_.TakeCall(), "drop 13-1");
}

TEST_F(Client, ARefusalIsAnAnswer) {
  options_.token = "s3cret";
  Start();
  const auto answer = To(server_->address()).Post("/api/sync", "");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->status, 401);
  EXPECT_THAT(answer->json, HasSubstr("token_file"));
}

TEST_F(Client, WithoutATokenItMayCallAServerThatNeedsNone) {
  Start();
  EXPECT_EQ(To(server_->address()).Post("/api/sync", "{}")->status, 202);
}

TEST_F(Client, AServerOnEveryAddressIsReachedHere) {
  options_.listen = "0.0.0.0:0";
  options_.token = "s3cret";
  Start();
  EXPECT_EQ(To(server_->address()).Get("/api/status")->status, 200);
}

TEST_F(Client, NotReached) {
  Start();
  const std::string address = server_->address();
  server_.reset();
  const auto answer = To(address).Post("/api/sync", "");
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr(address));
  EXPECT_EQ(To("nowhere").Get("/").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(Client, WhatIsNoDaemonIsNamed) {
  Start();
  const auto answer = To(server_->address()).Get("/healthz");
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kInternal);
}

// Takes one connection, reads something, and says `answer`.
class Peer {
 public:
  explicit Peer(std::string answer) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 1), 0);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this, answer = std::move(answer)] {
      const int client = accept(socket_, nullptr, nullptr);
      char buffer[4096];
      EXPECT_GT(recv(client, buffer, sizeof(buffer), 0), 0);
      send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
      close(client);
    });
  }
  ~Peer() {
    thread_.join();
    close(socket_);
  }
  const std::string& address() const { return address_; }

 private:
  int socket_;
  std::string address_;
  std::thread thread_;
};

TEST_F(Client, ALostAnswerLeavesADoubtUnlessItOnlyRead) {
  for (const std::string answer :
       {"", "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"}) {
    const Peer posted(answer);
    EXPECT_EQ(To(posted.address()).Post("/api/rollback", "").status().code(),
              absl::StatusCode::kUnknown)
        << answer;
    const Peer dropped(answer);
    EXPECT_EQ(To(dropped.address()).Delete("/api/dead-letters/1").status().code(),
              absl::StatusCode::kUnknown)
        << answer;
    const Peer read(answer);
    EXPECT_EQ(To(read.address()).Get("/api/status").status().code(), absl::StatusCode::kUnavailable)
        << answer;
  }
}

}  // namespace
}  // namespace syncd
