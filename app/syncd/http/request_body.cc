#include "syncd/http/request_body.h"

#include <absl/status/status.h>
#include <absl/strings/str_format.h>

#include <boost/json.hpp>
#include <set>

namespace syncd {
namespace {

namespace json = boost::json;

// As deep as a queue's messages may be.
constexpr size_t kDepthMax = 64;
constexpr std::string_view kBlank = " \t\r\n";

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(kBlank) == std::string_view::npos;
}

// What is wrong with the JSON; empty if nothing is.
std::string Mistake(std::string_view text, json::value* value) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = kDepthMax;
  *value = json::parse({text.data(), text.size()}, error, {}, options);
  return error ? error.message() : "";
}

// The keys of a body. Each key is asked for by name and type; Done finds those that nobody asked
// for. The first mistake is kept.
class Keys {
 public:
  explicit Keys(std::string_view body) {
    if (IsBlank(body)) return;
    json::value value;
    const std::string mistake = Mistake(body, &value);
    if (!mistake.empty()) {
      status_ = absl::InvalidArgumentError(
          absl::StrFormat("the body is no JSON (%s); expected one object", mistake));
    } else if (!value.is_object()) {
      status_ = absl::InvalidArgumentError("the body is JSON, but no object; expected { … }");
    } else {
      object_ = std::move(value.get_object());
    }
  }

  std::optional<uint64_t> Generation(std::string_view key) {
    const json::value* value = Find(key);
    if (value == nullptr) return std::nullopt;
    json::error_code error;
    const auto number = value->is_number() ? value->to_number<uint64_t>(error) : 0;
    if (!value->is_number() || value->is_double() || error) {
      Expected(key, "the number of a generation");
      return std::nullopt;
    }
    return number;
  }

  bool Flag(std::string_view key) {
    const json::value* value = Find(key);
    if (value == nullptr) return false;
    if (!value->is_bool()) Expected(key, "true or false");
    return value->is_bool() && value->get_bool();
  }

  std::optional<std::string> Text(std::string_view key) {
    const json::value* value = Find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) {
      Expected(key, "a string");
      return std::nullopt;
    }
    return std::string(value->get_string());
  }

  std::vector<std::string> Texts(std::string_view key) {
    std::vector<std::string> texts;
    const json::value* value = Find(key);
    if (value == nullptr) return texts;
    bool good = value->is_array();
    if (good) {
      for (const json::value& one : value->get_array()) {
        good = good && one.is_string();
        if (one.is_string()) texts.emplace_back(one.get_string());
      }
    }
    if (!good) Expected(key, "a list of strings");
    return texts;
  }

  absl::Status Done() {
    for (const auto& one : object_) {
      const std::string key(one.key());
      if (status_.ok() && asked_.count(key) == 0) {
        status_ = absl::InvalidArgumentError(
            absl::StrFormat("unknown key \"%s\"; expected %s", key.substr(0, 64), Names()));
      }
    }
    return status_;
  }

 private:
  const json::value* Find(std::string_view key) {
    asked_.emplace(key);
    const json::value* value = object_.if_contains({key.data(), key.size()});
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  void Expected(std::string_view key, std::string_view what) {
    if (!status_.ok()) return;
    status_ =
        absl::InvalidArgumentError(absl::StrFormat("\"%s\" is not %s, as expected", key, what));
  }

  std::string Names() const {
    std::string names;
    for (const std::string& key : asked_) {
      names += absl::StrFormat("%s\"%s\"", names.empty() ? "" : ", ", key);
    }
    return names.empty() ? "an empty object" : names;
  }

  json::object object_;
  std::set<std::string> asked_;
  absl::Status status_;
};

absl::Status CheckMessage(std::string_view message, size_t line) {
  json::value value;
  const std::string mistake = Mistake(message, &value);
  if (mistake.empty()) return absl::OkStatus();
  const std::string where = line == 0 ? "the body" : absl::StrFormat("line %d", line);
  return absl::InvalidArgumentError(
      absl::StrFormat("%s is no JSON (%s); no message was taken", where, mistake));
}

}  // namespace

absl::StatusOr<ApiSyncRequest> ReadSyncRequest(std::string_view body) {
  Keys keys(body);
  ApiSyncRequest request;
  request.promote = keys.Generation("promote");
  request.overrides = keys.Texts("override");
  request.if_state = keys.Text("if_state");
  if (absl::Status status = keys.Done(); !status.ok()) return status;
  return request;
}

absl::StatusOr<ApiRollbackRequest> ReadRollbackRequest(std::string_view body) {
  Keys keys(body);
  ApiRollbackRequest request;
  request.to = keys.Generation("to");
  request.accept_loss = keys.Flag("accept_loss");
  request.dry_run = keys.Flag("dry_run");
  request.if_state = keys.Text("if_state");
  if (absl::Status status = keys.Done(); !status.ok()) return status;
  return request;
}

absl::StatusOr<ApiAdoptRequest> ReadAdoptRequest(std::string_view body) {
  Keys keys(body);
  ApiAdoptRequest request;
  request.take_names = keys.Texts("take_names");
  request.overrides = keys.Texts("override");
  if (absl::Status status = keys.Done(); !status.ok()) return status;
  return request;
}

absl::StatusOr<bool> ReadPruneRequest(std::string_view body) {
  Keys keys(body);
  const bool dry_run = keys.Flag("dry_run");
  if (absl::Status status = keys.Done(); !status.ok()) return status;
  return dry_run;
}

absl::Status ReadEmptyRequest(std::string_view body) { return Keys(body).Done(); }

absl::StatusOr<std::vector<std::string>> ReadMessages(std::string_view body, bool lines) {
  std::vector<std::string> messages;
  size_t number = 0;
  for (std::string_view rest = body; !rest.empty();) {
    const size_t end = lines ? std::min(rest.find('\n'), rest.size()) : rest.size();
    std::string_view message = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    if (IsBlank(message)) continue;
    if (lines && message.back() == '\r') message.remove_suffix(1);
    absl::Status status = CheckMessage(message, lines ? number : 0);
    if (!status.ok()) return status;
    messages.emplace_back(message);
  }
  if (messages.empty()) return absl::InvalidArgumentError("the body has no message");
  return messages;
}

}  // namespace syncd
