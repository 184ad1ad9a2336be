// Credentials as Amazon's endpoints send them.
#ifndef SYNCD_AWS_ANSWERS_H_
#define SYNCD_AWS_ANSWERS_H_

#include <absl/status/statusor.h>
#include <indexswap/aws.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace syncd {

// `2026-11-26T13:00:00Z`, with fractions and any offset; nullopt for what is no such time.
std::optional<std::chrono::system_clock::time_point> ParseAwsTime(const std::string& text);

// The JSON of container and instance: AccessKeyId, SecretAccessKey, Token, Expiration. `where`
// names the sender. kUnauthenticated, with `Code` and `Message` if it has them, for what lacks one.
absl::StatusOr<indexswap::AwsCredentials> CredentialsFromJson(const std::string& json,
                                                              const std::string& where);

// A text field of a JSON object; empty if there is none, or no object.
std::string JsonText(const std::string& json, const char* field);

// The XML of STS: what is in `<Credentials>`.
absl::StatusOr<indexswap::AwsCredentials> CredentialsFromXml(const std::string& xml,
                                                             const std::string& where);

// The text of the first element `tag` without attributes; empty if there is none.
std::string XmlText(std::string_view xml, const std::string& tag);

}  // namespace syncd

#endif  // SYNCD_AWS_ANSWERS_H_
