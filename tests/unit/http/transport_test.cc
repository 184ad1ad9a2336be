// The transport against a server that follows a script, byte by byte.
#include "indexswap/http/transport.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "indexswap/http/gzip.h"

namespace indexswap {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;

// What the server does with one connection: for each request the bytes to answer with. Then it
// closes, or, if `hang`, waits until the client closes.
struct Connection {
  std::vector<std::string> answers;
  bool hang = false;
};

class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<Connection> script) : script_(std::move(script)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    socklen_t size = sizeof(address);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }

  ~ScriptedServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void Serve() {
    std::vector<std::thread> connections;
    for (const Connection& connection : script_) {
      const int client = accept(listener_, nullptr, nullptr);
      if (client < 0) break;
      connections.emplace_back([this, client, &connection] { Follow(client, connection); });
    }
    for (std::thread& connection : connections) connection.join();
  }

  void Follow(int client, const Connection& connection) {
    std::string buffer;
    for (const std::string& answer : connection.answers) {
      if (!ReadRequest(client, buffer)) break;
      (void)!send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    if (connection.hang) {
      char byte;
      while (recv(client, &byte, 1, 0) > 0) {
      }
    }
    close(client);
  }

  bool ReadRequest(int client, std::string& buffer) {
    size_t length = std::string::npos;
    while (length == std::string::npos || buffer.size() < length) {
      char bytes[4096];
      const ssize_t count = recv(client, bytes, sizeof(bytes), 0);
      if (count <= 0) return false;
      buffer.append(bytes, static_cast<size_t>(count));
      const size_t head = buffer.find("\r\n\r\n");
      if (head == std::string::npos) continue;
      const size_t field = buffer.find("Content-Length: ");
      length = head + 4 + (field < head ? std::stoul(buffer.substr(field + 16)) : 0);
    }
    const std::lock_guard lock(mutex_);
    requests_.push_back(buffer.substr(0, length));
    buffer.erase(0, length);
    return true;
  }

  std::vector<Connection> script_;
  int listener_ = -1;
  int port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

std::string Ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::unique_ptr<HttpTransport> Open(const std::string& url, int timeout_ms = 5000) {
  HttpOptions options;
  options.url = url;
  options.request_timeout = std::chrono::milliseconds(timeout_ms);
  auto transport = NewCurlTransport(options);
  EXPECT_TRUE(transport.ok()) << transport.status();
  return *std::move(transport);
}

HttpRequest Get(const std::string& target) {
  HttpRequest request;
  request.target = target;
  return request;
}

HttpRequest Post(const std::string& target, std::string_view body) {
  HttpRequest request;
  request.method = HttpMethod::kPost;
  request.target = target;
  request.body = body;
  return request;
}

TEST(TransportTest, AnswerOfAnyStatusIsASuccess) {
  ScriptedServer server(
      {{{"HTTP/1.1 404 Not Found\r\nRetry-After: 7\r\nContent-Type: text/plain"
         "\r\nContent-Length: 4\r\n\r\nnope"}}});
  auto response = Open(server.url())->Send(Get("/x"));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->body, "nope");
  EXPECT_EQ(response->content_type, "text/plain");
  EXPECT_EQ(response->retry_after, "7");
}

