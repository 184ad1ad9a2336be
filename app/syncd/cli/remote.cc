#include "syncd/cli/remote.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <thread>

#include "syncd/cli/answer_json.h"
#include "syncd/cli/cli.h"
#include "syncd/cli/people.h"
#include "syncd/cli/run_watch.h"
#include "syncd/readmodel/state_lock.h"

namespace syncd {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kPoll{500};

// The exit code for the word that stands for an error in JSON.
ExitCode ExitCodeForWord(std::string_view word) {
  if (word == "refused" || word == "lease_lost") return ExitCode::kRefused;
  if (word == "invalid") return ExitCode::kUsage;
  if (word == "unknown_outcome") return ExitCode::kUnknown;
  return ExitCode::kFailed;
}

// `code` is the error's: a 504 may also say that nothing was sent.
ExitCode ExitCodeForHttp(int status, std::string_view code) {
  switch (status) {
    case 400:
    case 401:
    case 403:
    case 415:
      return ExitCode::kUsage;
    case 409:
      return ExitCode::kRefused;
    case 504:
      return code == "unknown_outcome" ? ExitCode::kUnknown : ExitCode::kFailed;
    default:
      return ExitCode::kFailed;
  }
}

std::string SyncBody(const Arguments& arguments) {
  json::object body;
  if (arguments.promote) body["promote"] = *arguments.promote;
  if (arguments.if_state) body["if_state"] = *arguments.if_state;
  if (!arguments.overrides.empty()) {
    body["override"] = json::array(arguments.overrides.begin(), arguments.overrides.end());
  }
  return json::serialize(body);
}

// What has become of the run, once it has ended.
int PrintOutcome(const Arguments& arguments, const json::value& outcome) {
  if (arguments.json) {
    PrintLine(json::serialize(outcome));
  } else {
    PrintSyncForPeople(json::serialize(outcome));
  }
  const json::value error = At(outcome, "error");
  if (error.is_null()) return 0;
  std::fprintf(stderr, "syncd: %s\n", StringAt(error, "message").c_str());
  return static_cast<int>(ExitCodeForWord(StringAt(error, "code")));
}

// Waits for the end of the run that a daemon has begun, and prints it.
int WaitForRun(const Arguments& arguments, const ApiClient& daemon,
               const absl::StatusOr<ApiAnswer>& begun) {
  if (!begun.ok() || begun->status >= 300) return PrintAnswer(arguments, begun, [](const auto&) {});
  const json::value started = ParseAnswer(begun->json);
  const json::value run = At(started, "run");
  if (At(started, "already_running") == json::value(true)) {
    return Fail(arguments, absl::FailedPreconditionError(absl::StrFormat(
                               "run %s is under way already: `syncd status` shows how far it is",
                               json::serialize(run))));
  }
  if (!arguments.json) {
    PrintLine(absl::StrFormat("run %s, by the daemon", json::serialize(run)));
  }
  json::error_code none;  // then any outcome is the run's
  RunWatch watch(run.to_number<uint64_t>(none));
  for (std::string last;;) {
    std::this_thread::sleep_for(kPoll);
    const auto outcome = watch.See(daemon.Get("/api/status"));
    if (!outcome.ok()) return Fail(arguments, outcome.status());
    if (*outcome) return PrintOutcome(arguments, ParseAnswer(**outcome));
    if (watch.under_way().empty()) continue;
    const std::string line = RunForPeople(watch.under_way());
    if (line != last) std::fprintf(stderr, "syncd: %s\n", line.c_str());
    last = line;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<ApiClient>> FindDaemon(const Config& config) {
  const auto holder = StateLock::Holder(config.state);
  if (!holder.ok()) return holder.status();
  if (!*holder || (*holder)->command != "serve") return std::unique_ptr<ApiClient>();
  if ((*holder)->address.empty()) {
    return absl::UnavailableError(
        absl::StrFormat("%s holds %s and is just starting: try again in a moment",
                        (*holder)->Describe(), config.state));
  }
  ApiClientOptions options;
  options.address = (*holder)->address;
  if (!config.http.token_file.empty()) {
    std::ifstream in(config.http.token_file, std::ios::binary);
    std::string token{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    absl::StripAsciiWhitespace(&token);
    if (!token.empty()) options.token = token;
  }
  return std::make_unique<ApiClient>(std::move(options));
}

int PrintAnswer(const Arguments& arguments, const absl::StatusOr<ApiAnswer>& answer,
                const std::function<void(const std::string& json)>& for_people) {
  if (!answer.ok()) return Fail(arguments, answer.status());
  if (answer->status >= 300) {
    const json::value error = At(ParseAnswer(answer->json), "error");
    if (arguments.json) PrintLine(answer->json);
    std::fprintf(stderr, "syncd: %s\n", StringAt(error, "message").c_str());
    return static_cast<int>(ExitCodeForHttp(answer->status, StringAt(error, "code")));
  }
  arguments.json ? PrintLine(answer->json) : for_people(answer->json);
  return 0;
}

int SyncByDaemon(const Arguments& arguments, const ApiClient& daemon) {
  if (arguments.from) {
    return Fail(
        arguments,
        absl::FailedPreconditionError(
            "a daemon holds the state folder, and reads queues: stop it to sync from files"));
  }
  return WaitForRun(arguments, daemon, daemon.Post("/api/sync", SyncBody(arguments)));
}

int AdoptByDaemon(const Arguments& arguments, const ApiClient& daemon) {
  return WaitForRun(arguments, daemon, daemon.Post("/api/adopt", SyncBody(arguments)));
}

std::optional<int> ByDaemon(const Arguments& arguments,
                            const std::function<int(const ApiClient& daemon)>& remote) {
  const auto config = LoadConfig(arguments);
  if (!config.ok()) return Fail(arguments, config.status());
  const auto daemon = FindDaemon(*config);
  if (!daemon.ok()) return Fail(arguments, daemon.status());
  if (*daemon == nullptr) return std::nullopt;
  return remote(**daemon);
}

}  // namespace syncd
