#include "syncd/report/report.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include <absl/time/time.h>
#include <indexswap/names.h>

#include <algorithm>
#include <boost/json.hpp>

#include "syncd/report/parts.h"

namespace syncd {
namespace {

namespace json = boost::json;

// Stands for the generation in the ids of live events' dead letters.
constexpr std::string_view kEvents = "events";

json::object Channels(const std::vector<ChannelState>& channels) {
  json::object object;
  for (const ChannelState& channel : channels) {
    object[channel.name] =
        json::object{{"messages", channel.messages}, {"records", channel.records},
                     {"rejected", channel.rejected}, {"empty", channel.empty},
                     {"markers", channel.markers},   {"left_over", channel.left_over},
                     {"starts", channel.starts},     {"ended", channel.ended}};
  }
  return object;
}

std::string_view CodeName(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
      return "invalid";
    case absl::StatusCode::kFailedPrecondition:
      return "refused";
    case absl::StatusCode::kAborted:
      return "lease_lost";
    case absl::StatusCode::kCancelled:
      return "interrupted";
    case absl::StatusCode::kUnknown:
      return "unknown_outcome";
    case absl::StatusCode::kDeadlineExceeded:
      return "stalled";
    case absl::StatusCode::kUnavailable:
      return "unavailable";
    default:
      return "failed";
  }
}

json::object Error(const absl::Status& status) {
  return {{"code", std::string(CodeName(status))}, {"message", std::string(status.message())}};
}

// How many events a generation is behind; nothing where nobody can say.
json::value Lag(uint64_t generation, const LocalStatus& local) {
  const auto behind = [&](uint64_t position) {
    return json::value(local.events_head - std::min(local.events_head, position));
  };
  const auto warm = local.warm.find(generation);
  if (warm != local.warm.end()) return behind(warm->second.answered);
  const auto cursor = local.cursors.find(generation);
  if (cursor != local.cursors.end()) return behind(cursor->second);
  return local.events_head == 0 ? json::value(0) : json::value(nullptr);
}

json::value ColdReason(uint64_t generation, const LocalStatus& local) {
  const auto cold = local.cold.find(generation);
  return cold == local.cold.end() ? json::value(nullptr) : json::value(cold->second);
}

json::value Trouble(uint64_t generation, const LocalStatus& local) {
  const auto warm = local.warm.find(generation);
  return warm == local.warm.end() ? json::value(nullptr) : TextOrNull(warm->second.trouble);
}

json::object Generation(const indexswap::GenerationStatus& generation, const LocalStatus& local) {
  json::array indexes;
  for (const auto& index : generation.indexes) {
    indexes.push_back(json::object{{"family", index.family},
                                   {"index", index.name},
                                   {"docs", OrNull(index.documents)},
                                   {"bytes", index.bytes}});
  }
  json::object object{{"n", generation.generation}, {"state", generation.state},
                      {"built_at", nullptr},        {"promoted_at", nullptr},
                      {"replaces", nullptr},        {"reason", nullptr},
                      {"gates", json::array()},     {"indexes", std::move(indexes)}};
  object["lag_events"] = Lag(generation.generation, local);
  object["cold"] = ColdReason(generation.generation, local);
  object["trouble"] = Trouble(generation.generation, local);
  const auto file = local.state.generations.find(generation.generation);
  object["file_bytes"] =
      file == local.state.generations.end() ? json::value(nullptr) : json::value(file->second);
  object["hydrated"] = local.hydrated.contains(generation.generation);
  if (generation.meta) {
    object["built_at"] = TextOrNull(generation.meta->sealed_at);
    object["promoted_at"] = TextOrNull(generation.meta->promoted_at);
    object["replaces"] = OrNull(generation.meta->replaces);
    object["reason"] = TextOrNull(generation.meta->reason);
    object["gates"] = Gates(generation.meta->gates);
  }
  return object;
}

json::object Events(const LocalStatus& local) {
  json::object channels;
  for (const auto& [name, counts] : local.events) {
    channels[name] = json::object{{"received", counts.received},
                                  {"journalled", counts.journalled},
                                  {"stale", counts.stale},
                                  {"empty", counts.empty},
                                  {"rejected", counts.rejected}};
  }
  return {{"head", local.events_head}, {"channels", std::move(channels)}};
}

json::object StateFolder(const StateFacts& facts) {
  json::object object{{"free_bytes", nullptr},
                      {"total_bytes", nullptr},
                      {"journal_bytes", facts.journal_bytes},
                      {"events", facts.events},
                      {"oldest_event", nullptr}};
  if (facts.space) {
    object["free_bytes"] = facts.space->free_bytes;
    object["total_bytes"] = facts.space->total_bytes;
  }
  if (facts.oldest_event_ms) object["oldest_event"] = FormatTime(*facts.oldest_event_ms);
  return object;
}

json::array Aliases(const indexswap::ReleaseStatus& status) {
  json::array array;
  for (const indexswap::AliasStatus& alias : status.aliases) {
    array.push_back(json::object{{"name", alias.name},
                                 {"index", TextOrNull(alias.index)},
                                 {"docs", OrNull(alias.documents)},
                                 {"pending", alias.pending}});
  }
  return array;
}

json::value Lease(const indexswap::ReleaseStatus& status) {
  if (!status.lease) return nullptr;
  json::object object{{"epoch", status.lease->epoch},
                      {"free", nullptr},
                      {"host", nullptr},
                      {"pid", nullptr},
                      {"beat", nullptr},
                      {"address", nullptr}};
  if (const auto& record = status.lease->record) {
    object["free"] = record->free;
    object["host"] = record->owner.host;
    object["pid"] = record->owner.pid;
    object["beat"] = record->beat;
    object["address"] = TextOrNull(record->owner.address);
  }
  return object;
}

// Whose dead letter it is; of a live event that no generation refused: nobody's.
json::value OfGeneration(const GenerationDeadLetter& one) {
  const uint64_t generation = one.generation == 0 ? one.letter.generation : one.generation;
  return generation == 0 ? json::value(nullptr) : json::value(generation);
}

json::object Letter(const GenerationDeadLetter& one) {
  return {{"id", DeadLetterId(one)},
          {"generation", OfGeneration(one)},
          {"channel", TextOrNull(one.letter.channel)},
          {"family", TextOrNull(one.letter.family)},
          {"document_id", TextOrNull(one.letter.document_id)},
          {"time", FormatTime(one.letter.time_ms)},
          {"kind", std::string(DeadLetterKindName(one.letter.kind))},
          {"reason", one.letter.reason}};
}

json::object Sync(const SyncOutcome& outcome, const indexswap::ReleaseStatus* status) {
  json::object documents, aliases;
  for (const auto& [family, count] : outcome.documents) documents[family] = count;
  json::object object;
  object["run"] = outcome.generation == 0 ? json::value(nullptr) : json::value(outcome.generation);
  object["generation"] = object["run"];
  object["state"] = outcome.state;
  object["live"] = nullptr;
  object["previous"] = nullptr;
  if (status != nullptr) {
    object["live"] = OrNull(status->live);
    object["previous"] = OrNull(status->previous);
    for (const indexswap::AliasStatus& alias : status->aliases) {
      aliases[alias.name] = OrNull(alias.documents);
    }
  }
  object["resumed"] = outcome.resumed;
  object["documents"] = std::move(documents);
  object["aliases"] = std::move(aliases);
  object["pending"] = json::array(outcome.pending.begin(), outcome.pending.end());
  object["gates"] = Gates(outcome.gates);
  object["channels"] = Channels(outcome.channels);
  object["dead_letters"] = outcome.dead_letters;
  object["receive_s"] = outcome.receive_s;
  object["load_s"] = outcome.load_s;
  object["build_s"] = outcome.build_s;
  object["swap_ms"] = outcome.swap_ms;
  if (!outcome.status.ok()) object["error"] = Error(outcome.status);
  return object;
}

}  // namespace

