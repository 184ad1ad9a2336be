#include "indexswap/opensearch/alias_request.h"

#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <boost/json.hpp>
#include <utility>

#include "indexswap/json/canonical.h"

namespace indexswap {
namespace {

std::string Quote(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

}  // namespace

AliasRequest::AliasRequest(const Fence& fence) {
  const std::string lease = LeaseName(fence.release, fence.epoch);
  const std::string leader = LeaderAlias(fence.release);
  if (!Check(lease, &leader)) return;
  actions_ = absl::StrFormat(R"({"add":{"index":%s,"alias":%s,"is_write_index":true}})",
                             Quote(lease), Quote(leader));
  indexes_.push_back(lease);
}

bool AliasRequest::Check(const std::string& index, const std::string* alias) {
  if (status_.ok()) status_ = CheckSingleName(index);
  if (status_.ok() && alias != nullptr) status_ = CheckSingleName(*alias);
  return status_.ok();
}

void AliasRequest::Add(const std::string& index, const std::string& alias, std::string_view filter,
                       std::string_view options) {
  if (!Check(index, &alias)) return;
  const absl::StatusOr<std::string> canonical = CanonicalJson(filter);
  if (!canonical.ok()) {
    status_ = absl::InvalidArgumentError(absl::StrFormat(
        "the filter of alias %s: %s", alias, std::string(canonical.status().message())));
    return;
  }
  const absl::StatusOr<std::string> others = CanonicalJson(options);
  if (!others.ok() || (!others->empty() && others->front() != '{')) {
    status_ = absl::InvalidArgumentError(
        absl::StrFormat("the options of alias %s are no JSON object", alias));
    return;
  }
  // Its members, between the braces.
  const std::string members = others->size() > 2 ? others->substr(1, others->size() - 2) : "";
  actions_ += absl::StrFormat(R"(,{"add":{"index":%s,"alias":%s%s%s%s%s}})", Quote(index),
                              Quote(alias), canonical->empty() ? "" : ",\"filter\":", *canonical,
                              members.empty() ? "" : ",", members);
  indexes_.push_back(index);
}

void AliasRequest::Remove(const std::string& index, const std::string& alias, bool must_exist) {
  if (!Check(index, &alias)) return;
  actions_ += absl::StrFormat(R"(,{"remove":{"index":%s,"alias":%s%s}})", Quote(index),
                              Quote(alias), must_exist ? ",\"must_exist\":true" : "");
  indexes_.push_back(index);
}

void AliasRequest::RemoveIndex(const std::string& index) {
  if (!Check(index, nullptr)) return;
  actions_ += absl::StrFormat(R"(,{"remove_index":{"index":%s}})", Quote(index));
  indexes_.push_back(index);
}

absl::Status CheckSingleName(std::string_view name) {
  constexpr std::string_view kForbidden = "\"*\\<|,>/?#: \t\r\n";
  const bool bad_start = name.empty() || std::string_view("_-+.").find(name[0]) != name.npos;
  if (bad_start || name.find_first_of(kForbidden) != name.npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("\"%s\" is not the name of one index or alias", name));
  }
  return absl::OkStatus();
}

}  // namespace indexswap
