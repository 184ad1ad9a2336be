#include "syncd/sources/sqs_protocol.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>
#include <utility>

namespace syncd {
namespace {

namespace json = boost::json;

// An error's message may quote the whole signed request.
constexpr size_t kMessageMax = 300;

std::string Md5(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_md5(), nullptr) != 1) return "";
  std::string out;
  for (unsigned int i = 0; i < size; ++i) out += {kHex[bytes[i] >> 4], kHex[bytes[i] & 15]};
  return out;
}

// The member `key` of an object as text; empty if there is none.
std::string Text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

template <typename Number>
std::optional<Number> NumberIn(const json::object& object, std::string_view key) {
  Number number = 0;
  return absl::SimpleAtoi(Text(object, key), &number) ? std::optional<Number>(number)
                                                      : std::nullopt;
}

absl::StatusOr<json::object> ParseObject(const std::string& body) {
  json::error_code error;
  json::value value = json::parse(body, error);
  if (error || !value.is_object()) {
    return absl::InternalError("the answer of the SQS server is no JSON object");
  }
  return std::move(value.get_object());
}

// The objects of the list `key`; an absent list is an empty one.
absl::StatusOr<std::vector<json::object>> ParseList(const std::string& body, std::string_view key) {
  if (body.empty()) return std::vector<json::object>();
  absl::StatusOr<json::object> object = ParseObject(body);
  if (!object.ok()) return object.status();
  std::vector<json::object> list;
  json::value* value = object->if_contains(key);
  if (value == nullptr || value->is_null()) return list;
  if (!value->is_array()) {
    return absl::InternalError(
        absl::StrFormat("%s in the answer of the SQS server is no list", key));
  }
  for (json::value& entry : value->get_array()) {
    if (!entry.is_object()) {
      return absl::InternalError(
          absl::StrFormat("%s in the answer of the SQS server has no objects", key));
    }
    list.push_back(std::move(entry.get_object()));
  }
  return list;
}

SqsReceived Decode(const json::object& entry) {
  SqsReceived received;
  received.receipt = Text(entry, "ReceiptHandle");
  Message& message = received.message;
  message.body = Text(entry, "Body");
  message.message_id = Text(entry, "MessageId");
  const std::string expected = Text(entry, "MD5OfBody");
  const std::string actual = Md5(message.body);
  // Where OpenSSL is without MD5 (FIPS) there is nothing to compare with.
  received.intact = actual.empty() || actual == expected;
  const json::value* attributes = entry.if_contains("Attributes");
  if (attributes == nullptr || !attributes->is_object()) return received;
  const json::object& object = attributes->get_object();
  message.sent_ms = NumberIn<int64_t>(object, "SentTimestamp");
  message.sequence = Text(object, "SequenceNumber");
  message.receive_count = NumberIn<uint32_t>(object, "ApproximateReceiveCount").value_or(0);
  message.redelivered = message.receive_count > 1;
  received.group = Text(object, "MessageGroupId");
  return received;
}

json::array Entries(const std::vector<SqsReceipt>& receipts) {
  json::array entries;
  for (const SqsReceipt& receipt : receipts) {
    entries.push_back(
        json::object{{"Id", std::to_string(receipt.delivery)}, {"ReceiptHandle", receipt.handle}});
  }
  return entries;
}

// The text between <tag> and </tag>: errors of the gateway in front of SQS come as XML.
std::string InXml(const std::string& body, const std::string& tag) {
  const size_t begin = body.find("<" + tag + ">");
  if (begin == std::string::npos) return "";
  const size_t text = begin + tag.size() + 2;
  return body.substr(text, body.find('<', text) - text);
}

struct SqsError {
  std::string code;  // without what stands before `#`
  std::string message;
};

SqsError ParseError(const std::string& body) {
  SqsError error;
  json::error_code failed;
  const json::value value = json::parse(body, failed);
  if (!failed && value.is_object()) {
    const json::object& object = value.get_object();
    error.code = Text(object, "__type");
    error.message = Text(object, object.contains("message") ? "message" : "Message");
  } else {
    error.code = InXml(body, "Code");
    error.message = InXml(body, "Message");
  }
  error.code.erase(0, error.code.find('#') + 1);
  error.message.resize(std::min(error.message.find('\n'), error.message.size()));
  error.message.resize(std::min(kMessageMax, error.message.size()));
  return error;
}

