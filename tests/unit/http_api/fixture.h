// A server over a FakeApi on a free port of loopback.
#ifndef TESTS_UNIT_HTTP_API_FIXTURE_H_
#define TESTS_UNIT_HTTP_API_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fake_api.h"
#include "raw_client.h"
#include "syncd/http/server.h"

namespace syncd {

class ServerFixture : public ::testing::Test {
 protected:
  ServerFixture() { options_.listen = "127.0.0.1:0"; }

  void Start() {
    auto server = ApiServer::Start(options_, &api_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
  }

  // `line` is method and path; `headers` each with their line end.
  RawAnswer Call(const std::string& line, const std::string& body = "",
                 const std::string& headers = "Content-Type: application/json\r\n") {
    return Ask(server_->address(), line + " HTTP/1.1\r\n" + (body.empty() ? "" : headers), body);
  }
  RawAnswer CallWith(const std::string& line, const std::string& headers) {
    return Ask(server_->address(), line + " HTTP/1.1\r\n" + headers);
  }

  FakeApi api_;
  ApiServerOptions options_;
  std::unique_ptr<ApiServer> server_;
};

}  // namespace syncd

#endif  // TESTS_UNIT_HTTP_API_FIXTURE_H_
