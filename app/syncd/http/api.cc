#include "syncd/http/api.h"

#include <boost/json.hpp>

namespace syncd {
namespace {

struct Meaning {
  int status;
  std::string_view code;
};

Meaning MeaningOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return {400, "invalid"};
    case absl::StatusCode::kUnauthenticated:
      return {401, "unauthorized"};
    case absl::StatusCode::kPermissionDenied:
      return {403, "forbidden"};
    case absl::StatusCode::kNotFound:
      return {404, "not_found"};
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
      return {409, "refused"};
    case absl::StatusCode::kAborted:
      return {409, "lease_lost"};
    case absl::StatusCode::kCancelled:
      return {409, "interrupted"};
    case absl::StatusCode::kResourceExhausted:
      return {429, "too_many"};
    case absl::StatusCode::kUnimplemented:
      return {501, "not_implemented"};
    case absl::StatusCode::kUnavailable:
      return {503, "unavailable"};
    case absl::StatusCode::kUnknown:
      return {504, "unknown_outcome"};
    case absl::StatusCode::kDeadlineExceeded:
      return {504, "stalled"};
    default:
      return {500, "failed"};
  }
}

bool IsContinuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// The length of the UTF-8 character that starts here; 0 if there is none.
size_t CharacterLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(byte(i))) return 0;
  }
  // Overlong forms, surrogates, and what lies beyond the last character.
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
      (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) {
    return 0;
  }
  return length;
}

std::string ValidUtf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0) {
      valid += "\xEF\xBF\xBD";
    } else {
      valid += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return valid;
}

}  // namespace

ApiAnswer ApiError(int status, std::string_view code, std::string_view message) {
  namespace json = boost::json;
  const json::object error{{"code", ValidUtf8(code)}, {"message", ValidUtf8(message)}};
  return {status, json::serialize(json::object{{"error", error}})};
}

ApiAnswer ApiError(const absl::Status& status) {
  const Meaning meaning = MeaningOf(status.code());
  return ApiError(meaning.status, meaning.code,
                  std::string_view(status.message().data(), status.message().size()));
}

}  // namespace syncd
