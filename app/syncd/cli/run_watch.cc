#include "syncd/cli/run_watch.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "syncd/cli/answer_json.h"

namespace syncd {
namespace {

namespace json = boost::json;

std::optional<uint64_t> NumberAt(const json::value& value, const char* name) {
  const json::value found = At(value, name);
  json::error_code error;
  const auto number = found.to_number<uint64_t>(error);
  return error ? std::nullopt : std::optional(number);
}

}  // namespace

absl::StatusOr<std::optional<std::string>> RunWatch::See(const absl::StatusOr<ApiAnswer>& answer) {
  under_way_.clear();
  const bool answered = answer.ok() && answer->status < 300;
  const json::value status = answered ? ParseAnswer(answer->json) : json::value(nullptr);
  if (const json::value run = At(status, "run"); run.is_object()) {
    under_way_ = json::serialize(run);
    run_ = std::max(run_, NumberAt(run, "n").value_or(0));
    lost_ = standby_ = 0;
    return std::nullopt;
  }
  const json::value last = At(status, "last_run");
  // One that ended before anything was created has no number; an earlier one has a lower.
  const bool ended = last.is_object() && NumberAt(last, "run").value_or(run_) >= run_;
  if (ended) return json::serialize(last);
  return Lost(last.is_null() && StringAt(status, "role") == "standby");
}

absl::StatusOr<std::optional<std::string>> RunWatch::Lost(bool standby) {
  standby_ = standby ? standby_ + 1 : 0;
  if (standby_ == kStandbyAnswersMax) {
    return absl::AbortedError(absl::StrFormat(
        "run %d was lost with the lease: the daemon is a standby now. `syncd status` tells who "
        "holds the lease, and what is live",
        run_));
  }
  if (++lost_ == kLostAnswersMax) {
    return absl::UnknownError(absl::StrFormat(
        "the daemon tells nothing of run %d any more: `syncd status` tells what is live", run_));
  }
  return std::nullopt;
}

}  // namespace syncd
