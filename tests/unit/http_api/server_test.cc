// Every call over a real socket, with and without the prefix.
#include <utility>
#include <vector>

#include "fixture.h"

namespace syncd {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Server : public ServerFixture {};

TEST_F(Server, EveryCallReachesTheApi) {
  options_.base_path = "/integration";
  Start();
  const std::vector<std::pair<std::string, std::string>> calls = {
      {"POST /api/sync", "sync"},
      {"GET /api/sync", "sync"},
      {"POST /api/sync/cancel", "cancel"},
      {"GET /api/plan", "plan"},
      {"GET /api/status", "status"},
      {"POST /api/rollback", "rollback to=previous accept_loss=false"},
      {"POST /api/prune", "prune dry_run=false"},
      {"POST /api/adopt", "adopt"},
      {"GET /api/dead-letters", "list"},
      {"GET /api/dead-letters/13-1", "show 13-1"},
      {"DELETE /api/dead-letters/13-1", "drop 13-1"},
      {"POST /api/dead-letters/13-1/retry", "retry 13-1"},
  };
  for (const auto& [line, call] : calls) {
    for (const std::string prefix : {"", "/integration"}) {
      std::string prefixed = line;
      prefixed.insert(line.find(' ') + 1, prefix);
      const RawAnswer answer = Call(prefixed);
      EXPECT_EQ(api_.TakeCall(), call) << prefixed;
      EXPECT_EQ(answer.Header("Content-Type"), "application/json") << prefixed;
      EXPECT_EQ(answer.Header("Cache-Control"), "no-store") << prefixed;
    }
  }
}

TEST_F(Server, PassesTheAnswerOnAsItIs) {
  Start();
  const RawAnswer sync = Call("POST /api/sync");
  EXPECT_EQ(sync.status, 202);
  EXPECT_EQ(sync.body, R"({"run":13,"state":"receiving","already_running":false})");
  EXPECT_EQ(Call("POST /api/adopt").status, 202);
}

TEST_F(Server, BodiesSayWhatIsWanted) {
  Start();
  Call("POST /api/sync", R"({"promote":12,"override":["shrink","empty"],"if_state":"ab"})");
  EXPECT_EQ(api_.TakeCall(), "sync promote=12 override=shrink override=empty if_state=ab");
  Call("POST /api/rollback", R"({"to":12,"accept_loss":true})");
  EXPECT_EQ(api_.TakeCall(), "rollback to=12 accept_loss=true");
  Call("POST /api/rollback", R"({"dry_run":true,"if_state":"ab"})");
  EXPECT_EQ(api_.TakeCall(), "rollback to=previous accept_loss=false dry_run if_state=ab");
  Call("POST /api/adopt", R"({"take_names":["a","b"],"override":["changed"]})");
  EXPECT_EQ(api_.TakeCall(), "adopt take=a take=b override=changed");
  Call("POST /api/prune", R"({"dry_run":true})");
  EXPECT_EQ(api_.TakeCall(), "prune dry_run=true");
}

TEST_F(Server, MessagesComeOneOrOneALine) {
  Start();
  EXPECT_EQ(Call("POST /api/channels/doctors/messages", "{\"a\":\n1}").status, 202);
  EXPECT_EQ(api_.TakeCall(), "take doctors <{\"a\":\n1}>");
  Call("POST /api/channels/doctors/messages", "{\"a\":1}\n\n{\"a\":2}\r\n",
       "Content-Type: Application/X-NDJSON; charset=utf-8\r\n");
  EXPECT_EQ(api_.TakeCall(), "take doctors <{\"a\":1}> <{\"a\":2}>");
}

TEST_F(Server, WrongBodiesReachNobody) {
  Start();
  for (const std::string line : {"POST /api/sync", "POST /api/prune", "POST /api/rollback",
                                 "POST /api/adopt", "POST /api/sync/cancel"}) {
    const RawAnswer unknown = Call(line, R"({"dryrun":true})");
    EXPECT_EQ(unknown.status, 400) << line;
    EXPECT_THAT(unknown.body, HasSubstr("dryrun")) << line;
    EXPECT_EQ(Call(line, "{").status, 400) << line;
    EXPECT_EQ(Call(line, "{}", "Content-Type: text/plain\r\n").status, 415) << line;
    EXPECT_EQ(Call(line, "{}", "").status, 415) << line;
    EXPECT_EQ(
        Call(line, "{}", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n").status,
        415)
        << line;
  }
  EXPECT_EQ(Call("POST /api/channels/doctors/messages", "{}\nno\n",
                 "Content-Type: application/x-ndjson\r\n")
                .status,
            400);
  EXPECT_EQ(Call("POST /api/channels/doctors/messages").status, 400);
  EXPECT_THAT(api_.calls(), IsEmpty());
}

TEST_F(Server, AQueryIsNotIgnored) {
  Start();
  const RawAnswer answer = Call("POST /api/prune?dry_run=true");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("query"));
  EXPECT_THAT(api_.calls(), IsEmpty());
  Call("GET /api/sync?_=1");
  EXPECT_EQ(api_.TakeCall(), "sync");
}

TEST_F(Server, UnknownPathsAndMethods) {
  Start();
  const RawAnswer none = Call("GET /api/nothing");
  EXPECT_EQ(none.status, 404);
  EXPECT_THAT(none.body, StartsWith(R"({"error":{"code":"not_found")"));
  EXPECT_EQ(Call("POST /api/sync%0Ax", "{}").status, 404);
  const RawAnswer wrong = Call("DELETE /api/status");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.Header("Allow"), "GET, HEAD");
  EXPECT_THAT(wrong.body, HasSubstr("method_not_allowed"));
  EXPECT_EQ(Call("OPTIONS /api/status").status, 405);
  EXPECT_THAT(api_.calls(), IsEmpty());
}

