#include "syncd/config/keys.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>

namespace syncd {
namespace {

using std::chrono::milliseconds;

// Where the value of a key goes: a pointer to the member, found anew in each Config.
template <typename T>
using Place = std::function<T&(Config&)>;

absl::Status Wrong(const std::string& expected, const std::string& text) {
  return absl::InvalidArgumentError(absl::StrFormat("expected %s, found \"%s\"", expected, text));
}

KeySpec Text(std::string section, std::string key, std::string fallback, std::string meaning,
             Place<std::string> place, ValueType type = ValueType::kText) {
  return {std::move(section),
          std::move(key),
          type,
          std::move(fallback),
          std::move(meaning),
          [place](Config& config, const std::string& text) {
            place(config) = text;
            return absl::OkStatus();
          }};
}

KeySpec Choice(std::string section, std::string key, std::vector<std::string> choices,
               std::string meaning, std::function<void(Config&, const std::string&)> place) {
  std::string expected = "one of";
  for (const std::string& choice : choices) expected += " \"" + choice + "\"";
  const std::string fallback = choices.front();
  return {std::move(section),
          std::move(key),
          ValueType::kText,
          fallback,
          std::move(meaning),
          [=](Config& config, const std::string& text) {
            for (const std::string& choice : choices) {
              if (choice == text) return place(config, choice), absl::OkStatus();
            }
            return Wrong(expected, text);
          }};
}

// A whole number from `least` on.
template <typename T>
KeySpec Integer(std::string section, std::string key, uint64_t least, uint64_t most,
                std::string fallback, std::string meaning, Place<T> place) {
  return {std::move(section),
          std::move(key),
          ValueType::kInteger,
          std::move(fallback),
          std::move(meaning),
          [=](Config& config, const std::string& text) {
            uint64_t value = 0;
            if (!absl::SimpleAtoi(text, &value) || value < least || value > most) {
              return Wrong(absl::StrFormat("a whole number from %d to %d", least, most), text);
            }
            place(config) = static_cast<T>(value);
            return absl::OkStatus();
          }};
}

KeySpec Number(std::string section, std::string key, std::string fallback, std::string meaning,
               Place<double> place, bool (*allowed)(double), const char* expected) {
  return {std::move(section),
          std::move(key),
          ValueType::kNumber,
          std::move(fallback),
          std::move(meaning),
          [=](Config& config, const std::string& text) {
            double value = 0;
            if (!absl::SimpleAtod(text, &value) || !allowed(value)) return Wrong(expected, text);
            place(config) = value;
            return absl::OkStatus();
          }};
}

KeySpec Part(std::string section, std::string key, std::string fallback, std::string meaning,
             Place<double> place) {
  const auto allowed = [](double value) { return value >= 0 && value <= 1; };  // not NaN
  return Number(std::move(section), std::move(key), std::move(fallback), std::move(meaning),
                std::move(place), allowed, "a number from 0 to 1");
}

KeySpec Factor(std::string section, std::string key, std::string fallback, std::string meaning,
               Place<double> place) {
  const auto allowed = [](double value) { return value == 0 || (value > 1 && value <= 1000); };
  return Number(std::move(section), std::move(key), std::move(fallback), std::move(meaning),
                std::move(place), allowed, "0, or a number above 1 up to 1000");
}

KeySpec Flag(std::string section, std::string key, std::string fallback, std::string meaning,
             Place<bool> place) {
  return {std::move(section),
          std::move(key),
          ValueType::kBoolean,
          std::move(fallback),
          std::move(meaning),
          [=](Config& config, const std::string& text) {
            if (text != "true" && text != "false") return Wrong("true or false", text);
            place(config) = text == "true";
            return absl::OkStatus();
          }};
}

template <typename T>
KeySpec Duration(std::string section, std::string key, std::string fallback, std::string meaning,
                 Place<T> place) {
  return {std::move(section),
          std::move(key),
          ValueType::kDuration,
          std::move(fallback),
          std::move(meaning),
          [=](Config& config, const std::string& text) {
            const auto value = ParseDuration(text);
            if (!value) return Wrong(Expectation(ValueType::kDuration), text);
            place(config) = std::chrono::duration_cast<T>(*value);
            return absl::OkStatus();
          }};
}

constexpr uint64_t kMiB = 1u << 20;
constexpr uint64_t kMany = 1'000'000'000;

void AddStoreKeys(std::vector<KeySpec>& keys) {
  keys.push_back(Text(
      "", "plan", "", "the plan: a folder, or the name of a shipped one (`tis`)",
      [](Config& c) -> std::string& { return c.plan; }, ValueType::kText));
  keys.push_back(Text(
      "", "state", "", "the state folder; made if absent, readable by its owner only",
      [](Config& c) -> std::string& { return c.state; }, ValueType::kPath));
  keys.push_back(Text("store", "url", "",
                      "where the indexes live: `sqlite:PATH`, `http://HOST:PORT` or `https://…`; "
                      "of a cluster several nodes, separated by commas",
                      [](Config& c) -> std::string& { return c.store.url; }));
  keys.push_back(Choice("store", "auth", {"none", "basic", "sigv4"}, "how to prove who asks",
                        [](Config& c, const std::string& choice) { c.store.auth = choice; }));
  keys.push_back(Choice("store", "service", {"es", "aoss"},
                        "for `auth = \"sigv4\"`: OpenSearch Service, or Serverless",
                        [](Config& c, const std::string& choice) { c.store.service = choice; }));
  keys.push_back(Text("store", "region", "",
                      "for `auth = \"sigv4\"`; without it as in the environment or the profile",
                      [](Config& c) -> std::string& { return c.store.region; }));
  keys.push_back(Text("store", "user", "", "for `auth = \"basic\"`",
                      [](Config& c) -> std::string& { return c.store.user; }));
  keys.push_back(Text("store", "password", "",
                      "for `auth = \"basic\"`; better given as SYNCD_STORE_PASSWORD",
                      [](Config& c) -> std::string& { return c.store.password; }));
  keys.push_back(Text(
      "store", "ca_file", "", "certificates (PEM) to trust instead of the system's",
      [](Config& c) -> std::string& { return c.store.ca_file; }, ValueType::kPath));
  keys.push_back(Flag("store", "compress", "false",
                      "gzip requests and answers: for a cluster behind a slow network",
                      [](Config& c) -> bool& { return c.store.compress; }));
  keys.push_back(Integer<uint64_t>("store", "connections", 1, 64, "8",
                                   "HTTP connections kept open at most",
                                   [](Config& c) -> uint64_t& { return c.store.connections; }));
  keys.push_back(Duration<milliseconds>(
      "store", "request_timeout", "60s", "after which the answer to a request counts as lost",
      [](Config& c) -> milliseconds& { return c.store.request_timeout; }));
  keys.push_back(Duration<milliseconds>(
      "store", "outcome_timeout", "60s",
      "how long to try to find out what a request did whose answer was lost, before exit code 4",
      [](Config& c) -> milliseconds& { return c.store.outcome_timeout; }));
}

void AddAmqpKeys(std::vector<KeySpec>& keys) {
  keys.push_back(Text("amqp", "url", "",
                      "the broker: `amqp://USER:PASSWORD@HOST:PORT/VHOST` or `amqps://…`; needed "
                      "when a channel is read from a queue",
                      [](Config& c) -> std::string& { return c.amqp.url; }));
  keys.push_back(Text(
      "amqp", "ca_file", "", "certificates (PEM) to trust instead of the system's",
      [](Config& c) -> std::string& { return c.amqp.ca_file; }, ValueType::kPath));
  keys.push_back(Flag("amqp", "declare", "false",
                      "declare queues, exchanges and bindings that are missing",
                      [](Config& c) -> bool& { return c.amqp.declare; }));
  keys.push_back(Integer<uint64_t>(
      "amqp", "prefetch_messages", 2, 65535, "1000", "messages fetched ahead of what is committed",
      [](Config& c) -> uint64_t& { return c.amqp.prefetch_messages; }));
  keys.push_back(
      Integer<uint64_t>("amqp", "prefetch_bytes", kMiB, 1024 * kMiB, "16777216",
                        "bytes fetched ahead of what is committed; a larger message comes alone",
                        [](Config& c) -> uint64_t& { return c.amqp.prefetch_bytes; }));
  keys.push_back(Duration<milliseconds>(
      "amqp", "heartbeat", "20s", "a connection silent for twice as long is given up",
      [](Config& c) -> milliseconds& { return c.amqp.heartbeat; }));
}

void AddSqsKeys(std::vector<KeySpec>& keys) {
  keys.push_back(Text("sqs", "endpoint", "", "where SQS answers; without it the queue's URL says",
                      [](Config& c) -> std::string& { return c.sqs.endpoint; }));
  keys.push_back(Text("sqs", "region", "",
                      "without it as in the queue's URL, the environment, or the profile",
                      [](Config& c) -> std::string& { return c.sqs.region; }));
  keys.push_back(Integer<uint64_t>("sqs", "connections", 1, 32, "4",
                                   "requests that wait for messages of one queue at a time",
                                   [](Config& c) -> uint64_t& { return c.sqs.connections; }));
  keys.push_back(Duration<milliseconds>(
      "sqs", "visibility", "2m",
      "for how long a message is hidden from others; extended while it is worked on",
      [](Config& c) -> milliseconds& { return c.sqs.visibility; }));
}

void AddHttpKeys(std::vector<KeySpec>& keys) {
  keys.push_back(Text("http", "listen", "127.0.0.1:8088",
                      "where `serve` answers; anything but loopback needs a `token_file`",
                      [](Config& c) -> std::string& { return c.http.listen; }));
  keys.push_back(Text("http", "base_path", "",
                      "a prefix under which all of it is served as well, such as `/integration`",
                      [](Config& c) -> std::string& { return c.http.base_path; }));
  keys.push_back(Text(
      "http", "token_file", "", "its content is asked for by calls that change something",
      [](Config& c) -> std::string& { return c.http.token_file; }, ValueType::kPath));
}

void AddSyncKeys(std::vector<KeySpec>& keys) {
  keys.push_back(Flag("sync", "sequential", "false",
                      "start each snapshot channel only when the one before it has ended",
                      [](Config& c) -> bool& { return c.sync.sequential; }));
  keys.push_back(
      Duration<milliseconds>("sync", "start_timeout", "30s",
                             "a start message that brings nothing for so long is sent again",
                             [](Config& c) -> milliseconds& { return c.sync.start_timeout; }));
  keys.push_back(Duration<milliseconds>(
      "sync", "stall_timeout", "5m", "a channel that brings nothing for so long fails the sync",
      [](Config& c) -> milliseconds& { return c.sync.stall_timeout; }));
  keys.push_back(Duration<milliseconds>(
      "sync", "quiet", "2s",
      "a channel has ended once nothing came for so long after its end marker",
      [](Config& c) -> milliseconds& { return c.sync.quiet; }));
  keys.push_back(
      Duration<milliseconds>("sync", "owed_timeout", "60s",
                             "how long to wait for the end marker that an earlier sync is owed",
                             [](Config& c) -> milliseconds& { return c.sync.owed_timeout; }));
  keys.push_back(Duration<milliseconds>(
      "sync", "overlap", "1h", "a new build gets live events from so long before its start, too",
      [](Config& c) -> milliseconds& { return c.sync.overlap; }));
  keys.push_back(Duration<milliseconds>(
      "sync", "pause_max", "2s",
      "for how long a swap may hold live events back; then it is tried again later",
      [](Config& c) -> milliseconds& { return c.sync.pause_max; }));
  keys.push_back(Duration<milliseconds>(
      "dead_letters", "keep", "30d", "after which the dead letters of live events are forgotten",
      [](Config& c) -> milliseconds& { return c.keep_dead_letters; }));
}

void AddGateKeys(std::vector<KeySpec>& keys) {
  keys.push_back(Integer<uint64_t>("gates", "max_refused", 0, kMany, "0",
                                   "documents that the store may refuse",
                                   [](Config& c) -> uint64_t& { return c.gates.max_refused; }));
  keys.push_back(Part("gates", "max_rejected", "0.001",
                      "part of a channel's records that may be rejected …",
                      [](Config& c) -> double& { return c.rejected.part; }));
  keys.push_back(Integer<uint64_t>("gates", "max_rejected_count", 0, kMany, "10",
                                   "… or this many, whichever is more",
                                   [](Config& c) -> uint64_t& { return c.rejected.count; }));
  keys.push_back(Part("gates", "max_shrink", "0.10",
                      "part of its documents that an alias may lose …",
                      [](Config& c) -> double& { return c.gates.max_shrink; }));
  keys.push_back(Integer<uint64_t>("gates", "shrink_slack", 0, kMany, "20",
                                   "… or this many, whichever is more",
                                   [](Config& c) -> uint64_t& { return c.gates.shrink_slack; }));
  keys.push_back(
      Choice("gates", "digest", {"sample", "all"},
             "which documents are read back and compared before a swap; `all` costs a pass over "
             "the new indexes, and some work for each document loaded",
             [](Config& c, const std::string& choice) { c.gates.digest_all = choice == "all"; }));
  keys.push_back(Integer<size_t>("gates", "digest_sample", 0, 100'000, "1000",
                                 "how many documents a sample has; 0: none",
                                 [](Config& c) -> size_t& { return c.gates.digest_sample; }));
  keys.push_back(Integer<uint64_t>("gates", "min_free_bytes", 0, 1024 * 1024 * 1024 * kMiB,
                                   "268435456",
                                   "bytes that a build must leave free for live events on the "
                                   "state folder's disk, beside what its own file needs",
                                   [](Config& c) -> uint64_t& { return c.disk.min_free_bytes; }));
  keys.push_back(Choice("gates", "health", {"yellow", "green"}, "the worst health that passes",
                        [](Config& c, const std::string& choice) {
                          c.gates.health = choice == "yellow" ? indexswap::Health::Colour::kYellow
                                                              : indexswap::Health::Colour::kGreen;
                        }));
}

void AddWriterKeys(std::vector<KeySpec>& keys) {
  keys.push_back(Integer<int>("retention", "generations", 1, 1000, "2",
                              "complete generations kept, the live one included",
                              [](Config& c) -> int& { return c.retention.generations; }));
  keys.push_back(Duration<std::chrono::seconds>(
      "retention", "grace", "10m", "how long an index stays after its aliases have left it",
      [](Config& c) -> std::chrono::seconds& { return c.retention.grace; }));
  keys.push_back(Duration<std::chrono::seconds>(
      "retention", "max_age", "0s",
      "a complete generation goes so long after it was sealed, promoted or not; `0s`: never for "
      "that",
      [](Config& c) -> std::chrono::seconds& { return c.retention.max_age; }));
  keys.push_back(Integer<uint64_t>(
      "retention", "max_bytes", 0, 1024 * 1024 * kMiB, "0",
      "the oldest go until the complete ones take no more in the store (primaries); 0: no bound",
      [](Config& c) -> uint64_t& { return c.retention.max_bytes; }));
  keys.push_back(
      Flag("retention", "automatic", "false",
           "whether a daemon prunes without being asked, within a minute after something may go",
           [](Config& c) -> bool& { return c.prune_automatically; }));
  keys.push_back(Integer<size_t>("bulk", "documents", 1, 100'000, "2500",
                                 "documents in one bulk request at most",
                                 [](Config& c) -> size_t& { return c.bulk.max_documents; }));
  keys.push_back(Integer<size_t>("bulk", "bytes", 1024, 9 * kMiB, "3145728",
                                 "bytes in one bulk request at most (Amazon takes 10 MiB)",
                                 [](Config& c) -> size_t& { return c.bulk.max_bytes; }));
  keys.push_back(Integer<size_t>("bulk", "buffered_bytes", kMiB, 1024 * kMiB, "16777216",
                                 "bytes waiting and in flight together",
                                 [](Config& c) -> size_t& { return c.bulk.max_buffered_bytes; }));
  keys.push_back(Integer<int>("bulk", "in_flight", 1, 64, "3",
                              "bulk requests at the same time at most",
                              [](Config& c) -> int& { return c.bulk.in_flight; }));
  keys.push_back(
      Duration<milliseconds>("bulk", "retry_min", "50ms", "first wait before sending again",
                             [](Config& c) -> milliseconds& { return c.bulk.retry_min; }));
  keys.push_back(
      Duration<milliseconds>("bulk", "retry_max", "5s", "longest wait before sending again",
                             [](Config& c) -> milliseconds& { return c.bulk.retry_max; }));
  keys.push_back(Duration<milliseconds>(
      "bulk", "give_up", "5m",
      "a batch of which nothing gets through for so long fails the sync; a block doesn't count; "
      "a live document with which the server fails for so long, while it takes others, is a dead "
      "letter",
      [](Config& c) -> milliseconds& { return c.bulk.give_up; }));
  keys.push_back(
      Factor("bulk", "reader_latency_factor", "0",
             "readers first: send less while more than about one of 100 searches through "
             "the live aliases takes longer than so many times what 99 of 100 took at "
             "most before the load; 0: never",
             [](Config& c) -> double& { return c.bulk.reader_latency_factor; }));
  keys.push_back(Duration<milliseconds>("lease", "beat", "2s",
                                        "how often the writer shows that it lives",
                                        [](Config& c) -> milliseconds& { return c.lease.beat; }));
  keys.push_back(Duration<milliseconds>(
      "lease", "timeout", "10s",
      "how long a rival watches a lease that does not beat before it takes it",
      [](Config& c) -> milliseconds& { return c.lease.timeout; }));
}

}  // namespace

const char* Expectation(ValueType type) {
  switch (type) {
    case ValueType::kText:
      return "text in quotes";
    case ValueType::kPath:
      return "a path in quotes";
    case ValueType::kDuration:
      return "a duration in quotes, such as \"90s\" (ms, s, m, h, d)";
    case ValueType::kInteger:
      return "a whole number";
    case ValueType::kNumber:
      return "a number";
    case ValueType::kBoolean:
      return "true or false";
  }
  return "";
}

const std::vector<KeySpec>& AllKeys() {
  static const std::vector<KeySpec>* const keys = [] {
    auto* all = new std::vector<KeySpec>;
    AddStoreKeys(*all);
    AddAmqpKeys(*all);
    AddSqsKeys(*all);
    AddHttpKeys(*all);
    AddSyncKeys(*all);
    AddGateKeys(*all);
    AddWriterKeys(*all);
    return all;
  }();
  return *keys;
}

}  // namespace syncd
