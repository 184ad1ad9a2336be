#include "syncd/aws/answers.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_replace.h>
#include <absl/time/time.h>

#include <boost/json.hpp>
#include <utility>

#include "syncd/aws/network.h"

namespace syncd {
namespace {

using indexswap::AwsCredentials;

boost::json::object ParseObject(const std::string& json) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(json, error);
  return !error && value.is_object() ? std::move(value.get_object()) : boost::json::object();
}

std::string TextOf(const boost::json::object& object, const char* field) {
  const boost::json::value* value = object.if_contains(field);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

// All four, or an error that names the first that is missing. `names`: as the sender calls them.
absl::StatusOr<AwsCredentials> Whole(AwsCredentials credentials, const std::string& expiration,
                                     const char* token_name, const std::string& where) {
  credentials.expires = ParseAwsTime(expiration);
  const char* missing = credentials.access_key_id.empty()       ? "AccessKeyId"
                        : credentials.secret_access_key.empty() ? "SecretAccessKey"
                        : credentials.session_token.empty()     ? token_name
                        : !credentials.expires                  ? "Expiration"
                                                                : nullptr;
  if (missing == nullptr) return credentials;
  return absl::UnauthenticatedError(absl::StrFormat(
      "%s: the answer holds no credentials: %s is missing, or not as expected", where, missing));
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> ParseAwsTime(const std::string& text) {
  absl::Time time;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) return std::nullopt;
  return absl::ToChronoTime(time);
}

absl::StatusOr<AwsCredentials> CredentialsFromJson(const std::string& json,
                                                   const std::string& where) {
  const boost::json::object object = ParseObject(json);
  const AwsCredentials credentials = {TextOf(object, "AccessKeyId"),
                                      TextOf(object, "SecretAccessKey"), TextOf(object, "Token")};
  const std::string code = TextOf(object, "Code");
  if (credentials.access_key_id.empty() && !code.empty()) {
    const std::string message = TextOf(object, "Message");
    return absl::UnauthenticatedError(absl::StrFormat(
        "%s answers with %s: %s", where, Shown(code, {}),
        message.empty()
            ? "without a reason"
            : Shown(message, {credentials.secret_access_key, credentials.session_token})));
  }
  return Whole(credentials, TextOf(object, "Expiration"), "Token", where);
}

std::string JsonText(const std::string& json, const char* field) {
  return TextOf(ParseObject(json), field);
}

absl::StatusOr<AwsCredentials> CredentialsFromXml(const std::string& xml,
                                                  const std::string& where) {
  const std::string inner = XmlText(xml, "Credentials");
  const AwsCredentials credentials = {XmlText(inner, "AccessKeyId"),
                                      XmlText(inner, "SecretAccessKey"),
                                      XmlText(inner, "SessionToken")};
  return Whole(credentials, XmlText(inner, "Expiration"), "SessionToken", where);
}

std::string XmlText(std::string_view xml, const std::string& tag) {
  const std::string open = "<" + tag + ">";
  const size_t begin = xml.find(open);
  if (begin == std::string_view::npos) return "";
  const size_t end = xml.find("</" + tag + ">", begin);
  if (end == std::string_view::npos) return "";
  const std::string text(xml.substr(begin + open.size(), end - begin - open.size()));
  if (text.find('<') != std::string::npos) return text;  // elements, for another call
  return absl::StrReplaceAll(
      text, {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}});
}

}  // namespace syncd
