#include "syncd/cli/output.h"

#include <absl/strings/str_format.h>
#include <absl/time/time.h>
#include <indexswap/names.h>

#include <boost/json.hpp>
#include <cstdio>

namespace syncd {
namespace {

namespace json = boost::json;

template <typename T>
json::value OrNull(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::value TextOrNull(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::array Actions(const std::vector<indexswap::AliasAction>& actions) {
  json::array array;
  for (const indexswap::AliasAction& action : actions) {
    const bool add = action.kind == indexswap::AliasAction::Kind::kAdd;
    array.push_back(json::object{{"kind", add ? "add" : "remove"},
                                 {"alias", action.alias},
                                 {"index", action.index},
                                 {"filter", TextOrNull(action.filter)}});
  }
  return array;
}

json::array Gates(const std::vector<indexswap::GateResult>& gates) {
  json::array array;
  for (const indexswap::GateResult& gate : gates) {
    array.push_back(json::object{{"gate", gate.gate},
                                 {"passed", gate.passed},
                                 {"overridden", gate.overridden},
                                 {"detail", gate.detail}});
  }
  return array;
}

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

const char* CodeName(const absl::Status& status) {
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
  return {{"code", CodeName(status)}, {"message", std::string(status.message())}};
}

json::object Generation(const indexswap::GenerationStatus& generation) {
  json::array indexes;
  for (const auto& index : generation.indexes) {
    indexes.push_back(json::object{{"family", index.family},
                                   {"index", index.name},
                                   {"docs", OrNull(index.documents)},
                                   {"bytes", index.bytes}});
  }
  json::object object{
      {"n", generation.generation}, {"state", generation.state},     {"built_at", nullptr},
      {"promoted_at", nullptr},     {"replaces", nullptr},           {"reason", nullptr},
      {"gates", json::array()},     {"indexes", std::move(indexes)}, {"lag_events", 0}};
  if (generation.meta) {
    object["built_at"] = TextOrNull(generation.meta->sealed_at);
    object["promoted_at"] = TextOrNull(generation.meta->promoted_at);
    object["replaces"] = OrNull(generation.meta->replaces);
    object["reason"] = TextOrNull(generation.meta->reason);
    object["gates"] = Gates(generation.meta->gates);
  }
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

json::object Letter(const GenerationDeadLetter& one) {
  return {{"id", DeadLetterId(one)},
          {"generation", one.generation},
          {"channel", TextOrNull(one.letter.channel)},
          {"family", TextOrNull(one.letter.family)},
          {"document_id", TextOrNull(one.letter.document_id)},
          {"time", FormatTime(one.letter.time_ms)},
          {"kind", std::string(DeadLetterKindName(one.letter.kind))},
          {"reason", one.letter.reason}};
}

}  // namespace

std::string FormatTime(int64_t ms_since_1970) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(ms_since_1970 / 1000 * 1000),
                          absl::UTCTimeZone());
}

std::string DeadLetterId(const GenerationDeadLetter& letter) {
  return absl::StrFormat("%d-%d", letter.generation, letter.letter.id);
}

void PrintLine(const std::string& line) {
  std::fprintf(stdout, "%s\n", line.c_str());
  std::fflush(stdout);
}

std::string ErrorJson(const absl::Status& status) {
  return json::serialize(json::object{{"error", Error(status)}});
}

std::string SyncJson(const SyncOutcome& outcome, const indexswap::ReleaseStatus* status) {
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
  return json::serialize(object);
}

std::string StatusJson(const indexswap::ReleaseStatus& status, const LocalStatus& local) {
  json::array generations;
  for (const auto& generation : status.generations) generations.push_back(Generation(generation));
  json::value run = nullptr;
  if (local.run) {
    run = json::object{
        {"n", *local.run},   {"state", local.run_stage}, {"channels", Channels(local.channels)},
        {"loaded", nullptr}, {"total", nullptr},         {"eta_s", nullptr}};
  }
  return json::serialize(
      json::object{{"store", status.store},
                   {"live", OrNull(status.live)},
                   {"previous", OrNull(status.previous)},
                   {"building", OrNull(status.building)},
                   {"run", std::move(run)},
                   {"generations", std::move(generations)},
                   {"aliases", Aliases(status)},
                   {"lease", Lease(status)},
                   {"findings", json::array(status.findings.begin(), status.findings.end())},
                   {"dead_letters", local.dead_letters},
                   {"events", json::object{}}});
}

std::string PlanJson(const indexswap::SwapReport& report, const std::vector<std::string>& indexes) {
  json::error_code error;
  json::value request = json::parse(report.request, error);
  if (error) request = json::value(report.request);
  return json::serialize(
      json::object{{"from", report.from == 0 ? json::value(nullptr) : json::value(report.from)},
                   {"to", report.to},
                   {"indexes", json::array(indexes.begin(), indexes.end())},
                   {"actions", Actions(report.actions)},
                   {"pending", json::array(report.pending.begin(), report.pending.end())},
                   {"request", std::move(request)}});
}

std::string RollbackJson(const indexswap::SwapReport& report) {
  return json::serialize(
      json::object{{"from", report.from},
                   {"to", report.to},
                   {"live", report.to},
                   {"lost_events", 0},
                   {"actions", Actions(report.actions)},
                   {"pending", json::array(report.pending.begin(), report.pending.end())},
                   {"swap_ms", static_cast<double>(report.swap.count()) / 1000}});
}

std::string PruneJson(const indexswap::PruneReport& report, bool dry_run) {
  json::array verdicts;
  for (const indexswap::RetentionVerdict& verdict : report.verdicts) {
    verdicts.push_back(json::object{
        {"generation", verdict.generation}, {"prune", verdict.prune}, {"reason", verdict.reason}});
  }
  return json::serialize(
      json::object{{"dry_run", dry_run},
                   {"verdicts", std::move(verdicts)},
                   {"deleted", json::array(report.deleted.begin(), report.deleted.end())}});
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
