// The format of ~/.aws/config and ~/.aws/credentials.
#ifndef SYNCD_AWS_PROFILE_FILE_H_
#define SYNCD_AWS_PROFILE_FILE_H_

#include <map>
#include <string>
#include <string_view>

namespace syncd {

// Key to value, of one profile.
using AwsProfile = std::map<std::string, std::string>;

// Profile to keys. `config`: sections are `[default]` and `[profile NAME]`, as in ~/.aws/config;
// otherwise `[NAME]`, as in ~/.aws/credentials. Lines that are no `key = value` are passed over,
// like nested (indented) ones, comments (`#`, `;`), and sections of other kinds. The last one of a
// key wins.
std::map<std::string, AwsProfile> ParseAwsProfiles(std::string_view text, bool config);

}  // namespace syncd

#endif  // SYNCD_AWS_PROFILE_FILE_H_