template <size_t size>
bool IsIn(const std::string& code, const std::array<std::string_view, size>& codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

absl::StatusCode MeaningOf(int status, const std::string& code) {
  static constexpr std::array<std::string_view, 3> kMissing = {
      "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "QueueDeletedRecently"};
  static constexpr std::array<std::string_view, 10> kForNow = {
      "OverLimit",      "RequestThrottled",        "Throttling",      "ThrottlingException",
      "KmsThrottled",   "InternalError",           "InternalFailure", "ServiceUnavailable",
      "RequestExpired", "TooManyRequestsException"};
  static constexpr std::array<std::string_view, 9> kDenied = {"AccessDenied",
                                                              "AccessDeniedException",
                                                              "InvalidClientTokenId",
                                                              "SignatureDoesNotMatch",
                                                              "UnrecognizedClientException",
                                                              "ExpiredTokenException",
                                                              "IncompleteSignature",
                                                              "KmsAccessDenied",
                                                              "InvalidSignatureException"};
  if (IsIn(code, kMissing)) return absl::StatusCode::kNotFound;
  if (IsIn(code, kForNow) || status >= 500 || status == 429) return absl::StatusCode::kUnavailable;
  if (IsIn(code, kDenied) || status == 401 || status == 403) {
    return absl::StatusCode::kPermissionDenied;
  }
  return absl::StatusCode::kInvalidArgument;
}

}  // namespace

std::string AttributesBody(const std::string& queue_url) {
  return json::serialize(
      json::object{{"QueueUrl", queue_url}, {"AttributeNames", json::array{"All"}}});
}

std::string ReceiveBody(const std::string& queue_url, size_t messages, std::chrono::seconds wait,
                        std::chrono::seconds visibility) {
  // The attributes by both of their names: servers know one or the other.
  return json::serialize(json::object{{"QueueUrl", queue_url},
                                      {"MaxNumberOfMessages", messages},
                                      {"WaitTimeSeconds", wait.count()},
                                      {"VisibilityTimeout", visibility.count()},
                                      {"AttributeNames", json::array{"All"}},
                                      {"MessageSystemAttributeNames", json::array{"All"}}});
}

std::string DeleteBody(const std::string& queue_url, const std::vector<SqsReceipt>& receipts) {
  return json::serialize(json::object{{"QueueUrl", queue_url}, {"Entries", Entries(receipts)}});
}

std::string VisibilityBody(const std::string& queue_url, const std::vector<SqsReceipt>& receipts,
                           std::chrono::seconds visibility) {
  json::array entries = Entries(receipts);
  for (json::value& entry : entries) {
    entry.get_object()["VisibilityTimeout"] = visibility.count();
  }
  return json::serialize(json::object{{"QueueUrl", queue_url}, {"Entries", std::move(entries)}});
}

absl::Status StatusOfAnswer(const SqsAnswer& answer, std::string_view what) {
  if (answer.status >= 200 && answer.status < 300) return absl::OkStatus();
  const SqsError error = ParseError(answer.body);
  return absl::Status(
      MeaningOf(answer.status, error.code),
      absl::StrFormat("%s: HTTP %d %s: %s", what, answer.status,
                      error.code.empty() ? "without a code" : error.code, error.message));
}

absl::StatusOr<std::vector<SqsReceived>> ParseReceived(const std::string& body) {
  absl::StatusOr<std::vector<json::object>> list = ParseList(body, "Messages");
  if (!list.ok()) return list.status();
  std::vector<SqsReceived> received;
  for (const json::object& entry : *list) received.push_back(Decode(entry));
  return received;
}

absl::StatusOr<std::vector<SqsFailure>> ParseBatch(const std::string& body) {
  absl::StatusOr<std::vector<json::object>> list = ParseList(body, "Failed");
  if (!list.ok()) return list.status();
  std::vector<SqsFailure> failures;
  for (const json::object& entry : *list) {
    const std::optional<uint64_t> delivery = NumberIn<uint64_t>(entry, "Id");
    if (!delivery) {
      return absl::InternalError("a failed entry of the SQS server has none of our ids");
    }
    const json::value* fault = entry.if_contains("SenderFault");
    failures.push_back({*delivery, fault != nullptr && fault->is_bool() && fault->get_bool(),
                        Text(entry, "Code")});
  }
  return failures;
}

absl::StatusOr<SqsQueueFacts> ParseAttributes(const std::string& body) {
  const absl::StatusOr<SqsQueue> queue = ParseQueue(body);
  if (!queue.ok()) return queue.status();
  return SqsQueueFacts{queue->waiting, queue->fifo};
}

absl::StatusOr<SqsQueue> ParseQueue(const std::string& body) {
  absl::StatusOr<json::object> object = ParseObject(body);
  if (!object.ok()) return object.status();
  const json::value* attributes = object->if_contains("Attributes");
  if (attributes == nullptr || !attributes->is_object()) {
    return absl::InternalError("the answer of the SQS server has no attributes");
  }
  const json::object& values = attributes->get_object();
  SqsQueue queue;
  const auto visible = NumberIn<uint64_t>(values, "ApproximateNumberOfMessages");
  if (!visible) return absl::InternalError("the SQS server does not say how many messages wait");
  const auto delayed = NumberIn<uint64_t>(values, "ApproximateNumberOfMessagesDelayed");
  queue.waiting = *visible + delayed.value_or(0);
  queue.hidden = NumberIn<uint64_t>(values, "ApproximateNumberOfMessagesNotVisible").value_or(0);
  queue.fifo = Text(values, "FifoQueue") == "true";
  queue.visibility =
      std::chrono::seconds(NumberIn<int64_t>(values, "VisibilityTimeout").value_or(0));
  // A text with JSON in it; what can't be read is no policy.
  const absl::StatusOr<json::object> policy = ParseObject(Text(values, "RedrivePolicy"));
  if (policy.ok()) {
    queue.dead_letters = Text(*policy, "deadLetterTargetArn");
    // A number or its digits as text, as whoever set the policy wrote it.
    const json::value* most = policy->if_contains("maxReceiveCount");
    json::error_code error;
    queue.receives_max = most == nullptr || most->is_string()
                             ? NumberIn<uint64_t>(*policy, "maxReceiveCount").value_or(0)
                             : most->to_number<uint64_t>(error);
  }
  return queue;
}

}  // namespace syncd
