// The store before a server whose answers the test gives.
#ifndef INDEXSWAP_TESTS_UNIT_OPENSEARCH_SCRIPTED_STORE_H_
#define INDEXSWAP_TESTS_UNIT_OPENSEARCH_SCRIPTED_STORE_H_

#include <absl/strings/str_format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "indexswap/opensearch/store.h"

namespace indexswap {

inline const Fence kFence{"tis", 7};
inline constexpr char kLeaseEntry[] = R"({"tis_lease_7":{"aliases":{"tis_lease_7_W7":{}}}})";

struct Sent {
  std::string line;  // `POST /_aliases`
  std::string body;
  bool at_most_once;
  std::chrono::milliseconds extra_time;
};

// Answers each request with the next of its script, and keeps what was sent.
class ScriptedTransport : public HttpTransport {
 public:
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request) override {
    sent.push_back({absl::StrFormat("%s %s", ToString(request.method), request.target),
                    std::string(request.body), request.at_most_once, request.extra_time});
    if (script.empty()) return absl::UnavailableError("the script has ended");
    absl::StatusOr<HttpResponse> next = script.front();
    script.pop_front();
    return next;
  }
  const std::string& url() const override { return url_; }

  std::deque<absl::StatusOr<HttpResponse>> script;
  std::vector<Sent> sent;

 private:
  const std::string url_ = "http://test:9200";
};

inline std::string Error(const std::string& type, const std::string& reason,
                         const std::string& index) {
  return R"({"error":{"type":")" + type + R"(","reason":")" + reason + R"(","index":")" + index +
         R"("}})";
}

class OpenSearchStoreTest : public ::testing::Test {
 protected:
  OpenSearchStoreTest() { Make(true); }

  void Make(bool must_exist) {
    auto transport = std::make_unique<ScriptedTransport>();
    transport_ = transport.get();
    ServerInfo server;
    server.version = "2.19.1";
    server.capabilities.must_exist = must_exist;
    store_ = std::make_unique<OpenSearchStore>(std::move(transport), server,
                                               std::chrono::milliseconds(10));
  }

  void Answer(int status, const std::string& body) {
    transport_->script.push_back(HttpResponse{status, body, "application/json", ""});
  }
  void Fail(const absl::Status& status) { transport_->script.push_back(status); }
  const std::vector<Sent>& sent() const { return transport_->sent; }

  absl::Status Swap() {
    return store_->UpdateAliases(kFence, {{AliasAction::Kind::kRemove, "people", "people_v2", ""},
                                          {AliasAction::Kind::kAdd, "people", "people_v3", ""}});
  }

  ScriptedTransport* transport_ = nullptr;
  std::unique_ptr<OpenSearchStore> store_;
};

}  // namespace indexswap

#endif  // INDEXSWAP_TESTS_UNIT_OPENSEARCH_SCRIPTED_STORE_H_
