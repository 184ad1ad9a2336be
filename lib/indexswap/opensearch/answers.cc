#include "indexswap/opensearch/answers.h"

#include <absl/strings/str_format.h>
#include <indexswap/inspector.h>

#include <boost/json.hpp>
#include <utility>

#include "indexswap/json/exact_numbers.h"

namespace indexswap {
namespace {

namespace json = boost::json;

constexpr size_t kExcerptBytes = 300;
constexpr int kCausesMax = 5;
constexpr size_t kDepthMax = 1100;  // servers take 1000, and wrap documents in their answers

std::string Excerpt(std::string_view text) {
  std::string excerpt(text.substr(0, kExcerptBytes));
  if (text.size() > kExcerptBytes) excerpt += " ...";
  return excerpt;
}

absl::StatusCode CodeOfBlock(const ServerError& error) {
  // A block, or no space for a new index: what was asked for is right, and the moment is wrong.
  if (error.type == "cluster_block_exception" || error.type == "index_create_block_exception") {
    return absl::StatusCode::kResourceExhausted;
  }
  return absl::StatusCode::kInvalidArgument;
}

absl::StatusCode CodeOfBadRequest(const ServerError& error) {
  if (error.type == "resource_already_exists_exception") return absl::StatusCode::kAlreadyExists;
  if (error.type == "index_closed_exception") return absl::StatusCode::kFailedPrecondition;
  // A request of ours always has an action. A node that loses the elected manager in the middle of
  // one sends it to the next, emptied (seen on OpenSearch 2.19): what the first has done is open.
  if (error.reason.find("Must specify at least one alias action") != std::string::npos) {
    return absl::StatusCode::kUnknown;
  }
  return absl::StatusCode::kInvalidArgument;
}

// 5xx: whether the change was made can't be known, but for the one error that says the change
// waited in the queue in vain.
absl::StatusCode CodeOfServerFault(int status, const ServerError& error, Effect effect) {
  if (error.type == "process_cluster_event_timeout_exception") {
    return absl::StatusCode::kUnavailable;
  }
  if (effect == Effect::kRead) return absl::StatusCode::kUnavailable;
  if (effect == Effect::kRepeat && status == 503) return absl::StatusCode::kUnavailable;
  return absl::StatusCode::kUnknown;
}

absl::StatusCode CodeOf(int status, const ServerError& error, Effect effect) {
  switch (status) {
    case 400:
      return CodeOfBadRequest(error);
    case 403:
      return CodeOfBlock(error);
    case 404:
      return absl::StatusCode::kNotFound;
    case 408:
      return CodeOfServerFault(status, error, effect);
    case 413:
      return absl::StatusCode::kOutOfRange;
    case 429:
      return absl::StatusCode::kResourceExhausted;
    default:
      return status >= 500 ? CodeOfServerFault(status, error, effect)
                           : absl::StatusCode::kInvalidArgument;
  }
}

bool IsTrue(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

bool SaysDone(std::string_view body) {
  const absl::StatusOr<json::value> root = ParseJson("answer", body);
  const json::object* object = root.ok() ? root->if_object() : nullptr;
  if (object == nullptr || IsTrue(*object, "errors")) return false;
  return IsTrue(*object, "acknowledged") || object->contains("result");
}

// How a server names the blocks on an index, and the setting of each.
constexpr std::pair<std::string_view, std::string_view> kBlocks[] = {
    {"index read-only (api)", "read_only"},
    {"read-only / allow delete", "read_only_allow_delete"},
    {"read-only-allow-delete", "read_only_allow_delete"},
    {"index metadata (api)", "metadata"},
    {"index write (api)", "write"},
    {"index read (api)", "read"}};

std::string RemedyForBlock(std::string_view reason) {
  std::string_view setting = "*";
  for (const auto& [named, block] : kBlocks) {
    if (reason.find(named) != std::string_view::npos) setting = block;
  }
  return absl::StrFormat(
      " (lift the block: set index.blocks.%s of the index that it names to null)", setting);
}

const char* RemedyFor(int status) {
  switch (status) {
    case 401:
      return " (check the user and password of the store)";
    case 403:
      return " (check what the user of the store may do)";
    case 413:
      return " (http.max_content_length of the cluster, or a limit of a proxy)";
    default:
      return "";
  }
}

}  // namespace

absl::StatusOr<json::value> ParseJson(std::string_view what, std::string_view body) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = kDepthMax;
  json::value value =
      json::parse(json::string_view(body.data(), body.size()), error, json::storage_ptr(), options);
  if (error) {
    return absl::DataLossError(absl::StrFormat("%s: not JSON: %s", what, error.message()));
  }
  MakeNumbersExact(body, value);
  return value;
}

std::string TextMember(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

std::string DescribeError(const json::object& error) {
  std::string text;
  const json::object* cause = &error;
  for (int depth = 0; cause != nullptr && depth < kCausesMax; ++depth) {
    std::string reason = TextMember(*cause, "reason");
    // Jackson appends the source that it was parsing.
    reason.resize(std::min(reason.size(), reason.find("\n at [Source")));
    text += absl::StrFormat("%s%s: %s", depth == 0 ? "" : "; caused by ",
                            TextMember(*cause, "type"), reason);
    const json::value* next = cause->if_contains("caused_by");
    cause = next == nullptr ? nullptr : next->if_object();
  }
  return text;
}

ServerError ParseServerError(const HttpResponse& response) {
  ServerError result;
  const absl::StatusOr<json::value> root = ParseJson("error", response.body);
  const json::object* object = root.ok() ? root->if_object() : nullptr;
  const json::value* error = object == nullptr ? nullptr : object->if_contains("error");
  if (error != nullptr && error->is_object()) {
    result.type = TextMember(error->as_object(), "type");
    result.index = TextMember(error->as_object(), "index");
    result.reason = DescribeError(error->as_object());
  } else if (error != nullptr && error->is_string()) {
    result.reason = TextMember(*object, "error");
  } else {
    result.reason = Excerpt(response.body);
  }
  return result;
}

absl::Status StatusFromAnswer(const HttpResponse& response, Effect effect, std::string_view what) {
  if (response.status >= 200 && response.status < 300) return absl::OkStatus();
  const ServerError error = ParseServerError(response);
  const bool blocked = CodeOfBlock(error) == absl::StatusCode::kResourceExhausted;
  absl::Status status(
      CodeOf(response.status, error, effect),
      absl::StrFormat("%s: HTTP %d%s%s%s", what, response.status, error.reason.empty() ? "" : ", ",
                      error.reason,
                      blocked ? RemedyForBlock(error.reason) : RemedyFor(response.status)));
  const bool denied = response.status == 401 || (response.status == 403 && !blocked);
  if (blocked) return AsBlocked(std::move(status));
  return denied ? AsAccessDenied(std::move(status)) : status;
}

absl::Status StatusFromChange(const HttpResponse& response, Effect effect, std::string_view what) {
  absl::Status status = StatusFromAnswer(response, effect, what);
  if (!status.ok() || SaysDone(response.body)) return status;
  return absl::UnknownError(
      absl::StrFormat("%s: HTTP %d, but the answer does not say that it is "
                      "done: %s",
                      what, response.status, Excerpt(response.body)));
}

absl::Status StatusFromFailure(const absl::Status& failure, Effect effect) {
  if (effect == Effect::kRead && failure.code() == absl::StatusCode::kUnknown) {
    return absl::UnavailableError(failure.message());
  }
  return failure;
}

}  // namespace indexswap
