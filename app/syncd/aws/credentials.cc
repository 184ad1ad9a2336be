#include "syncd/aws/credentials.h"

#include <absl/strings/str_format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "syncd/aws/profile_file.h"

namespace syncd {
namespace {

using indexswap::AwsCredentials;

// A shared file, and what it held when it was read.
struct SharedFile {
  std::string path;
  bool config = false;
  std::optional<std::filesystem::file_time_type> changed;
  uintmax_t size = 0;
  std::map<std::string, AwsProfile> profiles;
};

std::string Variable(const AwsEnvironment& environment, const char* name) {
  const char* value = environment(name);
  return value == nullptr ? "" : value;
}

// Where the settings are. Not thread-safe.
struct Places {
  std::string profile;
  bool named = false;  // the caller named the profile
  std::array<SharedFile, 2> files;
};

Places FindPlaces(const AwsEnvironment& environment, const std::string& profile) {
  Places places;
  places.named = !profile.empty();
  places.profile = places.named ? profile : Variable(environment, "AWS_PROFILE");
  if (places.profile.empty()) places.profile = "default";
  const std::string home = Variable(environment, "HOME");
  const auto path = [&](const char* variable, const char* usual) {
    std::string found = Variable(environment, variable);
    if (found.empty() && !home.empty()) found = home + usual;
    if (found.starts_with("~/")) found = home + found.substr(1);
    return found;
  };
  places.files[0].path = path("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials");
  places.files[1].path = path("AWS_CONFIG_FILE", "/.aws/config");
  places.files[1].config = true;
  return places;
}

// Reads a file if it has changed. One that isn't there holds nothing.
void Refresh(SharedFile& file) {
  std::error_code error;
  const auto changed = std::filesystem::last_write_time(file.path, error);
  const uintmax_t size = error ? 0 : std::filesystem::file_size(file.path, error);
  if (error) {
    file.changed.reset();
    file.profiles.clear();
    return;
  }
  if (file.changed == changed && file.size == size) return;
  std::ifstream in(file.path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  file.profiles = ParseAwsProfiles(text, file.config);
  file.changed = changed;
  file.size = size;
}

// The value of `key` in the profile; the credentials file goes before the config file.
std::string ValueOf(const AwsProfile& profile, const char* key) {
  const auto found = profile.find(key);
  return found == profile.end() ? "" : found->second;
}

class FileProvider : public indexswap::AwsCredentialsProvider {
 public:
  explicit FileProvider(Places places) : places_(std::move(places)) {}

  absl::StatusOr<AwsCredentials> Get() override {
    const std::lock_guard lock(mutex_);
    for (SharedFile& file : places_.files) {
      Refresh(file);
      const auto found = file.profiles.find(places_.profile);
      if (found == file.profiles.end()) continue;
      // Key, secret and token belong together: never one from here and one from there.
      const AwsCredentials credentials = {ValueOf(found->second, "aws_access_key_id"),
                                          ValueOf(found->second, "aws_secret_access_key"),
                                          ValueOf(found->second, "aws_session_token")};
      if (credentials.access_key_id.empty() && credentials.secret_access_key.empty()) continue;
      if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
        return absl::UnauthenticatedError(
            absl::StrFormat("the profile \"%s\" in %s has only one of aws_access_key_id and "
                            "aws_secret_access_key: set both",
                            places_.profile, file.path));
      }
      return credentials;
    }
    return absl::UnauthenticatedError(absl::StrFormat(
        "no AWS credentials: %sthe profile \"%s\" has none in %s or %s; set "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or add the keys to the profile",
        places_.named ? "" : "AWS_ACCESS_KEY_ID is not set, and ", places_.profile,
        places_.files[0].path, places_.files[1].path));
  }

 private:
  std::mutex mutex_;
  Places places_;
};

// Says each time what is wrong with the environment.
class FailingProvider : public indexswap::AwsCredentialsProvider {
 public:
  explicit FailingProvider(absl::Status status) : status_(std::move(status)) {}

  absl::StatusOr<AwsCredentials> Get() override { return status_; }

 private:
  const absl::Status status_;
};

}  // namespace

std::shared_ptr<indexswap::AwsCredentialsProvider> MakeAwsCredentials(
    const AwsEnvironment& environment, const std::string& profile) {
  const AwsCredentials credentials = {Variable(environment, "AWS_ACCESS_KEY_ID"),
                                      Variable(environment, "AWS_SECRET_ACCESS_KEY"),
                                      Variable(environment, "AWS_SESSION_TOKEN")};
  const bool key = !credentials.access_key_id.empty();
  const bool secret = !credentials.secret_access_key.empty();
  if (profile.empty() && key != secret) {
    return std::make_shared<FailingProvider>(absl::UnauthenticatedError(
        "only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set: set both, or neither"));
  }
  if (profile.empty() && key) return indexswap::StaticAwsCredentials(credentials);
  return std::make_shared<FileProvider>(FindPlaces(environment, profile));
}

std::string FindAwsRegion(const AwsEnvironment& environment, const std::string& profile) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (std::string region = Variable(environment, name); !region.empty()) return region;
  }
  Places places = FindPlaces(environment, profile);
  for (SharedFile& file : places.files) {
    Refresh(file);
    const auto found = file.profiles.find(places.profile);
    if (found == file.profiles.end()) continue;
    if (std::string region = ValueOf(found->second, "region"); !region.empty()) return region;
  }
  return "";
}

}  // namespace syncd