TEST(TransportTest, SendsWhatItIsGivenOnOneConnection) {
  ScriptedServer server({{{Ok("1"), Ok("2"), Ok("3")}}});
  auto transport = Open(server.url() + "/base/");
  ASSERT_TRUE(transport->Send(Post("/a?b=c", std::string(100'000, 'x'))).ok());
  ASSERT_TRUE(transport->Send(Get("/g")).ok());
  HttpRequest put;
  put.method = HttpMethod::kPut;
  put.target = "/p";
  ASSERT_TRUE(transport->Send(put).ok());
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_THAT(requests[0], HasSubstr("POST /base/a?b=c HTTP/1.1\r\n"));
  EXPECT_THAT(requests[0], HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(requests[0], HasSubstr("Content-Length: 100000\r\n"));
  EXPECT_THAT(requests[0], Not(HasSubstr("Expect")));
  EXPECT_THAT(requests[0], Not(HasSubstr("Accept-Encoding")));
  EXPECT_THAT(requests[1], HasSubstr("GET /base/g HTTP/1.1\r\n"));
  EXPECT_THAT(requests[2], HasSubstr("PUT /base/p HTTP/1.1\r\n"));
  EXPECT_THAT(requests[2], Not(HasSubstr("Content-Type")));
}

// As gunzip would see it.
std::string Gunzip(std::string_view compressed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(TransportTest, CompressesLargeBodiesAndReadsCompressedAnswers) {
  const std::string body = "[" + std::string(5000, 'x') + "]";
  const absl::StatusOr<std::string> answer = Gzip(body);
  ASSERT_TRUE(answer.ok()) << answer.status();
  const std::string compressed = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                                 std::to_string(answer->size()) + "\r\n\r\n" + *answer;
  const std::string cut = compressed.substr(0, compressed.size() - 9);
  ScriptedServer server({{{compressed, Ok("{}")}, false}, {{cut}, false}});
  HttpOptions options;
  options.url = server.url();
  options.compress = true;
  const auto transport = NewCurlTransport(options);
  ASSERT_TRUE(transport.ok()) << transport.status();
  const auto large = (*transport)->Send(Post("/_bulk", body));
  ASSERT_TRUE(large.ok()) << large.status();
  EXPECT_EQ(large->body, body);
  EXPECT_TRUE((*transport)->Send(Post("/small", "{}")).ok());
  EXPECT_EQ((*transport)->Send(Post("/_bulk", body)).status().code(), StatusCode::kUnknown);
  const std::vector<std::string> requests = server.requests();
  ASSERT_GE(requests.size(), 2u);
  EXPECT_THAT(requests[0], HasSubstr("Accept-Encoding: gzip\r\n"));
  EXPECT_THAT(requests[0], HasSubstr("Content-Encoding: gzip\r\n"));
  EXPECT_LT(requests[0].size(), 1000u);
  EXPECT_EQ(Gunzip(requests[0].substr(requests[0].find("\r\n\r\n") + 4)), body);
  EXPECT_THAT(requests[1], Not(HasSubstr("Content-Encoding")));
  EXPECT_THAT(requests[1], HasSubstr("\r\n\r\n{}"));
}

TEST(TransportTest, BasicAuthentication) {
  ScriptedServer server({{{Ok("")}}});
  HttpOptions options;
  options.url = server.url();
  options.user = "Aladdin";
  options.password = "open sesame";
  auto transport = NewCurlTransport(options);
  ASSERT_TRUE(transport.ok());
  ASSERT_TRUE((*transport)->Send(Get("/")).ok());
  EXPECT_THAT(server.requests()[0],
              HasSubstr("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
}

TEST(TransportTest, RefusedConnectionIsUnavailable) {
  std::string url;
  {
    ScriptedServer gone({});
    url = gone.url();
  }
  EXPECT_EQ(Open(url)->Send(Get("/")).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(Open("http://no-such-host.invalid")->Send(Get("/")).status().code(),
            StatusCode::kUnavailable);
}

TEST(TransportTest, LostAnswersAreUnknown) {
  for (const std::string& answer :
       {std::string(), std::string("HTTP/1.1 200 OK\r\nContent-Le"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")}) {
    ScriptedServer server({{{answer}}});
    EXPECT_EQ(Open(server.url())->Send(Post("/", "{}")).status().code(), StatusCode::kUnknown)
        << answer;
  }
}

TEST(TransportTest, TimeOutAfterSendingIsUnknown) {
  ScriptedServer server({{{""}, true}});
  EXPECT_EQ(Open(server.url(), 100)->Send(Post("/", "{}")).status().code(), StatusCode::kUnknown);
}

TEST(TransportTest, AnswerThatIsTooLongIsUnknown) {
  ScriptedServer server({{{Ok(std::string(1000, 'x'))}}});
  HttpOptions options;
  options.url = server.url();
  options.max_response_bytes = 999;
  auto transport = NewCurlTransport(options);
  ASSERT_TRUE(transport.ok());
  EXPECT_EQ((*transport)->Send(Get("/")).status().code(), StatusCode::kUnknown);
}

int CountOf(const std::vector<std::string>& requests, const std::string& start) {
  return static_cast<int>(
      std::count_if(requests.begin(), requests.end(),
                    [&](const std::string& request) { return request.starts_with(start); }));
}

// Connection 0 takes its second request and closes without an answer, as a server does that has
// just decided to close a kept-alive connection; so does connection 1 with its first.
const std::vector<Connection> kDyingConnections = {{{Ok("1"), ""}}, {{""}}, {{Ok("3")}}};

TEST(TransportTest, RequestIsSentAgainWhenAKeptConnectionDies) {
  ScriptedServer server(kDyingConnections);
  auto transport = Open(server.url());
  ASSERT_TRUE(transport->Send(Get("/")).ok());
  EXPECT_FALSE(transport->Send(Post("/_bulk", "{}")).ok());
  EXPECT_EQ(CountOf(server.requests(), "POST /_bulk"), 2);
}

TEST(TransportTest, RequestOfAtMostOnceIsNot) {
  ScriptedServer server(kDyingConnections);
  auto transport = Open(server.url());
  ASSERT_TRUE(transport->Send(Get("/")).ok());
  HttpRequest once = Post("/_aliases", "{}");
  once.at_most_once = true;
  EXPECT_EQ(transport->Send(once).status().code(), StatusCode::kUnknown);
  EXPECT_EQ(CountOf(server.requests(), "POST /_aliases"), 1);
}

TEST(TransportTest, UrlsThatAreNoneAreRefused) {
  for (const char* url : {"", "127.0.0.1:9200", "ftp://host", "http://", "http://user:pw@host",
                          "file:///etc/passwd"}) {
    HttpOptions options;
    options.url = url;
    EXPECT_EQ(NewCurlTransport(options).status().code(), StatusCode::kInvalidArgument) << url;
  }
}

// The value of a header in a request as it was received; empty if it has none.
std::string HeaderOf(const std::string& request, const std::string& name) {
  const size_t begin = request.find("\r\n" + name + ": ");
  if (begin == std::string::npos) return "";
  const size_t value = begin + name.size() + 4;
  return request.substr(value, request.find("\r\n", value) - value);
}

TEST(TransportTest, SignsWhatItSends) {
  ScriptedServer server({{{Ok("{}")}}});
  HttpOptions options;
  options.url = server.url() + "/base/";
  options.aws = AwsSigning{"es", "eu-west-2", StaticAwsCredentials({"KEY", "SECRET", "TOKEN"})};
  auto transport = NewCurlTransport(options);
  ASSERT_TRUE(transport.ok()) << transport.status();
  HttpRequest request = Post("/a%2Cb,*/_search?q=x%20y&flag", "{\"a\":1}");
  request.headers = {{"X-Opaque-Id", "7"}};
  ASSERT_TRUE((*transport)->Send(request).ok());

  const std::string sent = server.requests().at(0);
  EXPECT_THAT(sent, HasSubstr("POST /base/a%2Cb,*/_search?q=x%20y&flag HTTP/1.1\r\n"));
  const std::string date = HeaderOf(sent, "X-Amz-Date");
  const AwsRequest same = {"POST",
                           HeaderOf(sent, "Host"),
                           "/base/a%2Cb,*/_search",
                           "q=x%20y&flag",
                           {{"X-Opaque-Id", HeaderOf(sent, "X-Opaque-Id")},
                            {"Content-Type", HeaderOf(sent, "Content-Type")}},
                           "{\"a\":1}"};
  std::tm time = {};
  ASSERT_NE(strptime(date.c_str(), "%Y%m%dT%H%M%SZ", &time), nullptr) << date;
  const auto added =
      SignAwsRequest(same, *options.aws, std::chrono::system_clock::from_time_t(timegm(&time)));
  ASSERT_TRUE(added.ok()) << added.status();
  EXPECT_EQ(HeaderOf(sent, "Authorization"), added->back().value);
  EXPECT_EQ(HeaderOf(sent, "X-Amz-Security-Token"), "TOKEN");
}

TEST(TransportTest, WithoutCredentialsNothingIsSent) {
  class None : public AwsCredentialsProvider {
    absl::StatusOr<AwsCredentials> Get() override {
      return absl::UnauthenticatedError("no credentials in the test");
    }
  };
  ScriptedServer server({});
  HttpOptions options;
  options.url = server.url();
  options.aws = AwsSigning{"es", "eu-west-2", std::make_shared<None>()};
  auto transport = NewCurlTransport(options);
  ASSERT_TRUE(transport.ok()) << transport.status();
  EXPECT_EQ((*transport)->Send(Get("/")).status(),
            absl::UnauthenticatedError("no credentials in the test"));
  options.user = "admin";
  EXPECT_EQ(NewCurlTransport(options).status().code(), StatusCode::kInvalidArgument);
}

TEST(TransportTest, ManyThreadsAtOnce) {
  constexpr int kThreads = 8;
  std::vector<Connection> script(kThreads, Connection{{Ok("1"), Ok("2"), Ok("3")}});
  ScriptedServer server(script);
  auto transport = Open(server.url());
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] { good += transport->Send(Get("/")).ok(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, kThreads);
  transport.reset();  // closes the kept connections, and with them the server's
}

TEST(PercentEncodeTest, KeepsOnlyWhatIsUnreserved) {
  EXPECT_EQ(PercentEncode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(PercentEncode("a/b?c,d%Ó "), "a%2Fb%3Fc%2Cd%25%C3%93%20");
}

}  // namespace
}  // namespace indexswap
