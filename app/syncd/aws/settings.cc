#include "syncd/aws/settings.h"

#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace syncd {

AwsSettings::AwsSettings(AwsEnvironment environment, const std::string& profile)
    : environment_(std::move(environment)), named_(!profile.empty()) {
  profile_ = named_ ? profile : Variable("AWS_PROFILE");
  chosen_ = !profile_.empty();
  if (!chosen_) profile_ = "default";
  files_[0].path = PathOf("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials");
  files_[1].path = PathOf("AWS_CONFIG_FILE", "/.aws/config");
  files_[1].config = true;
  Reload();
}

std::string AwsSettings::PathOf(const char* variable, const char* usual) const {
  const std::string home = Variable("HOME");
  std::string found = Variable(variable);
  if (found.empty() && !home.empty()) found = home + usual;
  if (found.starts_with("~/")) found = home + found.substr(1);
  return found;
}

bool AwsSettings::Reload() {
  bool changed = false;
  for (SharedFile& file : files_) changed = Reload(file) || changed;
  return changed;
}

// One that isn't there, or may not be read, holds nothing.
bool AwsSettings::Reload(SharedFile& file) {
  std::error_code error;
  const auto changed = std::filesystem::last_write_time(file.path, error);
  const bool there = !error;
  const uintmax_t size = there ? std::filesystem::file_size(file.path, error) : 0;
  if (!error && file.changed == changed && file.size == size) return false;
  std::ifstream in(file.path, std::ios::binary);
  file.denied = there && (error || !in);
  if (error || !in) {
    const bool was_read = file.changed.has_value();
    file.changed.reset();
    file.profiles.clear();
    return was_read;
  }
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  file.profiles = ParseAwsProfiles(text, file.config);
  file.changed = changed;
  file.size = size;
  return true;
}

std::string AwsSettings::Variable(const char* name) const {
  const char* value = environment_(name);
  return value == nullptr ? "" : value;
}

AwsProfile AwsSettings::In(const SharedFile& file, const std::string& profile) {
  const auto found = file.profiles.find(profile);
  return found == file.profiles.end() ? AwsProfile() : found->second;
}

std::optional<AwsProfile> AwsSettings::Find(const std::string& profile) const {
  if (!files_[0].profiles.contains(profile) && !files_[1].profiles.contains(profile)) {
    return std::nullopt;
  }
  AwsProfile both = InCredentialsFile(profile);
  both.merge(InConfigFile(profile));  // keeps what is there already
  return both;
}

std::string AwsSettings::Files() const {
  std::string text;
  for (const SharedFile& file : files_) {
    if (!text.empty()) text += " and ";
    text += file.path.empty() ? "no file, as HOME is not set" : file.path;
    if (file.denied) text += " (which can't be read)";
  }
  return text;
}

AwsProfile AwsSettings::InCredentialsFile(const std::string& profile) const {
  return In(files_[0], profile);
}

AwsProfile AwsSettings::InConfigFile(const std::string& profile) const {
  return In(files_[1], profile);
}

std::string AwsSettings::Region() const {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (std::string region = Variable(name); !region.empty()) return region;
  }
  const std::optional<AwsProfile> profile = Find(profile_);
  return profile ? ValueOf(*profile, "region") : "";
}

std::string ValueOf(const AwsProfile& profile, const char* key) {
  const auto found = profile.find(key);
  return found == profile.end() ? "" : found->second;
}

}  // namespace syncd
