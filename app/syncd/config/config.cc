#include "syncd/config/config.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include <toml++/toml.h>

#include <filesystem>
#include <limits>

#include "syncd/config/keys.h"

namespace syncd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kQueues = "queues";
constexpr std::string_view kSqlite = "sqlite:";

std::string Upper(std::string text) {
  for (char& c : text) {
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return text;
}

std::string VariableFor(const KeySpec& spec) {
  return spec.section.empty() ? "SYNCD_" + Upper(spec.key)
                              : "SYNCD_" + Upper(spec.section) + "_" + Upper(spec.key);
}

std::string FullName(const std::string& section, const std::string& key) {
  return section.empty() ? key : absl::StrFormat("[%s] %s", section, key);
}

const KeySpec* FindKey(const std::string& section, const std::string& key) {
  for (const KeySpec& spec : AllKeys()) {
    if (spec.section == section && spec.key == key) return &spec;
  }
  return nullptr;
}

bool IsSection(const std::string& name) {
  for (const KeySpec& spec : AllKeys()) {
    if (!spec.section.empty() && spec.section == name) return true;
  }
  return name == kQueues;
}

// Reads one file into a Config; keeps the first error.
class Reader {
 public:
  Reader(std::string file, Config& config) : file_(std::move(file)), config_(config) {}

  absl::Status Read(const toml::table& root) {
    for (const auto& [name, node] : root) {
      const std::string key(name.str());
      if (!node.is_table()) {
        Set("", key, node);
      } else if (key == kQueues) {
        ReadQueues(*node.as_table());
      } else if (IsSection(key)) {
        for (const auto& [inner, value] : *node.as_table())
          Set(key, std::string(inner.str()), value);
      } else {
        Fail(node, absl::StrFormat("[%s] is no section of the configuration", key));
      }
    }
    return status_;
  }

 private:
  void Fail(const toml::node& node, const std::string& what) {
    if (!status_.ok()) return;
    status_ = absl::InvalidArgumentError(
        absl::StrFormat("%s:%d: %s", file_, node.source().begin.line, what));
  }

  void ReadQueues(const toml::table& table) {
    for (const auto& [channel, node] : table) {
      if (const auto* text = node.as_string()) {
        config_.queues[std::string(channel.str())] = text->get();
      } else {
        Fail(node, absl::StrFormat("[queues] %s: expected text such as \"amqp:QUEUE\"",
                                   std::string(channel.str())));
      }
    }
  }

  void Set(const std::string& section, const std::string& key, const toml::node& node) {
    const KeySpec* spec = FindKey(section, key);
    if (spec == nullptr) {
      return Fail(node, FullName(section, key) +
                            ": there is no such key; docs/configuration.md "
                            "lists those that exist");
    }
    const std::optional<std::string> text = TextOf(*spec, node);
    if (!text) {
      return Fail(node, absl::StrFormat("%s: expected %s", FullName(section, key),
                                        Expectation(spec->type)));
    }
    if (const absl::Status s = spec->set(config_, *text); !s.ok()) {
      Fail(node, absl::StrFormat("%s: %s", FullName(section, key), std::string(s.message())));
    }
  }

  // The value as text if TOML's type is the one that the key wants.
  static std::optional<std::string> TextOf(const KeySpec& spec, const toml::node& node) {
    switch (spec.type) {
      case ValueType::kText:
      case ValueType::kPath:
      case ValueType::kDuration:
        if (const auto* text = node.as_string()) return text->get();
        return std::nullopt;
      case ValueType::kInteger:
        if (const auto* number = node.as_integer()) return absl::StrFormat("%d", number->get());
        return std::nullopt;
      case ValueType::kNumber:
        if (const auto* number = node.as_integer()) return absl::StrFormat("%d", number->get());
        if (const auto* real = node.as_floating_point()) {
          return absl::StrFormat("%.17g", real->get());
        }
        return std::nullopt;
      case ValueType::kBoolean:
        if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
        return std::nullopt;
    }
    return std::nullopt;
  }

  const std::string file_;
  Config& config_;
  absl::Status status_;
};

absl::Status ReadEnvironment(const Environment& environment, Config& config) {
  for (const KeySpec& spec : AllKeys()) {
    const std::string variable = VariableFor(spec);
    const char* value = environment(variable.c_str());
    if (value == nullptr) continue;
    if (const absl::Status s = spec.set(config, value); !s.ok()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: %s", variable, std::string(s.message())));
    }
  }
  return absl::OkStatus();
}

void MakeAbsolute(const fs::path& base, std::string& path) {
  if (!path.empty() && !fs::path(path).is_absolute()) {
    path = (base / path).lexically_normal().string();
  }
}

void ResolvePaths(Config& config) {
  const fs::path base = fs::absolute(config.file).parent_path();
  MakeAbsolute(base, config.state);
  MakeAbsolute(base, config.store.ca_file);
  MakeAbsolute(base, config.amqp.ca_file);
  MakeAbsolute(base, config.http.token_file);
  // A plan without a slash that is no folder beside the file is the name of a shipped one.
  if (config.plan.find('/') != std::string::npos || fs::is_directory(base / config.plan)) {
    MakeAbsolute(base, config.plan);
  }
  if (config.store.url.starts_with(kSqlite)) {
    std::string path = config.store.url.substr(kSqlite.size());
    MakeAbsolute(base, path);
    config.store.url = std::string(kSqlite) + path;
  }
}

absl::Status CheckStoreUrl(const Config& config) {
  const std::string& url = config.store.url;
  if (url.starts_with(kSqlite) && url.size() > kSqlite.size()) return absl::OkStatus();
  for (const std::string& node : StoreNodes(url)) {
    if (node.starts_with("http://") || node.starts_with("https://")) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: [store] url: expected sqlite:PATH, http://HOST:PORT or "
                        "https://HOST:PORT, found \"%s\"",
                        config.file, url));
  }
  return absl::OkStatus();
}

