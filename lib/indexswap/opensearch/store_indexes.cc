// Indexes: creation, `_meta`, the end of loading, and writing documents.
#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "indexswap/json/meta_codec.h"
#include "indexswap/opensearch/bulk_codec.h"
#include "indexswap/opensearch/index_settings.h"
#include "indexswap/opensearch/store.h"

namespace indexswap {
namespace {

namespace json = boost::json;

constexpr char kSettings[] = "/_settings";

// `_meta` as it stands in a mapping: ours under a key of its own.
std::string MetaMapping(const GenerationMeta& meta) {
  return absl::StrFormat(R"({"_meta":{"indexswap":%s}})", EncodeMeta(meta));
}

absl::StatusOr<std::string> CreationBody(const IndexDefinition& definition) {
  absl::StatusOr<std::string> settings = LoadingSettings(definition.settings);
  if (!settings.ok()) return settings.status();
  absl::StatusOr<json::value> mappings =
      ParseJson("mappings", definition.mappings.empty() ? "{}" : definition.mappings);
  if (!mappings.ok() || !mappings->is_object()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the mappings of index %s are no JSON object", definition.name));
  }
  absl::StatusOr<json::value> meta = ParseJson("_meta", MetaMapping(definition.meta));
  if (!meta.ok()) return meta.status();
  mappings->as_object()["_meta"] = std::move(meta->as_object()["_meta"]);
  return absl::StrFormat(R"({"settings":%s,"mappings":%s})", *settings, json::serialize(*mappings));
}

// Where CreateIndex sends its first request.
std::string CreationPath(const std::string& index) { return "/" + PercentEncode(index); }

// What gives a new index its private alias. Not at creation: then a sleeper could create an index
// and write to it.
AliasRequest PrivateAliasRequest(const Fence& fence, const std::string& index) {
  AliasRequest request(fence);
  request.Add(index, WriteAlias(index, fence.epoch));
  return request;
}

// A path below the private alias of `index`.
std::string PathThroughAlias(const Fence& fence, const std::string& index,
                             std::string_view endpoint) {
  return "/" + PercentEncode(WriteAlias(index, fence.epoch)) + std::string(endpoint);
}

std::string TextOf(const absl::StatusOr<std::string>& body) {
  return body.ok() ? *body : "would be refused: " + std::string(body.status().message());
}

ExplainedRequest Explained(const AliasRequest& request) {
  return {"POST", AliasRequest::kPath,
          TextOf(request.status().ok() ? absl::StatusOr<std::string>(request.Body())
                                       : absl::StatusOr<std::string>(request.status()))};
}

bool AllFenced(const std::vector<BulkResult>& results) {
  return std::all_of(results.begin(), results.end(), [](const BulkResult& result) {
    return result.outcome == BulkResult::Outcome::kFenced;
  });
}

// The results of a bulk request of `items` items. One that met a block as a whole has met it with
// each item; with 503 it is the cluster's own block, which passes.
absl::StatusOr<std::vector<BulkResult>> ReadBulkAnswer(const HttpResponse& response, size_t items) {
  if (response.status == 403 || response.status == 429) {
    const ServerError error = ParseServerError(response);
    if (error.type == "cluster_block_exception") {
      return std::vector<BulkResult>(items, {BulkResult::Outcome::kBlocked, error.reason});
    }
  }
  absl::Status status = StatusFromAnswer(response, Effect::kRepeat, "write documents");
  if (!status.ok()) return status;
  return ParseBulkAnswer(response.body, items);
}

}  // namespace

absl::Status OpenSearchStore::CreateIndex(const Fence& fence, const IndexDefinition& definition) {
  absl::Status valid = CheckSingleName(definition.name);
  if (!valid.ok()) return valid;
  const absl::StatusOr<std::string> body = CreationBody(definition);
  if (!body.ok()) return body.status();
  const std::string what = "create the index " + definition.name;
  const absl::StatusOr<HttpResponse> response =
      Send(Effect::kChange, HttpMethod::kPut, CreationPath(definition.name), *body);
  if (!response.ok()) return response.status();
  absl::Status status = StatusFromChange(*response, Effect::kChange, what);
  if (!status.ok()) {
    const ServerError error = ParseServerError(*response);
    const bool alias = error.type == "invalid_index_name_exception" &&
                       error.reason.find("already exists as alias") != std::string::npos;
    return alias ? absl::AlreadyExistsError(status.message()) : status;
  }
  status = PostAliases(fence, PrivateAliasRequest(fence, definition.name));
  if (status.ok() || status.code() == absl::StatusCode::kAborted) return status;
  return absl::UnknownError(
      absl::StrFormat("the index %s was created, but its private alias was not: %s",
                      definition.name, std::string(status.message())));
}

absl::Status OpenSearchStore::PutThroughAlias(const Fence& fence, const std::string& index,
                                              std::string_view endpoint, const std::string& body,
                                              std::string_view what) {
  absl::Status valid = CheckSingleName(index);
  if (!valid.ok()) return valid;
  const std::string target = PathThroughAlias(fence, index, endpoint);
  absl::StatusOr<HttpResponse> response = Send(Effect::kRepeat, HttpMethod::kPut, target, body);
  if (!response.ok()) return response.status();
  if (IsFloodBlock(*response)) {
    absl::Status lifted = LiftBlocks(fence, {index});
    if (lifted.code() == absl::StatusCode::kAborted) return lifted;
    if (lifted.ok()) response = Send(Effect::kRepeat, HttpMethod::kPut, target, body);
    if (!response.ok()) return response.status();
  }
  absl::Status status = StatusFromChange(*response, Effect::kRepeat, what);
  if (status.ok()) return status;
  const std::string type = ParseServerError(*response).type;
  if (type != "index_not_found_exception" && type != "invalid_index_name_exception") return status;
  absl::Status lease = CheckLease(fence);
  if (!lease.ok()) return lease;
  return absl::NotFoundError(
      absl::StrFormat("%s: index %s has no private alias of epoch %d", what, index, fence.epoch));
}

absl::Status OpenSearchStore::WriteMeta(const Fence& fence, const std::string& index,
                                        const GenerationMeta& meta) {
  return PutThroughAlias(fence, index, "/_mapping", MetaMapping(meta),
                         "write _meta of the index " + index);
}

absl::Status OpenSearchStore::FinishLoading(const Fence& fence, const std::string& index,
                                            const std::string& settings) {
  const absl::StatusOr<std::string> sealed = SealedSettings(settings);
  if (!sealed.ok()) return sealed.status();
  absl::Status status = PutThroughAlias(fence, index, kSettings, *sealed,
                                        "restore the settings of the index " + index);
  if (!status.ok()) return status;
  return Refresh(index);
}

std::vector<ExplainedRequest> OpenSearchStore::Explain(
    const Fence& fence, const std::vector<IndexDefinition>& created,
    const std::vector<AliasAction>& actions) const {
  std::vector<ExplainedRequest> requests;
  for (const IndexDefinition& index : created) {
    requests.push_back({"PUT", CreationPath(index.name), TextOf(CreationBody(index))});
    requests.push_back(Explained(PrivateAliasRequest(fence, index.name)));
  }
  for (const IndexDefinition& index : created) {
    requests.push_back({"PUT", PathThroughAlias(fence, index.name, kSettings),
                        TextOf(SealedSettings(index.settings))});
  }
  if (!actions.empty()) requests.push_back(Explained(BuildUpdate(fence, actions)));
  return requests;
}

absl::StatusOr<std::vector<BulkResult>> OpenSearchStore::Bulk(const Fence& fence,
                                                              const std::vector<BulkItem>& items) {
  std::vector<BulkResult> results(items.size());
  std::vector<const BulkItem*> sent;
  sent.reserve(items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    results[i].reason = BulkDefect(items[i]);
    if (results[i].reason.empty()) {
      sent.push_back(&items[i]);
    } else {
      results[i].outcome = BulkResult::Outcome::kRefused;
    }
  }
  if (sent.empty()) return results;

  const std::string body = EncodeBulk(fence.epoch, sent);
  HttpRequest request;
  request.method = HttpMethod::kPost;
  request.target = kBulkTarget;
  request.body = body;
  request.content_type = "application/x-ndjson";
  const absl::StatusOr<HttpResponse> response = transport_->Send(request);
  if (!response.ok()) return StatusFromFailure(response.status(), Effect::kRepeat);
  absl::StatusOr<std::vector<BulkResult>> answers = ReadBulkAnswer(*response, sent.size());
  if (!answers.ok()) return answers.status();
  for (size_t i = 0, next = 0; i < items.size(); ++i) {
    if (results[i].outcome != BulkResult::Outcome::kRefused) {
      results[i] = std::move((*answers)[next++]);
    }
  }
  if (AllFenced(results)) {
    absl::Status lease = CheckLease(fence);
    if (lease.code() == absl::StatusCode::kAborted) return lease;
  }
  return results;
}

}  // namespace indexswap
