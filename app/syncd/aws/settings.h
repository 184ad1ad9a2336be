// What the AWS SDKs read: variables of the environment, and the profiles of the shared files.
#ifndef SYNCD_AWS_SETTINGS_H_
#define SYNCD_AWS_SETTINGS_H_

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "syncd/aws/credentials.h"
#include "syncd/aws/profile_file.h"

namespace syncd {

// The settings that one program has. Not thread-safe.
class AwsSettings {
 public:
  // As of MakeAwsCredentials. The files are read at once.
  AwsSettings(AwsEnvironment environment, const std::string& profile);

  // Reads again the files that have changed; true if one has.
  bool Reload();

  // The value of a variable. Empty is the same as not set.
  std::string Variable(const char* name) const;

  // The profile that is in use.
  const std::string& profile() const { return profile_; }

  // Whether somebody chose it, by name or by AWS_PROFILE; then it has to exist.
  bool profile_is_chosen() const { return chosen_; }

  // Whether variables may say who we are; not if the caller named a profile.
  bool variables_count() const { return !named_; }

  // A profile as both files have it together: what the credentials file says goes before what the
  // config file says. nullopt if it is in neither.
  std::optional<AwsProfile> Find(const std::string& profile) const;

  // A profile as one file has it; empty if that has none.
  AwsProfile InCredentialsFile(const std::string& profile) const;
  AwsProfile InConfigFile(const std::string& profile) const;

  const std::string& credentials_path() const { return files_[0].path; }
  const std::string& config_path() const { return files_[1].path; }

  // Both paths for an error, and what is the matter with them.
  std::string Files() const;

  // As FindAwsRegion.
  std::string Region() const;

 private:
  // A file, and what it held when it was read.
  struct SharedFile {
    std::string path;
    bool config = false;
    std::optional<std::filesystem::file_time_type> changed;  // nullopt if it could not be read
    uintmax_t size = 0;
    bool denied = false;  // it is there, and could not be read
    std::map<std::string, AwsProfile> profiles;
  };

  std::string PathOf(const char* variable, const char* usual) const;
  static bool Reload(SharedFile& file);
  static AwsProfile In(const SharedFile& file, const std::string& profile);

  const AwsEnvironment environment_;
  const bool named_;
  std::string profile_;
  bool chosen_ = false;
  std::array<SharedFile, 2> files_;
};

// The value of `key` in the profile; empty if it has none.
std::string ValueOf(const AwsProfile& profile, const char* key);

}  // namespace syncd

#endif  // SYNCD_AWS_SETTINGS_H_
