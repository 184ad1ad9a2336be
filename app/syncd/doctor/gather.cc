#include "syncd/doctor/gather.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "syncd/readmodel/generation_file.h"
#include "syncd/readmodel/journal.h"
#include "syncd/sync/state_disk.h"
#include "syncd/sync/state_files.h"

namespace syncd {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAmqp = "amqp:";
constexpr std::string_view kSqs = "sqs:";
constexpr uint32_t kPermissions = 07777;

// The nearest folder on the way to `path` that is there.
fs::path NearestExisting(fs::path path) {
  std::error_code error;
  while (!path.empty() && !fs::exists(path, error) && path != path.parent_path()) {
    path = path.parent_path();
  }
  return path.empty() ? fs::path(".") : path;
}

}  // namespace

FolderFacts GatherFolder(const std::string& state) {
  FolderFacts facts;
  std::error_code error;
  struct stat status = {};
  facts.exists = stat(state.c_str(), &status) == 0;
  facts.is_folder = facts.exists && S_ISDIR(status.st_mode);
  if (facts.exists) facts.mode = status.st_mode & kPermissions;
  const fs::path at = NearestExisting(state);
  facts.writable = access(at.c_str(), W_OK | X_OK) == 0;
  if (const auto space = SpaceOf(state); space.ok()) facts.free_bytes = space->free_bytes;
  if (!facts.is_folder) return facts;
  const auto note = [&](uint64_t generation, const absl::Status& opened) {
    if (absl::IsUnimplemented(opened)) facts.newer.emplace(generation, opened.message());
  };
  if (fs::exists(fs::path(state) / kJournalFile, error)) {
    note(0, OpenJournalFile(state, Database::Mode::kReadOnly).status());
  }
  facts.generations = GenerationsIn(state);
  for (const uint64_t generation : facts.generations) {
    const auto path = fs::path(state) / absl::StrFormat("v%d.db", generation);
    note(generation, GenerationFile::OpenReadOnly(path.string()).status());
    const uintmax_t bytes = fs::file_size(path, error);
    if (!error) facts.largest_file = std::max<uint64_t>(facts.largest_file, bytes);
  }
  facts.holder = StateLock::Holder(state);
  return facts;
}

absl::Status ReadTokenFile(const std::string& token_file) {
  if (token_file.empty()) return absl::OkStatus();
  std::ifstream in(token_file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  absl::StripAsciiWhitespace(&text);
  if (!in.is_open()) {
    return absl::NotFoundError(
        absl::StrFormat("[http] token_file = \"%s\" cannot be read", token_file));
  }
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (text.empty() || !printable) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "[http] token_file = \"%s\" %s", token_file,
        text.empty() ? "is empty" : "holds other characters than printable ASCII without spaces"));
  }
  return absl::OkStatus();
}

BrokerFacts GatherQueues(const GatherTools& tools, const Plan& plan) {
  BrokerFacts facts;
  facts.configured = tools.check_queues(plan);
  std::set<std::string> exchanges;
  if (plan.has_after_swap) exchanges.insert(plan.after_swap.exchange);
  for (const PlanChannel& channel : plan.channels) {
    facts.queues.push_back({&channel, tools.queue_of(channel), std::nullopt, std::nullopt});
    if (channel.has_start) exchanges.insert(channel.start.exchange);
    if (facts.queues.back().queue.starts_with(kAmqp)) facts.needed = true;
  }
  exchanges.erase("");  // the default exchange is always there
  facts.needed = facts.needed || !exchanges.empty();
  if (facts.needed && tools.broker != nullptr) facts.connected = tools.broker->Connect();
  const bool connected = facts.needed && tools.broker != nullptr && facts.connected.ok();
  if (connected) {
    for (const std::string& name : exchanges) {
      facts.exchanges[name] = tools.broker->FindExchange(name);
    }
  }
  for (QueueFacts& queue : facts.queues) {
    if (queue.queue.starts_with(kAmqp) && connected) {
      queue.broker = tools.broker->FindQueue(queue.queue.substr(kAmqp.size()));
    } else if (queue.queue.starts_with(kSqs) && tools.sqs != nullptr) {
      queue.sqs = tools.sqs->FindQueue(queue.queue.substr(kSqs.size()));
    }
  }
  return facts;
}

void Gather(const GatherTools& tools, Facts& facts) {
  facts.token_read = ReadTokenFile(facts.config.http.token_file);
  facts.folder = GatherFolder(facts.config.state);
  facts.broker = GatherQueues(tools, facts.plan);
  facts.store = GatherStore(tools, facts.config, facts.plan);
}

}  // namespace syncd