std::string FormatTime(int64_t ms_since_1970) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(ms_since_1970 / 1000 * 1000),
                          absl::UTCTimeZone());
}

std::string DeadLetterId(const GenerationDeadLetter& letter) {
  if (letter.generation == 0) return absl::StrFormat("%s-%d", kEvents, letter.letter.id);
  return absl::StrFormat("%d-%d", letter.generation, letter.letter.id);
}

std::string_view ErrorWord(const absl::Status& status) { return CodeName(status); }

std::optional<DeadLetterIdParts> ParseDeadLetterId(const std::string& text) {
  const size_t dash = text.find('-');
  DeadLetterIdParts parts;
  if (dash == std::string::npos || !absl::SimpleAtoi(text.substr(dash + 1), &parts.letter)) {
    return std::nullopt;
  }
  const std::string generation = text.substr(0, dash);
  if (generation == kEvents) return parts;
  if (!absl::SimpleAtoi(generation, &parts.generation) || parts.generation == 0) {
    return std::nullopt;
  }
  return parts;
}

std::string ErrorJson(const absl::Status& status) {
  return json::serialize(json::object{{"error", Error(status)}});
}

std::string SyncJson(const SyncOutcome& outcome, const indexswap::ReleaseStatus* status) {
  return json::serialize(Sync(outcome, status));
}

