#include "syncd/aws/profile_file.h"

#include <absl/strings/ascii.h>

#include <algorithm>

namespace syncd {
namespace {

std::string Trim(std::string_view text) {
  std::string trimmed(text);
  absl::StripAsciiWhitespace(&trimmed);
  return trimmed;
}

// A comment may follow a value, after white space.
std::string WithoutComment(std::string_view value) {
  for (size_t i = 1; i < value.size(); ++i) {
    if ((value[i] == '#' || value[i] == ';') && (value[i - 1] == ' ' || value[i - 1] == '\t')) {
      return Trim(value.substr(0, i));
    }
  }
  return Trim(value);
}

// The profile of the section `[name]`; empty for a section of another kind.
std::string ProfileOf(std::string_view line, bool config) {
  const size_t end = line.find(']');
  if (end == std::string_view::npos) return "";
  std::string name = Trim(line.substr(1, end - 1));
  if (!config || name == "default") return name;
  if (!name.starts_with("profile ") && !name.starts_with("profile\t")) return "";
  name = Trim(std::string_view(name).substr(8));
  if (name.size() >= 2 && name.front() == '"' && name.back() == '"') {
    name = name.substr(1, name.size() - 2);
  }
  return name;
}

}  // namespace

std::map<std::string, AwsProfile> ParseAwsProfiles(std::string_view text, bool config) {
  std::map<std::string, AwsProfile> profiles;
  std::string profile;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.empty() || line[0] == '#' || line[0] == ';' ||
        absl::ascii_isspace(static_cast<unsigned char>(line[0]))) {
      continue;
    }
    if (line[0] == '[') {
      profile = ProfileOf(line, config);
      if (!profile.empty()) profiles[profile];
      continue;
    }
    const size_t equals = line.find('=');
    if (profile.empty() || equals == std::string_view::npos) continue;
    const std::string key = absl::AsciiStrToLower(Trim(line.substr(0, equals)));
    profiles[profile][key] = WithoutComment(line.substr(equals + 1));
  }
  return profiles;
}

}  // namespace syncd
