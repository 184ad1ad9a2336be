// Opening, and what every request goes through.
#include "indexswap/opensearch/store.h"

#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <thread>
#include <utility>
#include <vector>

#include "indexswap/http/failover.h"

namespace indexswap {
namespace {

constexpr int kLeaseReadTries = 20;
constexpr std::chrono::milliseconds kLeaseReadPause{100};
constexpr char kNodeVersion[] = "/_nodes/_local?filter_path=nodes.*.version";

absl::StatusOr<ServerInfo> AskServerInfo(HttpTransport& transport) {
  HttpRequest request;
  request.target = "/";
  absl::StatusOr<HttpResponse> response = transport.Send(request);
  // An Elasticsearch 8 answers there by a module, which may have been left out.
  const bool ask_node = response.ok() && response->status == 405;
  if (ask_node) {
    request.target = kNodeVersion;
    response = transport.Send(request);
  }
  if (!response.ok()) return StatusFromFailure(response.status(), Effect::kRead);
  absl::Status status = StatusFromAnswer(*response, Effect::kRead, "ask for the server's version");
  if (!status.ok()) return status;
  absl::StatusOr<ServerInfo> server =
      ask_node ? ParseNodeInfo(response->body) : ParseServerInfo(response->body);
  if (server.ok()) return server;
  return absl::Status(
      server.status().code(),
      absl::StrFormat("%s: %s", transport.url(), std::string(server.status().message())));
}

}  // namespace

absl::StatusOr<std::unique_ptr<IndexStore>> OpenOpenSearchStore(OpenSearchOptions options) {
  HttpOptions http;
  http.user = options.user;
  http.password = options.password;
  http.aws = options.aws;
  http.ca_file = options.ca_file;
  http.compress = options.compress;
  http.connect_timeout = options.connect_timeout;
  http.request_timeout = options.request_timeout;
  http.idle_connections = options.connections;
  std::vector<std::string> urls = {options.url};
  urls.insert(urls.end(), options.other_urls.begin(), options.other_urls.end());
  std::vector<std::unique_ptr<HttpTransport>> endpoints;
  for (const std::string& url : urls) {
    http.url = url;
    absl::StatusOr<std::unique_ptr<HttpTransport>> endpoint = NewCurlTransport(http);
    if (!endpoint.ok()) return endpoint.status();
    endpoints.push_back(*std::move(endpoint));
  }
  std::unique_ptr<HttpTransport> transport = NewFailoverTransport(std::move(endpoints));
  absl::StatusOr<ServerInfo> server = AskServerInfo(*transport);
  if (!server.ok()) return server.status();
  return std::make_unique<OpenSearchStore>(std::move(transport), *std::move(server),
                                           options.health_timeout);
}

OpenSearchStore::OpenSearchStore(std::unique_ptr<HttpTransport> transport, ServerInfo server,
                                 std::chrono::milliseconds health_timeout)
    : transport_(std::move(transport)),
      server_(std::move(server)),
      health_timeout_(health_timeout),
      inspector_(*transport_, server_) {}

std::string OpenSearchStore::Describe() const {
  return absl::StrFormat("%s at %s", indexswap::Describe(server_), transport_->url());
}

absl::StatusOr<HttpResponse> OpenSearchStore::Send(Effect effect, HttpMethod method,
                                                   std::string target, std::string_view body) {
  HttpRequest request;
  request.method = method;
  request.target = std::move(target);
  request.body = body;
  request.at_most_once = effect == Effect::kChange;
  absl::StatusOr<HttpResponse> response = transport_->Send(request);
  if (!response.ok()) return StatusFromFailure(response.status(), effect);
  return response;
}

absl::StatusOr<IndexEntries> OpenSearchStore::ReadEntries(
    const std::vector<std::string>& expressions) {
  for (const std::string& expression : expressions) {
    const bool pattern = expression.ends_with('*');
    const absl::Status valid =
        CheckSingleName(std::string_view(expression).substr(0, expression.size() - pattern));
    if (!valid.ok()) return valid;
  }
  absl::StatusOr<HttpResponse> response =
      Send(Effect::kRead, HttpMethod::kGet, IndexesTarget(expressions));
  if (!response.ok()) return response.status();
  absl::Status status = StatusFromAnswer(*response, Effect::kRead, "read indexes and aliases");
  if (!status.ok()) return status;
  return ParseIndexes(response->body);
}

absl::StatusOr<StoreState> OpenSearchStore::Read(const StateQuery& query) {
  std::vector<std::string> expressions = {LeasePattern(query.release)};
  for (const std::string& family : query.families) expressions.push_back(family + "_v*");
  expressions.insert(expressions.end(), query.aliases.begin(), query.aliases.end());
  absl::StatusOr<IndexEntries> entries = ReadEntries(expressions);
  if (!entries.ok()) return entries.status();
  absl::StatusOr<StoreState> state = AssembleState(query, *entries);
  if (!state.ok()) return state.status();
  absl::Status records = ReadLeaseRecords(query.release, state->leases);
  if (!records.ok()) return records;
  if (state->indexes.empty()) return state;

  std::string target = "/_cat/indices/";
  for (const std::string& family : query.families) target += PercentEncode(family) + "_v*,";
  target.back() = '?';
  target += "format=json&bytes=b&h=index,pri.store.size&expand_wildcards=all";
  absl::StatusOr<HttpResponse> response = Send(Effect::kRead, HttpMethod::kGet, target);
  if (!response.ok()) return response.status();
  absl::Status status = StatusFromAnswer(*response, Effect::kRead, "read the sizes of indexes");
  if (!status.ok()) return status;
  const auto sizes = ParseSizes(response->body);
  if (!sizes.ok()) return sizes.status();
  for (IndexState& index : state->indexes) {
    const auto size = sizes->find(index.name);
    if (size != sizes->end()) index.bytes = size->second;
  }
  return state;
}

absl::Status OpenSearchStore::ReadLeaseRecords(const std::string& release,
                                               std::vector<Lease>& leases) {
  if (leases.empty()) return absl::OkStatus();
  const std::string body = EncodeLeaseRequest(release, leases);
  absl::Status status;
  for (int i = 0; i < kLeaseReadTries; ++i) {
    if (i > 0) std::this_thread::sleep_for(kLeaseReadPause);
    absl::StatusOr<HttpResponse> response = Send(Effect::kRead, HttpMethod::kPost, "/_mget", body);
    if (!response.ok()) return response.status();
    status = StatusFromAnswer(*response, Effect::kRead, "read the leases");
    if (!status.ok()) return status;
    status = ParseLeases(response->body, leases);
    // A lease that is just being created has no shard yet for some milliseconds.
    if (status.code() != absl::StatusCode::kUnavailable) break;
  }
  return status;
}

std::string LeasePattern(const std::string& release) {
  std::string pattern = LeaseName(release, 0);
  pattern.back() = '*';
  return pattern;
}

absl::Status FencedError(const Fence& fence) {
  return absl::AbortedError(
      absl::StrFormat("the lease %s is gone: another writer has taken over; nothing was changed",
                      LeaseName(fence.release, fence.epoch)));
}

}  // namespace indexswap