std::string StatusJson(const indexswap::ReleaseStatus& status, const LocalStatus& local) {
  json::array generations;
  for (const auto& generation : status.generations) {
    generations.push_back(Generation(generation, local));
  }
  json::value run = nullptr;
  if (local.run) {
    json::object channels = Channels(local.channels);
    for (auto& [name, channel] : channels) {
      const auto rate = local.rates.find(std::string(name));
      channel.as_object()["rate"] =
          rate == local.rates.end() ? json::value(nullptr) : json::value(rate->second);
    }
    run = json::object{{"n", *local.run},
                       {"state", local.run_stage},
                       {"channels", std::move(channels)},
                       {"loaded", OrNull(local.loaded)},
                       {"total", OrNull(local.total)},
                       {"eta_s", OrNull(local.eta_s)},
                       {"blocked", TextOrNull(local.blocked)}};
  }
  json::array findings(status.findings.begin(), status.findings.end());
  findings.insert(findings.end(), local.findings.begin(), local.findings.end());
  return json::serialize(json::object{
      {"store", status.store},
      {"role", local.role.empty() ? json::value(nullptr) : json::value(local.role)},
      {"live", OrNull(status.live)},
      {"previous", OrNull(status.previous)},
      {"building", OrNull(status.building)},
      {"run", std::move(run)},
      {"generations", std::move(generations)},
      {"aliases", Aliases(status)},
      {"lease", Lease(status)},
      {"findings", std::move(findings)},
      {"dead_letters", local.dead_letters},
      {"events", Events(local)},
      {"state_folder", StateFolder(local.state)},
      {"last_run", local.last ? json::value(Sync(*local.last, nullptr)) : json::value(nullptr)}});
}

std::string PruneJson(const PruneOutcome& pruned, bool dry_run) {
  const indexswap::PruneReport& report = pruned.store;
  json::array verdicts, files;
  for (const StateFile& file : pruned.files) {
    files.push_back(
        json::object{{"file", file.name}, {"generation", file.generation}, {"bytes", file.bytes}});
  }
  for (const indexswap::RetentionVerdict& verdict : report.verdicts) {
    verdicts.push_back(json::object{
        {"generation", verdict.generation}, {"prune", verdict.prune}, {"reason", verdict.reason}});
  }
  return json::serialize(
      json::object{{"dry_run", dry_run},
                   {"verdicts", std::move(verdicts)},
                   {"deleted", json::array(report.deleted.begin(), report.deleted.end())},
                   {"files", std::move(files)}});
}

std::string DeadLettersJson(const std::vector<GenerationDeadLetter>& letters) {
  json::array array;
  for (const GenerationDeadLetter& letter : letters) array.push_back(Letter(letter));
  return json::serialize(json::object{{"dead_letters", std::move(array)}});
}

std::string DeadLetterJson(const GenerationDeadLetter& letter) {
  json::object object = Letter(letter);
  object["body"] = letter.letter.body;
  return json::serialize(object);
}

}  // namespace syncd
