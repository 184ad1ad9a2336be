// Searches, documents, and the health of indexes.
#include <absl/strings/str_format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "indexswap/opensearch/store.h"

namespace indexswap {
namespace {

namespace json = boost::json;

absl::StatusOr<json::object> ParseObject(std::string_view what, std::string_view body) {
  absl::StatusOr<json::value> value = ParseJson(what, body);
  if (!value.ok()) return value.status();
  if (!value->is_object()) {
    return absl::DataLossError(absl::StrFormat("%s: the answer is no JSON object", what));
  }
  return std::move(value->as_object());
}

int64_t NumberMember(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? value->as_int64() : -1;
}

// The first failure of `_shards`, for people, and whether it is the query's own fault.
struct ShardFailure {
  std::string reason;
  bool of_query = false;
};

ShardFailure FirstFailure(const json::object& shards) {
  ShardFailure failure;
  const json::value* list = shards.if_contains("failures");
  if (list == nullptr || !list->is_array() || list->as_array().empty()) return failure;
  const json::object* first = list->as_array()[0].if_object();
  const json::value* reason = first == nullptr ? nullptr : first->if_contains("reason");
  if (reason == nullptr || !reason->is_object()) return failure;
  failure.reason = DescribeError(reason->as_object());
  const std::string type = TextMember(reason->as_object(), "type");
  for (const char* own :
       {"script_exception", "query_shard_exception", "parsing_exception",
        "illegal_argument_exception", "number_format_exception", "parse_exception"}) {
    failure.of_query = failure.of_query || type == own;
  }
  return failure;
}

// OK when every shard has answered.
absl::Status CheckShards(std::string_view what, const json::object& answer) {
  const json::value* value = answer.if_contains("_shards");
  const json::object* shards = value == nullptr ? nullptr : value->if_object();
  if (shards == nullptr) return absl::DataLossError(absl::StrFormat("%s: no _shards", what));
  const int64_t total = NumberMember(*shards, "total");
  const int64_t successful = NumberMember(*shards, "successful");
  if (total == successful && total >= 0) return absl::OkStatus();
  const ShardFailure failure = FirstFailure(*shards);
  return absl::Status(
      failure.of_query ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kUnavailable,
      absl::StrFormat("%s: %d of %d shards answered%s%s", what, successful, total,
                      failure.reason.empty() ? "" : ": ", failure.reason));
}

// The answer to a search or a count, if every shard has given it.
absl::StatusOr<json::object> WholeAnswer(std::string_view what, const HttpResponse& response) {
  absl::Status status = StatusFromAnswer(response, Effect::kRead, what);
  if (!status.ok()) return status;
  absl::StatusOr<json::object> answer = ParseObject(what, response.body);
  if (!answer.ok()) return answer;
  if (absl::Status shards = CheckShards(what, *answer); !shards.ok()) return shards;
  return answer;
}

// `body` as it is to be sent: all hits counted, and its query restricted as an alias would do it.
absl::StatusOr<std::string> SearchRequest(std::string_view what, const std::string& filter,
                                          const std::string& body) {
  absl::StatusOr<json::object> request = ParseObject(what, body);
  if (!request.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: the body is no JSON object", what));
  }
  (*request)["track_total_hits"] = true;
  if (!filter.empty()) {
    absl::StatusOr<json::value> alias = ParseJson("filter", filter);
    if (!alias.ok()) return absl::InvalidArgumentError(std::string(alias.status().message()));
    json::object both{{"filter", *std::move(alias)}};
    if (const json::value* query = request->if_contains("query")) both["must"] = *query;
    (*request)["query"] = json::object{{"bool", std::move(both)}};
  }
  return json::serialize(*request);
}

// Some servers answer 503 where a query asks for too much, as if it were their own trouble.
bool IsFaultOfQuery(const HttpResponse& response) {
  return ParseServerError(response).reason.find("too_many_buckets_exception") != std::string::npos;
}

Health::Colour ColourOf(std::string_view text) {
  if (text == "green") return Health::Colour::kGreen;
  return text == "yellow" ? Health::Colour::kYellow : Health::Colour::kRed;
}

const char* NameOf(Health::Colour colour) {
  switch (colour) {
    case Health::Colour::kGreen:
      return "green";
    case Health::Colour::kYellow:
      return "yellow";
    case Health::Colour::kRed:
      return "red";
  }
  return "red";
}

}  // namespace

absl::Status OpenSearchStore::Refresh(const std::string& index) {
  absl::Status valid = CheckSingleName(index);
  if (!valid.ok()) return valid;
  const std::string what = "refresh the index " + index;
  const absl::StatusOr<HttpResponse> response =
      Send(Effect::kRepeat, HttpMethod::kPost, "/" + PercentEncode(index) + "/_refresh");
  if (!response.ok()) return response.status();
  absl::Status status = StatusFromAnswer(*response, Effect::kRead, what);
  if (!status.ok()) return status;
  const absl::StatusOr<json::object> answer = ParseObject(what, response->body);
  if (!answer.ok()) return answer.status();
  // Here `total` counts copies that are not allocated too: only failures count.
  const json::value* shards = answer->if_contains("_shards");
  if (shards == nullptr || !shards->is_object()) {
    return absl::DataLossError(absl::StrFormat("%s: no _shards", what));
  }
  if (NumberMember(shards->as_object(), "failed") == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrFormat("%s: %d shards failed: %s", what,
                                                NumberMember(shards->as_object(), "failed"),
                                                FirstFailure(shards->as_object()).reason));
}

absl::StatusOr<uint64_t> OpenSearchStore::Count(const std::string& target,
                                                const std::string& filter) {
  absl::Status valid = CheckSingleName(target);
  if (!valid.ok()) return valid;
  const std::string what = "count documents in " + target;
  const std::string body =
      absl::StrFormat(R"({"query":%s})", filter.empty() ? R"({"match_all":{}})" : filter);
  const absl::StatusOr<HttpResponse> response =
      Send(Effect::kRead, HttpMethod::kPost, "/" + PercentEncode(target) + "/_count", body);
  if (!response.ok()) return response.status();
  const absl::StatusOr<json::object> answer = WholeAnswer(what, *response);
  if (!answer.ok()) return answer.status();
  const int64_t count = NumberMember(*answer, "count");
  if (count < 0) return absl::DataLossError(what + ": no count");
  return static_cast<uint64_t>(count);
}

absl::StatusOr<SearchFound> OpenSearchStore::Search(const std::string& target,
                                                    const std::string& filter,
                                                    const std::string& body) {
  absl::Status valid = CheckSingleName(target);
  if (!valid.ok()) return valid;
  const std::string what = "search through " + target;
  const absl::StatusOr<std::string> request = SearchRequest(what, filter, body);
  if (!request.ok()) return request.status();
  const auto began = std::chrono::steady_clock::now();
  const absl::StatusOr<HttpResponse> response =
      Send(Effect::kRead, HttpMethod::kPost,
           "/" + PercentEncode(target) +
               "/_search?request_cache=false&filter_path=_shards,hits.total,error,status",
           *request);
  const auto took = std::chrono::steady_clock::now() - began;
  if (!response.ok()) return response.status();
  if (response->status >= 500 && IsFaultOfQuery(*response)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %s", what, ParseServerError(*response).reason));
  }
  const absl::StatusOr<json::object> answer = WholeAnswer(what, *response);
  if (!answer.ok()) return answer.status();
  const json::value* hits = answer->if_contains("hits");
  const json::value* total =
      hits != nullptr && hits->is_object() ? hits->as_object().if_contains("total") : nullptr;
  const int64_t found =
      total != nullptr && total->is_object() ? NumberMember(total->as_object(), "value") : -1;
  if (found < 0) return absl::DataLossError(what + ": the answer has no hits.total");
  return SearchFound{static_cast<uint64_t>(found),
                     std::chrono::duration_cast<std::chrono::microseconds>(took)};
}

absl::StatusOr<IndexFacts> OpenSearchStore::Inspect(const std::string& index) {
  const absl::StatusOr<IndexEntries> entries = ReadEntries({index});
  if (!entries.ok()) return entries.status();
  const auto entry = entries->find(index);
  if (entry == entries->end()) {
    return absl::NotFoundError(absl::StrFormat("there is no index %s", index));
  }
  IndexFacts facts;
  facts.name = index;
  facts.uuid = entry->second.uuid;
  for (const auto& [alias, details] : entry->second.aliases) {
    if (!IsPrivateAlias(index, alias)) facts.aliases.push_back(alias);
  }
  const absl::StatusOr<HttpResponse> response =
      Send(Effect::kRead, HttpMethod::kGet,
           "/" + PercentEncode(index) +
               "/_stats/docs,store?level=shards&filter_path=indices.*.shards.*.routing,"
               "indices.*.shards.*.seq_no,indices.*.shards.*.store");
  if (!response.ok()) return response.status();
  absl::Status status = StatusFromAnswer(*response, Effect::kRead, "inspect the index " + index);
  if (!status.ok()) return status;
  const absl::StatusOr<ShardFigures> figures = ParseShardFigures(index, response->body);
  if (!figures.ok()) return figures.status();
  facts.last_write = figures->writes;
  facts.bytes = figures->bytes;
  const absl::StatusOr<uint64_t> documents = Count(index, "");
  if (!documents.ok()) return documents.status();
  facts.documents = *documents;
  return facts;
}

absl::StatusOr<std::vector<StoredDocument>> OpenSearchStore::Fetch(
    const std::string& index, const std::vector<std::string>& ids) {
  absl::Status valid = CheckSingleName(index);
  if (!valid.ok()) return valid;
  if (ids.empty()) return std::vector<StoredDocument>();
  const std::string body =
      json::serialize(json::object{{"ids", json::array(ids.begin(), ids.end())}});
  const absl::StatusOr<HttpResponse> response =
      Send(Effect::kRead, HttpMethod::kPost, "/" + PercentEncode(index) + "/_mget", body);
  if (!response.ok()) return response.status();
  absl::Status status = StatusFromAnswer(*response, Effect::kRead, "fetch documents of " + index);
  if (!status.ok()) return status;
  return ParseDocuments(response->body);
}

absl::StatusOr<Health> OpenSearchStore::CheckHealth(const std::vector<std::string>& indexes,
                                                    Health::Colour at_least) {
  std::string target = "/_cluster/health";
  for (const std::string& index : indexes) {
    absl::Status valid = CheckSingleName(index);
    if (!valid.ok()) return valid;
    target += (&index == &indexes.front() ? "/" : ",") + PercentEncode(index);
  }
  target += absl::StrFormat("?wait_for_status=%s&timeout=%dms", NameOf(at_least),
                            health_timeout_.count());
  HttpRequest request;
  request.target = target;
  request.extra_time = health_timeout_;
  const absl::StatusOr<HttpResponse> response = transport_->Send(request);
  if (!response.ok()) return StatusFromFailure(response.status(), Effect::kRead);
  if (response->status != 408) {  // 408: waited in vain; the figures are there all the same
    absl::Status status = StatusFromAnswer(*response, Effect::kRead, "ask for the health");
    if (!status.ok()) return status;
  }
  const absl::StatusOr<json::object> answer = ParseObject("ask for the health", response->body);
  if (!answer.ok()) return answer.status();
  Health health;
  health.colour = ColourOf(TextMember(*answer, "status"));
  health.detail = absl::StrFormat(
      "%s: %d shards active, %d initializing, %d unassigned, %d relocating; %d data nodes",
      NameOf(health.colour), NumberMember(*answer, "active_shards"),
      NumberMember(*answer, "initializing_shards"), NumberMember(*answer, "unassigned_shards"),
      NumberMember(*answer, "relocating_shards"), NumberMember(*answer, "number_of_data_nodes"));
  return health;
}

}  // namespace indexswap
