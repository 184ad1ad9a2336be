// The table of all keys of the configuration.
#ifndef SYNCD_CONFIG_KEYS_H_
#define SYNCD_CONFIG_KEYS_H_

#include <absl/status/status.h>

#include <functional>
#include <string>
#include <vector>

#include "syncd/config/config.h"

namespace syncd {

// What a value must look like.
enum class ValueType { kText, kPath, kDuration, kInteger, kNumber, kBoolean };

// `a duration such as "90s"`: for errors.
const char* Expectation(ValueType type);

// One key: where it stands, what it must look like, and where its value goes.
struct KeySpec {
  std::string section;
  std::string key;
  ValueType type;
  std::string fallback;
  std::string meaning;
  // Takes the value as text. kInvalidArgument says what was expected.
  std::function<absl::Status(Config&, const std::string&)> set;
};

// All of them, in the order of the documents. Lives for ever.
const std::vector<KeySpec>& AllKeys();

}  // namespace syncd

#endif  // SYNCD_CONFIG_KEYS_H_
