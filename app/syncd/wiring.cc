#include "syncd/wiring.h"

#include <absl/strings/str_format.h>
#include <indexswap/opensearch.h>
#include <indexswap/sqlite.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "syncd/aws/credentials.h"
#include "syncd/sources/amqp.h"
#include "syncd/sources/ndjson.h"
#include "syncd/sources/sqs.h"

namespace syncd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSqlite = "sqlite:";
constexpr std::string_view kAmqp = "amqp:";
constexpr std::string_view kSqs = "sqs:";

const char* Getenv(const char* name) { return std::getenv(name); }

// Store and queues share one provider, so one role is assumed for both and refreshed once. `region`
// is only where STS is asked if the environment doesn't say.
std::shared_ptr<indexswap::AwsCredentialsProvider> AwsCredentialsIn(const std::string& region) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<indexswap::AwsCredentialsProvider>> providers;
  const bool said = !FindAwsRegion(Getenv).empty();
  const std::lock_guard lock(mutex);
  auto& provider = providers[said ? "" : region];
  if (provider == nullptr) provider = MakeAwsCredentials(Getenv, "", region);
  return provider;
}

AmqpOptions AmqpOptionsOf(const Config& config) {
  AmqpOptions options;
  options.url = config.amqp.url;
  options.ca_file = config.amqp.ca_file;
  options.declare = config.amqp.declare;
  options.prefetch_messages = static_cast<uint16_t>(config.amqp.prefetch_messages);
  options.prefetch_bytes = config.amqp.prefetch_bytes;
  options.heartbeat_s = static_cast<int>(config.amqp.heartbeat.count() / 1000);
  // Events too: a second consumer would take messages away, and mix up their order.
  options.exclusive = true;
  return options;
}

SqsOptions SqsOptionsOf(const Config& config) {
  SqsOptions options;
  options.endpoint = config.sqs.endpoint;
  options.region = config.sqs.region.empty() ? FindAwsRegion(Getenv) : config.sqs.region;
  options.connections = config.sqs.connections;
  options.visibility_timeout =
      std::chrono::duration_cast<std::chrono::seconds>(config.sqs.visibility);
  return options;
}

// For the queue at `url`.
SqsOptions SqsOptionsFor(SqsOptions options, const std::string& url) {
  // The queue's own region is right whatever the environment says.
  if (const std::string region = AwsRegionOf(url); !region.empty()) options.region = region;
  options.credentials = AwsCredentialsIn(options.region);
  return options;
}

class EachQueuesInspector : public SqsInspector {
 public:
  explicit EachQueuesInspector(SqsOptions options) : options_(std::move(options)) {}

  absl::StatusOr<SqsQueue> FindQueue(const std::string& url) override {
    return MakeSqsInspector(SqsOptionsFor(options_, url))->FindQueue(url);
  }

 private:
  const SqsOptions options_;
};

class FileSourcesImpl : public Sources {
 public:
  explicit FileSourcesImpl(std::string directory) : directory_(std::move(directory)) {}

  bool files() const override { return true; }
  Publisher* publisher() override { return nullptr; }

  absl::Status Check(const Plan& plan) const override {
    if (!fs::is_directory(directory_)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "--from %s: there is no such folder; it should hold one CHANNEL.ndjson for each snapshot "
          "channel",
          directory_));
    }
    for (const PlanChannel& channel : plan.channels) {
      if (channel.kind != PlanChannel::Kind::kSnapshot || channel.may_be_empty) continue;
      if (!fs::is_regular_file(PathOf(channel))) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "%s is missing: channel %s is part of every snapshot. Put the file there, or set "
            "may_be_empty = true for the channel in the plan",
            PathOf(channel), channel.name));
      }
    }
    return absl::OkStatus();
  }

  bool HasQueue(const PlanChannel& channel) const override { return fs::exists(PathOf(channel)); }

  std::chrono::milliseconds MinimumQuiet(const PlanChannel&) const override {
    return std::chrono::milliseconds(0);
  }

  absl::StatusOr<std::unique_ptr<Source>> Make(const PlanChannel& channel) override {
    const std::string path = PathOf(channel);
    if (channel.may_be_empty && !fs::exists(path)) return std::unique_ptr<Source>();
    return OpenNdjson(path);
  }

 private:
  std::string PathOf(const PlanChannel& channel) const {
    return (fs::path(directory_) / (channel.name + ".ndjson")).string();
  }

  const std::string directory_;
};

class QueueSourcesImpl : public Sources {
 public:
  explicit QueueSourcesImpl(const Config& config)
      : queues_(config.queues), amqp_(AmqpOptionsOf(config)), sqs_(SqsOptionsOf(config)) {}

  bool files() const override { return false; }

