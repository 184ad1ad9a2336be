// The configuration of syncd: one TOML file, each key overridable by the environment.
#ifndef SYNCD_CONFIG_CONFIG_H_
#define SYNCD_CONFIG_CONFIG_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/options.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncd {

// Where the indexes live.
struct StoreConfig {
  std::string url;  // `sqlite:PATH`, or nodes as for StoreNodes
  std::string auth = "none";
  std::string service = "es";  // for sigv4
  std::string region;
  std::string user;
  std::string password;
  std::string ca_file;
  bool compress = false;
  uint64_t connections = 8;
  std::chrono::milliseconds request_timeout{60'000};
  std::chrono::milliseconds outcome_timeout{60'000};
};

// How RabbitMQ is reached.
struct AmqpConfig {
  std::string url;
  std::string ca_file;
  bool declare = false;
  uint64_t prefetch_messages = 1000;
  uint64_t prefetch_bytes = 16u << 20;
  std::chrono::milliseconds heartbeat{20'000};
};

// How Amazon SQS is reached.
struct SqsConfig {
  std::string endpoint;  // empty: where the queue's URL says
  std::string region;    // empty: as in the queue's URL, or the environment
  uint64_t connections = 4;
  std::chrono::milliseconds visibility{120'000};
};

// What the daemon answers on.
struct HttpConfig {
  std::string listen = "127.0.0.1:8088";
  std::string base_path;
  std::string token_file;
};

// How a run behaves.
struct SyncConfig {
  bool sequential = false;
  std::chrono::milliseconds start_timeout{30'000};
  std::chrono::milliseconds stall_timeout{300'000};
  std::chrono::milliseconds quiet{2'000};
  std::chrono::milliseconds owed_timeout{60'000};
  std::chrono::milliseconds overlap{3'600'000};  // live events this old are in a new build, too
  std::chrono::milliseconds pause_max{2'000};    // for which a swap may hold live events back
};

// How many records of a snapshot channel may be rejected.
struct RejectedConfig {
  double part = 0.001;  // of the channel's records …
  uint64_t count = 10;  // … or this many, whichever is more
};

// What a build must leave free on the state folder's disk.
struct DiskConfig {
  uint64_t min_free_bytes = 256u << 20;
};

// Everything that a command needs to know. Paths are absolute once read.
struct Config {
  std::string file;  // where it was read from
  std::string plan;  // a folder, or the name of a shipped plan
  std::string state;
  StoreConfig store;
  AmqpConfig amqp;
  std::map<std::string, std::string> queues;  // channel to `amqp:NAME`, beside the plan's defaults
  SqsConfig sqs;
  HttpConfig http;
  SyncConfig sync;
  std::chrono::milliseconds keep_dead_letters{30LL * 24 * 3'600'000};
  RejectedConfig rejected;
  DiskConfig disk;
  indexswap::GateOptions gates;
  indexswap::RetentionPolicy retention;
  bool prune_automatically = false;  // by the daemon, without being asked
  indexswap::BulkOptions bulk;
  indexswap::LeaseOptions lease;
};

// How a variable of the environment is looked up; nullptr when it is not set.
using Environment = std::function<const char*(const char*)>;

// Reads `file`. kInvalidArgument names file, line and key, and what was expected: a key that does
// not exist, a wrong type, a value out of range; kNotFound when there is no such file.
// `environment` overrides each key as SYNCD_<SECTION>_<KEY>, or SYNCD_<KEY> outside a section.
absl::StatusOr<Config> ReadConfig(const std::string& file, const Environment& environment);

// The nodes of a cluster in `[store] url`, at least one: `http://HOST:PORT,https://HOST:PORT`.
std::vector<std::string> StoreNodes(std::string_view url);

// One key, for the table in the documents.
struct ConfigKey {
  std::string section;  // empty: outside a section
  std::string key;
  std::string type;      // `text`, `path`, `duration`, `integer`, `number`, `true or false`
  std::string fallback;  // as written in the file; empty: none
  std::string meaning;
};

// Every key, in the order of the documents.
std::vector<ConfigKey> ConfigKeys();

// `90s`, `1500ms`, `2m`, `24h`, `7d`. Nothing for anything else.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

}  // namespace syncd

#endif  // SYNCD_CONFIG_CONFIG_H_
