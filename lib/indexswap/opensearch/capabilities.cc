#include "indexswap/opensearch/capabilities.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>

#include <boost/json.hpp>
#include <utility>
#include <vector>

namespace indexswap {
namespace {

namespace json = boost::json;

// Amazon's compatibility mode says 7.10.2 for every OpenSearch; its word `distribution` stays.
// Then the lowest capabilities hold, which every version understands.
bool AtLeast(const ServerInfo& server, int major, int minor) {
  return std::pair(server.major, server.minor) >= std::pair(major, minor);
}

Capabilities CapabilitiesOf(const ServerInfo& server, bool compatibility_mode) {
  Capabilities capabilities;
  capabilities.must_exist = server.distribution == Distribution::kOpenSearch
                                ? AtLeast(server, 2, 12) && !compatibility_mode
                                : AtLeast(server, 7, 11);
  return capabilities;
}

std::string TextOf(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

absl::Status NoSearchServer() {
  return absl::FailedPreconditionError(
      "the server does not answer like OpenSearch or Elasticsearch: check the URL");
}

// Completes what has distribution and version.
absl::StatusOr<ServerInfo> Judge(ServerInfo server) {
  const std::vector<std::string> parts = absl::StrSplit(server.version, '.');
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[0], &server.major) ||
      !absl::SimpleAtoi(parts[1], &server.minor)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the server's version \"%s\" is no version", server.version));
  }
  if (server.distribution == Distribution::kElasticsearch && !AtLeast(server, 7, 10)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s is too old: Elasticsearch 7.10 or OpenSearch 1.0 is needed", Describe(server)));
  }
  const bool compatibility_mode =
      server.distribution == Distribution::kOpenSearch && server.version == "7.10.2";
  server.capabilities = CapabilitiesOf(server, compatibility_mode);
  return server;
}

}  // namespace

absl::StatusOr<ServerInfo> ParseServerInfo(std::string_view body) {
  json::error_code error;
  const json::value root = json::parse(json::string_view(body.data(), body.size()), error);
  const json::object* object = error ? nullptr : root.if_object();
  const json::value* version = object == nullptr ? nullptr : object->if_contains("version");
  if (version == nullptr || !version->is_object()) return NoSearchServer();
  ServerInfo server;
  server.version = TextOf(version->as_object(), "number");
  if (TextOf(version->as_object(), "distribution") != "opensearch") {
    server.distribution = Distribution::kElasticsearch;
  }
  return Judge(std::move(server));
}

absl::StatusOr<ServerInfo> ParseNodeInfo(std::string_view body) {
  json::error_code error;
  const json::value root = json::parse(json::string_view(body.data(), body.size()), error);
  const json::object* object = error ? nullptr : root.if_object();
  const json::value* nodes = object == nullptr ? nullptr : object->if_contains("nodes");
  if (nodes == nullptr || !nodes->is_object() || nodes->as_object().size() != 1) {
    return NoSearchServer();
  }
  const json::value& node = nodes->as_object().begin()->value();
  if (!node.is_object()) return NoSearchServer();
  ServerInfo server;
  server.distribution = Distribution::kElasticsearch;
  server.version = TextOf(node.as_object(), "version");
  return Judge(std::move(server));
}

std::string Describe(const ServerInfo& server) {
  return absl::StrFormat(
      "%s %s", server.distribution == Distribution::kOpenSearch ? "OpenSearch" : "Elasticsearch",
      server.version);
}

}  // namespace indexswap
