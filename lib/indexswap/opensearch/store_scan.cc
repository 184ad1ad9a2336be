// Reading a whole index, by a scroll: the one way that every server knows to read more than
// 10,000 documents of one moment.
#include <absl/strings/str_format.h>

#include <boost/json.hpp>
#include <utility>

#include "indexswap/opensearch/store.h"

namespace indexswap {
namespace {

namespace json = boost::json;

// How long the server keeps its snapshot after each page: longer than a page takes to be worked
// off, and not so long that a scan which was cut off holds the space of merged segments for hours.
constexpr char kKeepAlive[] = "5m";

// One page as the server answers it.
struct Page {
  std::string scroll_id;
  std::vector<StoredDocument> documents;
  uint64_t total = 0;
};

const json::object* ObjectMember(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

uint64_t NumberMember(const json::object& object, const char* key) {
  json::error_code error;
  const json::value* value = object.if_contains(key);
  const uint64_t number = value == nullptr ? 0 : value->to_number<uint64_t>(error);
  return error ? 0 : number;
}

// Whether every shard has answered: with fewer, documents would be missing silently.
bool AllShards(const json::object& answer) {
  const json::object* shards = ObjectMember(answer, "_shards");
  return shards != nullptr && NumberMember(*shards, "total") == NumberMember(*shards, "successful");
}

absl::StatusOr<Page> ParsePage(const std::string& what, std::string_view body) {
  const absl::StatusOr<json::value> root = ParseJson(what, body);
  if (!root.ok()) return root.status();
  const json::object* answer = root->if_object();
  const json::object* hits = answer == nullptr ? nullptr : ObjectMember(*answer, "hits");
  const json::value* list = hits == nullptr ? nullptr : hits->if_contains("hits");
  if (list == nullptr || !list->is_array()) {
    return absl::DataLossError(what + ": the answer has no hits");
  }
  if (!AllShards(*answer)) {
    return absl::UnavailableError(what + ": not all shards answered; it can be begun anew");
  }
  Page page;
  page.scroll_id = TextMember(*answer, "_scroll_id");
  if (const json::object* total = ObjectMember(*hits, "total")) {
    page.total = NumberMember(*total, "value");
  }
  for (const json::value& hit : list->as_array()) {
    const json::object* object = hit.if_object();
    const json::object* source = object == nullptr ? nullptr : ObjectMember(*object, "_source");
    if (source == nullptr) {
      return absl::FailedPreconditionError(
          what + ": a document has no `_source`; the index doesn't keep it, so it can't be read");
    }
    page.documents.push_back(
        {TextMember(*object, "_id"), NumberMember(*object, "_version"), json::serialize(*source)});
  }
  return page;
}

}  // namespace

absl::Status OpenSearchStore::Scan(const std::string& index, size_t page_documents,
                                   const ScanVisitor& visit) {
  absl::Status valid = CheckSingleName(index);
  if (!valid.ok()) return valid;
  const std::string what = "read the documents of " + index;
  // A page that was answered and lost is not answered again: such a scan is begun anew.
  const auto ask = [&](const std::string& target, const std::string& body) {
    absl::StatusOr<Page> page;
    absl::StatusOr<HttpResponse> response = Send(Effect::kChange, HttpMethod::kPost, target, body);
    if (response.status().code() == absl::StatusCode::kUnknown) {
      page = absl::UnavailableError(
          absl::StrFormat("%s: %s", what, std::string(response.status().message())));
    } else if (!response.ok()) {
      page = response.status();
    } else if (absl::Status answer = StatusFromAnswer(*response, Effect::kRead, what);
               !answer.ok()) {
      page = answer;
    } else {
      page = ParsePage(what, response->body);
    }
    return page;
  };
  absl::StatusOr<Page> page =
      ask("/" + PercentEncode(index) + "/_search?scroll=" + kKeepAlive,
          absl::StrFormat(R"({"size":%d,"sort":["_doc"],"version":true,"track_total_hits":true})",
                          page_documents));
  if (!page.ok()) return page.status();
  const uint64_t total = page->total;
  uint64_t seen = 0;
  std::string scroll_id;
  absl::Status status;
  while (status.ok()) {
    if (!page->scroll_id.empty()) scroll_id = page->scroll_id;
    seen += page->documents.size();
    if (!page->documents.empty()) status = visit(std::exchange(page->documents, {}));
    if (!status.ok() || seen >= total) break;
    const uint64_t before = seen;
    page = ask("/_search/scroll",
               json::serialize(json::object{{"scroll", kKeepAlive}, {"scroll_id", scroll_id}}));
    status = page.status();
    if (status.ok() && page->documents.empty() && before < total) {
      status = absl::UnavailableError(absl::StrFormat(
          "%s: %u of %u documents came; it can be begun anew", what, before, total));
    }
    // A scroll that the server has given up meanwhile says 404, as a missing index does.
    if (absl::IsNotFound(status)) status = absl::UnavailableError(status.message());
  }
  // The server's memory of it ends by itself too: a failure here is nobody's concern.
  const std::string close = json::serialize(json::object{{"scroll_id", {scroll_id}}});
  Send(Effect::kRepeat, HttpMethod::kDelete, "/_search/scroll", close).IgnoreError();
  return status;
}

}  // namespace indexswap