  absl::Status Check(const Plan& plan) const override {
    for (const auto& [name, queue] : queues_) {
      if (plan.FindChannel(name) == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrFormat("[queues] %s: the plan %s has no such channel", name, plan.name));
      }
    }
    for (const PlanChannel& channel : plan.channels) {
      const bool is_snapshot = channel.kind == PlanChannel::Kind::kSnapshot;
      if (!is_snapshot && !HasQueue(channel)) continue;
      const auto queue = QueueOf(channel);
      if (!queue.ok()) return queue.status();
      const bool needs_amqp = queue->starts_with(kAmqp) || channel.has_start;
      if (needs_amqp && amqp_.url.empty()) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "[amqp] url is missing: channel %s needs it. Set it, or read files with --from DIR",
            channel.name));
      }
    }
    return absl::OkStatus();
  }

  bool HasQueue(const PlanChannel& channel) const override { return !NameOf(channel).empty(); }

  absl::StatusOr<std::unique_ptr<Source>> Make(const PlanChannel& channel) override {
    const absl::StatusOr<std::string> queue = QueueOf(channel);
    if (!queue.ok()) return queue.status();
    if (queue->starts_with(kAmqp)) return MakeAmqpSource(amqp_, queue->substr(kAmqp.size()));
    const std::string url = queue->substr(kSqs.size());
    return MakeSqsSource(SqsOptionsFor(sqs_, url), url);
  }

  std::chrono::milliseconds MinimumQuiet(const PlanChannel& channel) const override {
    // For so long a message that was handed out and lost stays hidden.
    if (NameOf(channel).starts_with(kSqs)) return sqs_.visibility_timeout;
    return std::chrono::milliseconds(0);
  }

  Publisher* publisher() override {
    if (!publisher_) publisher_ = MakeAmqpPublisher(amqp_);
    return publisher_.get();
  }

 private:
  const std::string& NameOf(const PlanChannel& channel) const {
    const auto found = queues_.find(channel.name);
    return found == queues_.end() ? channel.queue : found->second;
  }

  // `amqp:NAME` or `sqs:URL`.
  absl::StatusOr<std::string> QueueOf(const PlanChannel& channel) const {
    const std::string& queue = NameOf(channel);
    if (queue.starts_with(kAmqp) && queue.size() > kAmqp.size()) return queue;
    if (queue.starts_with(kSqs) && queue.size() > kSqs.size()) return queue;
    if (queue.empty()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("channel %s has no queue: set [queues] %s = \"amqp:QUEUE\", or "
                          "\"sqs:QUEUE URL\"",
                          channel.name, channel.name));
    }
    return absl::InvalidArgumentError(absl::StrFormat(
        "[queues] %s = \"%s\": expected \"amqp:QUEUE\" or \"sqs:QUEUE URL\"", channel.name, queue));
  }

  const std::map<std::string, std::string> queues_;
  const AmqpOptions amqp_;
  const SqsOptions sqs_;
  std::unique_ptr<Publisher> publisher_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<indexswap::IndexStore>> OpenStore(const StoreConfig& config) {
  if (config.url.starts_with(kSqlite)) {
    auto store = indexswap::OpenSqliteStore(config.url.substr(kSqlite.size()), {});
    if (!store.ok()) return store.status();
    return std::shared_ptr<indexswap::IndexStore>(*std::move(store));
  }
  indexswap::OpenSearchOptions options;
  options.other_urls = StoreNodes(config.url);
  options.url = options.other_urls.front();
  options.other_urls.erase(options.other_urls.begin());
  if (config.auth == "basic") {
    options.user = config.user;
    options.password = config.password;
  }
  if (config.auth == "sigv4") {
    const std::string region = config.region.empty() ? FindAwsRegion(Getenv) : config.region;
    if (region.empty()) {
      return absl::InvalidArgumentError(
          "[store] auth = \"sigv4\" needs a region: set [store] region, or AWS_REGION");
    }
    options.aws = indexswap::AwsSigning{config.service, region, AwsCredentialsIn(region)};
  }
  options.ca_file = config.ca_file;
  options.compress = config.compress;
  options.connections = config.connections;
  options.request_timeout = config.request_timeout;
  auto store = indexswap::OpenOpenSearchStore(std::move(options));
  if (!store.ok()) return store.status();
  return std::shared_ptr<indexswap::IndexStore>(*std::move(store));
}

absl::StatusOr<std::shared_ptr<indexswap::IndexStore>> OpenExistingStore(
    const StoreConfig& config) {
  if (!config.url.starts_with(kSqlite)) return OpenStore(config);
  const std::string path = config.url.substr(kSqlite.size());
  std::error_code error;
  // An empty file is one that the first sync would make a store of.
  if (!fs::exists(path, error) || fs::is_empty(path, error)) {
    return absl::NotFoundError(absl::StrFormat("there is no store in the file %s", path));
  }
  indexswap::SqliteOptions options;
  options.create = false;
  auto store = indexswap::OpenSqliteStore(path, options);
  if (!store.ok()) return store.status();
  return std::shared_ptr<indexswap::IndexStore>(*std::move(store));
}

std::unique_ptr<Sources> FileSources(std::string directory) {
  return std::make_unique<FileSourcesImpl>(std::move(directory));
}

std::unique_ptr<Sources> QueueSources(const Config& config) {
  return std::make_unique<QueueSourcesImpl>(config);
}

std::string QueueOf(const Config& config, const PlanChannel& channel) {
  const auto found = config.queues.find(channel.name);
  return found == config.queues.end() ? channel.queue : found->second;
}

std::unique_ptr<BrokerInspector> InspectBroker(const Config& config) {
  return MakeAmqpInspector(AmqpOptionsOf(config));
}

std::unique_ptr<SqsInspector> InspectSqs(const Config& config) {
  return std::make_unique<EachQueuesInspector>(SqsOptionsOf(config));
}

}  // namespace syncd