TEST_F(Server, GetStartsASyncOnlyIfThePlanSaysSo) {
  api_.get_starts_sync_ = false;
  Start();
  const RawAnswer answer = Call("GET /api/sync");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.Header("Allow"), "POST");
  EXPECT_THAT(api_.calls(), IsEmpty());
}

TEST_F(Server, HeadStartsNothing) {
  Start();
  EXPECT_EQ(Call("HEAD /api/sync").status, 405);
  EXPECT_THAT(api_.calls(), IsEmpty());
  const RawAnswer answer = Call("HEAD /healthz");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("Content-Length"), "3");
}

TEST_F(Server, HealthAndReadiness) {
  Start();
  EXPECT_EQ(Call("GET /healthz").status, 200);
  EXPECT_EQ(Call("GET /readyz").status, 200);
}

TEST_F(Server, SaysWhyItIsNotReady) {
  api_.not_ready = "the store does not answer";
  Start();
  EXPECT_EQ(Call("GET /healthz").status, 200);
  const RawAnswer answer = Call("GET /readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("the store does not answer"));
}

TEST_F(Server, MetricsHaveTheServersOwnAndTheDaemons) {
  options_.base_path = "/integration";
  Start();
  Call("GET /api/status");
  Call("GET /integration/api/status");
  Call("GET /api/dead-letters/no-name-in-metrics");
  Call("GET /no-name-in-metrics");
  const RawAnswer answer = Call("GET /metrics");
  EXPECT_THAT(answer.Header("Content-Type"), StartsWith("text/plain; version=0.0.4"));
  EXPECT_THAT(answer.body, HasSubstr("syncd_fake 1\n"));
  EXPECT_THAT(answer.body, HasSubstr("# TYPE syncd_http_requests_total counter"));
  EXPECT_THAT(answer.body, HasSubstr("syncd_http_requests_total{method=\"GET\",route=\"/api/"
                                     "status\",status=\"200\"} 2"));
  EXPECT_THAT(answer.body, HasSubstr("route=\"/api/dead-letters/{id}\""));
  EXPECT_THAT(answer.body, HasSubstr("route=\"other\",status=\"404\""));
  EXPECT_THAT(answer.body, Not(HasSubstr("no-name-in-metrics")));
}

TEST_F(Server, ThePageBringsEverythingAlong) {
  options_.base_path = "/integration";
  Start();
  const RawAnswer page = Call("GET /");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.Header("Content-Type"), StartsWith("text/html"));
  const std::string policy = page.Header("Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'sha256-"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(page.body, HasSubstr("</html>"));
  for (const std::string outside : {"http://", "https://", " src=", " href=", "innerHTML"}) {
    EXPECT_THAT(page.body, Not(HasSubstr(outside)));
  }
  EXPECT_EQ(Call("GET /integration/").body, page.body);
  // Its calls are relative: they need the slash.
  const RawAnswer bare = Call("GET /integration");
  EXPECT_EQ(bare.status, 301);
  EXPECT_EQ(bare.Header("Location"), "/integration/");
}

TEST_F(Server, CallsThatChangeOrShowPeopleNeedTheToken) {
  options_.token = "s3cret";
  Start();
  for (const std::string line :
       {"POST /api/sync", "GET /api/sync", "POST /api/sync/cancel", "POST /api/rollback",
        "POST /api/prune", "POST /api/adopt", "GET /api/dead-letters/13-1",
        "DELETE /api/dead-letters/13-1", "POST /api/dead-letters/13-1/retry"}) {
    const RawAnswer without = Call(line);
    EXPECT_EQ(without.status, 401) << line;
    EXPECT_EQ(without.Header("WWW-Authenticate"), "Bearer realm=\"syncd\"") << line;
    EXPECT_EQ(CallWith(line, "Authorization: Bearer s3creT\r\n").status, 401) << line;
    EXPECT_THAT(api_.calls(), IsEmpty()) << line;
    EXPECT_LT(CallWith(line, "Authorization: Bearer s3cret\r\n").status, 600) << line;
    EXPECT_NE(api_.TakeCall(), "") << line;
  }
  EXPECT_EQ(Call("POST /api/channels/doctors/messages", "{}").status, 401);
  for (const std::string line : {"GET /api/status", "GET /api/plan", "GET /api/dead-letters",
                                 "GET /metrics", "GET /healthz", "GET /readyz", "GET /"}) {
    EXPECT_EQ(Call(line).status, 200) << line;
  }
}

TEST_F(Server, WithoutATokenPagesOfOthersAreRefused) {
  Start();
  EXPECT_EQ(CallWith("POST /api/sync", "Origin: http://evil.example\r\n").status, 403);
  EXPECT_EQ(CallWith("GET /api/sync", "Sec-Fetch-Site: cross-site\r\n").status, 403);
  RawClient rebound(server_->address());
  rebound.Send("POST /api/sync HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_EQ(rebound.Receive().status, 403);
  EXPECT_THAT(api_.calls(), IsEmpty());
  EXPECT_EQ(CallWith("POST /api/sync", "Origin: http://" + server_->address() + "\r\n").status,
            202);
}

TEST(ServerOptions, WithoutATokenItListensOnLoopbackOnly) {
  FakeApi api;
  for (const std::string host : {"0.0.0.0:0", "[::]:0"}) {
    const auto server = ApiServer::Start({.listen = host}, &api);
    EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(server.status().message()), HasSubstr("token_file"));
  }
  const auto open = ApiServer::Start({.listen = "0.0.0.0:0", .token = "s3cret"}, &api);
  EXPECT_TRUE(open.ok()) << open.status();
}

TEST(ServerOptions, MistakesAreNamed) {
  FakeApi api;
  const auto expect = [&](const ApiServerOptions& options, const std::string& what) {
    const auto server = ApiServer::Start(options, &api);
    EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(server.status().message()), HasSubstr(what));
  };
  expect({.listen = "8088"}, "host:port");
  expect({.listen = "127.0.0.1:0", .base_path = "integration"}, "base_path");
  expect({.listen = "127.0.0.1:0", .base_path = "/integration/"}, "base_path");
  expect({.listen = "127.0.0.1:0", .token = ""}, "token");
  expect({.listen = "127.0.0.1:0", .token = "two words"}, "token");
}

TEST(ServerOptions, ATakenPortIsNamed) {
  FakeApi api;
  const auto first = ApiServer::Start({.listen = "127.0.0.1:0"}, &api);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = ApiServer::Start({.listen = (*first)->address()}, &api);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr((*first)->address()));
}

}  // namespace
}  // namespace syncd