absl::Status Validate(const Config& config) {
  const auto missing = [&](const char* key, const char* example) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %s is missing, such as %s", config.file, key, example));
  };
  if (config.plan.empty()) return missing("plan", "plan = \"tis\"");
  if (config.state.empty()) return missing("state", "state = \"state\"");
  if (config.store.url.empty()) return missing("[store] url", "url = \"sqlite:store.db\"");
  if (absl::Status status = CheckStoreUrl(config); !status.ok()) return status;
  if (config.lease.beat.count() == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: [lease] beat must be longer than 0", config.file));
  }
  if (config.lease.timeout < 3 * config.lease.beat) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: [lease] timeout must be at least three times [lease] beat", config.file));
  }
  if (config.bulk.max_bytes > config.bulk.max_buffered_bytes) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: [bulk] bytes must not be more than [bulk] buffered_bytes", config.file));
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  uint64_t number = 0;
  if (digits == 0 || !absl::SimpleAtoi(std::string(text.substr(0, digits)), &number)) {
    return std::nullopt;
  }
  const std::string_view unit = text.substr(digits);
  uint64_t scale = 0;
  if (unit == "ms") scale = 1;
  if (unit == "s") scale = 1000;
  if (unit == "m") scale = 60'000;
  if (unit == "h") scale = 3'600'000;
  if (unit == "d") scale = 86'400'000;
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max() / 1'000'000;  // fits nanoseconds
  if (scale == 0 || number > kMost / scale) return std::nullopt;
  return std::chrono::milliseconds(number * scale);
}

absl::StatusOr<Config> ReadConfig(const std::string& file, const Environment& environment) {
  if (!fs::is_regular_file(file)) {
    return absl::NotFoundError(absl::StrFormat(
        "%s: there is no such configuration file; README.md shows a small one", file));
  }
  Config config;
  config.file = file;
  try {
    const toml::table root = toml::parse_file(file);
    if (absl::Status s = Reader(file, config).Read(root); !s.ok()) return s;
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s:%d: not TOML: %s", file, error.source().begin.line, std::string(error.description())));
  }
  if (absl::Status s = ReadEnvironment(environment, config); !s.ok()) return s;
  ResolvePaths(config);
  if (absl::Status s = Validate(config); !s.ok()) return s;
  return config;
}

std::vector<std::string> StoreNodes(std::string_view url) {
  std::vector<std::string> nodes;
  size_t begin = 0;
  for (size_t end = 0; end != url.npos; begin = end + 1) {
    end = url.find(',', begin);
    std::string node(url.substr(begin, end == url.npos ? end : end - begin));
    absl::StripAsciiWhitespace(&node);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

std::vector<ConfigKey> ConfigKeys() {
  static constexpr const char* kNames[] = {"text",    "path",   "duration",
                                           "integer", "number", "true or false"};
  std::vector<ConfigKey> keys;
  for (const KeySpec& spec : AllKeys()) {
    keys.push_back(
        {spec.section, spec.key, kNames[static_cast<int>(spec.type)], spec.fallback, spec.meaning});
  }
  return keys;
}

}  // namespace syncd
