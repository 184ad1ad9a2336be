#include "indexswap/opensearch/bulk_codec.h"

#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <limits>
#include <utility>

#include "indexswap/opensearch/answers.h"

namespace indexswap {
namespace {

namespace json = boost::json;
using Outcome = BulkResult::Outcome;

constexpr size_t kIdBytesMax = 512;  // of the server
constexpr char kHex[] = "0123456789abcdef";

bool IsUtf8Tail(unsigned char c) { return (c & 0xC0) == 0x80; }

// Whether `text` is UTF-8 as a JSON parser demands it: no overlong forms, no surrogates.
bool IsUtf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p < end) {
    const unsigned char c = *p++;
    if (c < 0x80) continue;
    const int tail = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
    if (c < 0xC2 || c > 0xF4 || end - p < tail) return false;
    const unsigned char first = *p;
    if ((c == 0xE0 && first < 0xA0) || (c == 0xED && first > 0x9F) || (c == 0xF0 && first < 0x90) ||
        (c == 0xF4 && first > 0x8F)) {
      return false;
    }
    if (!std::all_of(p, p + tail, IsUtf8Tail)) return false;
    p += tail;
  }
  return true;
}

void AppendEscaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
}

void AppendNumber(uint64_t number, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  out.append(digits, end);
}

// A document on one line: line ends in JSON can only be white space between tokens.
void AppendOnOneLine(std::string_view document, std::string& out) {
  const size_t start = out.size();
  out += document;
  if (document.find_first_of("\r\n") == std::string_view::npos) return;
  for (size_t i = start; i < out.size(); ++i) {
    if (out[i] == '\r' || out[i] == '\n') out[i] = ' ';
  }
}

void AppendItem(const BulkItem& item, std::string_view alias, std::string& out) {
  const bool index = item.kind == BulkItem::Kind::kIndex;
  out += index ? R"({"index":{"_index":")" : R"({"delete":{"_index":")";
  out += alias;
  out += R"(","_id":")";
  AppendEscaped(item.id, out);
  out += R"(","version":)";
  AppendNumber(item.version, out);
  out += R"(,"version_type":"external")";
  out += index ? ",\"require_alias\":true}}\n" : "}}\n";
  if (!index) return;
  AppendOnOneLine(item.document, out);
  out += '\n';
}

Outcome ClassifyError(int status, const std::string& type) {
  // The private alias is gone: for an index item 404, for a delete the name is unlawful, 400.
  if (type == "index_not_found_exception" || type == "invalid_index_name_exception") {
    return Outcome::kFenced;
  }
  // 503: the cluster's own block while it has no manager or no state, which passes.
  if ((type == "cluster_block_exception" && status != 503) || type == "index_closed_exception" ||
      status == 403) {
    return Outcome::kBlocked;
  }
  if (status == 409) return Outcome::kNotNewer;
  // Elasticsearch 8's answer, with status 500, to a document that is no object.
  if (type == "not_x_content_exception") return Outcome::kRefused;
  // 404: the index is just going or coming, as its other errors of that status say. 503: a shard
  // is.
  if (status == 429 || status == 404 || status == 503) return Outcome::kBusy;
  if (status >= 500) return Outcome::kFailed;
  return Outcome::kRefused;
}

// The result of one element of `items`: {"index":{"status":201}}.
absl::StatusOr<BulkResult> ParseItem(const json::value& item) {
  const json::object* outer = item.if_object();
  const json::object* inner =
      outer == nullptr || outer->size() != 1 ? nullptr : outer->begin()->value().if_object();
  const json::value* status = inner == nullptr ? nullptr : inner->if_contains("status");
  if (status == nullptr || !status->is_int64()) {
    return absl::DataLossError("the answer to a bulk request has an item without a status");
  }
  BulkResult result;
  const json::value* error = inner->if_contains("error");
  if (error == nullptr) {
    const int64_t code = status->as_int64();
    if ((code >= 200 && code < 300) || code == 404) return result;  // 404: nothing to delete
    return absl::DataLossError(absl::StrFormat(
        "the answer to a bulk request has an item of status %d without an error", code));
  }
  const json::object empty;
  const json::object& details = error->is_object() ? error->as_object() : empty;
  result.outcome = ClassifyError(static_cast<int>(status->as_int64()), TextMember(details, "type"));
  if (result.outcome != Outcome::kNotNewer) {
    result.reason = error->is_object() ? DescribeError(details) : json::serialize(*error);
  }
  return result;
}

size_t CountOccurrences(std::string_view text, std::string_view word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + word.size())) {
    ++count;
  }
  return count;
}

// Whether `body` is the answer to a bulk request of `items` items all of which succeeded; decided
// without parsing, for almost all answers are. No text of ours or of a document is in such an
// answer, and a quotation mark within JSON text would be escaped.
bool IsCleanAnswer(std::string_view body, size_t items) {
  const size_t list = body.find("\"items\":[");
  if (list == std::string_view::npos || !body.ends_with("]}")) return false;
  return body.substr(0, list).find("\"errors\":false") != std::string_view::npos &&
         body.find("\"error\":", list) == std::string_view::npos &&
         CountOccurrences(body.substr(list), "\"status\":") == items;
}

}  // namespace

std::string BulkDefect(const BulkItem& item) {
  if (item.id.empty()) return "the document has no id";
  if (item.id.size() > kIdBytesMax) {
    return absl::StrFormat("the id has %u bytes; the most is %u", item.id.size(), kIdBytesMax);
  }
  if (!IsUtf8(item.id)) return "the id is not UTF-8";
  if (item.version > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return absl::StrFormat("the version %u is beyond 2^63 - 1", item.version);
  }
  if (item.kind == BulkItem::Kind::kIndex && item.document.empty()) return "the document is empty";
  return "";
}

std::string EncodeBulk(uint64_t epoch, const std::vector<const BulkItem*>& items) {
  constexpr size_t kActionBytes = 128;  // the action line around the names
  size_t bytes = 0;
  for (const BulkItem* item : items) {
    bytes += kActionBytes + item->index.size() + item->id.size() + item->document.size();
  }
  std::string body;
  body.reserve(bytes);
  const std::string* index = nullptr;
  std::string alias;
  for (const BulkItem* item : items) {
    if (index == nullptr || *index != item->index) {
      index = &item->index;
      alias.clear();
      AppendEscaped(WriteAlias(item->index, epoch), alias);
    }
    AppendItem(*item, alias, body);
  }
  return body;
}

absl::StatusOr<std::vector<BulkResult>> ParseBulkAnswer(std::string_view body, size_t items) {
  if (IsCleanAnswer(body, items)) return std::vector<BulkResult>(items);
  json::error_code error;
  json::monotonic_resource memory;
  const json::value root = json::parse(json::string_view(body.data(), body.size()), error, &memory);
  const json::object* object = error ? nullptr : root.if_object();
  const json::value* list = object == nullptr ? nullptr : object->if_contains("items");
  if (list == nullptr || !list->is_array()) {
    return absl::DataLossError("the answer to a bulk request is no answer to a bulk request");
  }
  if (list->as_array().size() != items) {
    return absl::DataLossError(absl::StrFormat("the answer to a bulk request of %u items has %u",
                                               items, list->as_array().size()));
  }
  std::vector<BulkResult> results;
  results.reserve(items);
  for (const json::value& item : list->as_array()) {
    absl::StatusOr<BulkResult> result = ParseItem(item);
    if (!result.ok()) return result.status();
    results.push_back(*std::move(result));
  }
  return results;
}

}  // namespace indexswap
