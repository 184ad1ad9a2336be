// The store contract on every real server whose address is in the environment.
#include <absl/strings/str_split.h>
#include <gtest/gtest.h>
#include <indexswap/opensearch.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "indexswap/http/transport.h"
#include "indexswap/testing/sanitized.h"
#include "indexswap/testing/store_contract.h"

namespace indexswap {
namespace {

struct Server {
  const char* variable;  // holds its URL
  const char* name;
};

// Those of tests/servers/servers.py, each under its name there without dots and dashes.
constexpr Server kServers[] = {
    {"INDEXSWAP_TEST_OPENSEARCH_1_3_URL", "OpenSearch13"},
    {"INDEXSWAP_TEST_OPENSEARCH_2_11_URL", "OpenSearch211"},
    {"INDEXSWAP_TEST_OPENSEARCH_2_19_URL", "OpenSearch219"},
    {"INDEXSWAP_TEST_OPENSEARCH_2_19_3_URL", "OpenSearch2193"},
    {"INDEXSWAP_TEST_OPENSEARCH_3_8_URL", "OpenSearch38"},
    {"INDEXSWAP_TEST_ELASTICSEARCH_7_10_URL", "Elasticsearch710"},
    {"INDEXSWAP_TEST_ELASTICSEARCH_7_17_URL", "Elasticsearch717"},
    {"INDEXSWAP_TEST_ELASTICSEARCH_8_18_URL", "Elasticsearch818"},
};

// Of five servers, which every run has, 200; more by INDEXSWAP_TEST_RACES.
constexpr int kRaces = testing::kSanitized ? 5 : 40;

int Races() {
  const char* races = std::getenv("INDEXSWAP_TEST_RACES");
  return races == nullptr ? kRaces : std::atoi(races);
}

std::unique_ptr<IndexStore> Open(const std::vector<std::string>& urls) {
  OpenSearchOptions options;
  options.url = urls[0];
  options.other_urls.assign(urls.begin() + 1, urls.end());
  absl::StatusOr<std::unique_ptr<IndexStore>> store = OpenOpenSearchStore(options);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

// A cluster of several nodes is reached through all of them, behind one where nobody listens.
std::vector<std::string> NodesOf(const Server& server, const std::string& url) {
  const char* nodes = std::getenv((std::string(server.variable) + "S").c_str());
  if (nodes == nullptr) return {url};
  std::vector<std::string> urls = absl::StrSplit(nodes, ',');
  urls.insert(urls.begin(), "http://127.0.0.1:1");
  return urls;
}

// Requests that the port does not offer, as another program would send them.
absl::StatusOr<std::string> Request(const std::string& url, HttpMethod method,
                                    const std::string& target, const std::string& body = "") {
  HttpOptions options;
  options.url = url;
  auto transport = NewCurlTransport(options);
  if (!transport.ok()) return transport.status();
  HttpRequest request;
  request.method = method;
  request.target = target;
  request.body = body;
  const absl::StatusOr<HttpResponse> response = (*transport)->Send(request);
  if (!response.ok()) return response.status();
  if (response->status >= 300) return absl::UnknownError(response->body);
  return response->body;
}

void RemoveIndexes(const std::string& url, const std::string& prefix) {
  const auto answer = Request(url, HttpMethod::kGet, "/" + prefix + "*?expand_wildcards=all");
  ASSERT_TRUE(answer.ok()) << answer.status();
  const boost::json::value indexes = boost::json::parse(*answer);
  for (const auto& index : indexes.as_object()) {
    const std::string name(index.key().data(), index.key().size());
    EXPECT_TRUE(Request(url, HttpMethod::kDelete, "/" + name).ok());
  }
}

void Register(const Server& server, const std::string& url) {
  testing::StoreFactory factory;
  factory.name = server.name;
  factory.races = Races();
  const std::vector<std::string> nodes = NodesOf(server, url);
  factory.make = [nodes] { return Open(nodes); };
  factory.reopen = [nodes] { return Open(nodes); };
  factory.create_foreign_index = [url](const std::string& name) {
    return Request(url, HttpMethod::kPut, "/" + name).status();
  };
  factory.fill_foreign_index = [url](const std::string& name,
                                     const std::vector<std::string>& documents) {
    for (const std::string& document : documents) {
      absl::Status status =
          Request(url, HttpMethod::kPost, "/" + name + "/_doc?refresh=true", document).status();
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  };
  factory.clean_up = [url](const std::string& prefix) { RemoveIndexes(url, prefix); };
  testing::RegisterStore(std::move(factory));
}

// Registers the servers that there are, and returns how many.
int RegisterServers() {
  int count = 0;
  for (const Server& server : kServers) {
    const char* url = std::getenv(server.variable);
    if (url == nullptr || *url == '\0') continue;
    Register(server, url);
    ++count;
  }
  return count;
}

}  // namespace
}  // namespace indexswap

int main(int argc, char** argv) {
  if (indexswap::RegisterServers() == 0) {
    std::cerr << "*** NOT TESTED: the store on real servers: none of the variables that\n"
                 "    tests/servers/servers.py sets (INDEXSWAP_TEST_OPENSEARCH_2_19_URL, ...) is "
                 "set\n";
    const char* ci = std::getenv("CI");
    return ci != nullptr && std::string(ci) == "true" ? 1 : 0;
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
