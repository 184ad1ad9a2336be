// `syncd serve`: the daemon.
#include <absl/strings/ascii.h>
#include <absl/strings/str_format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

#include "syncd/cli/cli.h"
#include "syncd/cli/command.h"
#include "syncd/daemon/schedule.h"
#include "syncd/daemon/service.h"
#include "syncd/http/address.h"
#include "syncd/http/server.h"

namespace syncd {
namespace {

using std::chrono::milliseconds;
using Severity = indexswap::Observer::Severity;

// Answers in progress may take so long when the daemon ends, and everything together.
constexpr milliseconds kAnswerGrace{2'000};
constexpr milliseconds kStopMax{9'000};

constexpr milliseconds kLook{100};

std::atomic<bool> stop_asked{false};
std::atomic<bool> reload_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

void OnStop(int) { stop_asked = true; }
void OnReload(int) { reload_asked = true; }

void HandleSignals() {
  struct sigaction action = {};
  action.sa_handler = OnStop;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  action.sa_handler = OnReload;
  sigaction(SIGHUP, &action, nullptr);
}

// A store that does not answer must not keep the process alive, from the signal on, whatever it is
// doing then: whatever is committed is safe, and whatever is not comes again.
class StopLimit {
 public:
  explicit StopLimit(CliObserver& observer) : thread_([this, &observer] { Watch(observer); }) {}
  ~StopLimit() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }
  // The daemon ends without a signal.
  void Begin() {
    const std::lock_guard lock(mutex_);
    begun_ = true;
  }
  StopLimit(const StopLimit&) = delete;
  StopLimit& operator=(const StopLimit&) = delete;

 private:
  void Watch(CliObserver& observer) {
    std::unique_lock lock(mutex_);
    while (!begun_ && !stop_asked) {
      if (changed_.wait_for(lock, kLook, [this] { return done_; })) return;
    }
    if (changed_.wait_for(lock, kStopMax, [this] { return done_; })) return;
    observer.OnNote(Severity::kWarning,
                    "something does not answer: ending without waiting for it, and without giving "
                    "the lease back");
    spdlog::shutdown();
    std::_Exit(0);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool begun_ = false;
  bool done_ = false;
  std::thread thread_;  // last: it uses the others
};

absl::StatusOr<std::optional<std::string>> ReadToken(const Config& config) {
  if (config.http.token_file.empty()) return std::optional<std::string>();
  std::ifstream in(config.http.token_file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  absl::StripAsciiWhitespace(&text);
  if (!in.is_open() || text.empty()) {
    return AsUsage(absl::InvalidArgumentError(
        absl::StrFormat("[http] token_file = \"%s\": expected a file with the token in it",
                        config.http.token_file)));
  }
  return std::optional<std::string>(text);
}

// Takes over what can change while the daemon runs; a file that is wrong changes nothing.
void Reload(const Arguments& arguments, Service& service, CliObserver& observer) {
  const auto config = LoadConfig(arguments);
  if (!config.ok()) {
    return observer.OnNote(Severity::kError,
                           "not reloaded: " + std::string(config.status().message()));
  }
  service.Reload(*config);
  observer.OnNote(Severity::kInfo,
                  "reloaded [sync], [dead_letters], and what [gates] say of rejected records; all "
                  "else needs a restart");
}

// Where others find what listens at `address`: `0.0.0.0` is everywhere, and nowhere.
std::string AddressForOthers(const std::string& address) {
  const auto parsed = ParseHostPort(address);
  if (!parsed.ok() || (parsed->host != "0.0.0.0" && parsed->host != "::")) return address;
  return absl::StrFormat("%s:%d", HostName(), parsed->port);
}

int Serve(const Arguments& arguments, Workbench& bench, std::optional<Schedule> every) {
  CliObserver& observer = bench.observer();
  const auto token = ReadToken(bench.config());
  if (!token.ok()) return Fail(arguments, token.status());
  Service service(
      {bench.plan(), bench.refused(),
       [&](const std::string& address) { return bench.NewTenure(address); },
       [&](Severity severity, const std::string& text) { observer.OnNote(severity, text); },
       [&](std::string_view step) { observer.OnStep(step); }},
      bench.config(), std::move(every));
  ApiServerOptions options;
  options.listen = bench.config().http.listen;
  options.base_path = bench.config().http.base_path;
  options.token = *token;
  auto server = ApiServer::Start(options, &service);
  if (!server.ok()) return Fail(arguments, server.status());
  if (const absl::Status s = bench.lock().PublishAddress((*server)->address()); !s.ok()) {
    return Fail(arguments, s);
  }
  HandleSignals();
  StopLimit limit(observer);
  observer.OnNote(Severity::kInfo, "answering at " + (*server)->address());
  const absl::Status ended = service.Run(AddressForOthers((*server)->address()), [&] {
    if (reload_asked.exchange(false)) Reload(arguments, service, observer);
    return stop_asked.load();
  });
  observer.OnNote(Severity::kInfo, "stopping");
  limit.Begin();
  (*server)->Stop(kAnswerGrace);
  service.Stop();
  bench.End();
  return ended.ok() ? 0 : Fail(arguments, ended);
}

}  // namespace

int RunServe(const Arguments& arguments) {
  std::optional<Schedule> every;
  if (!arguments.every.empty()) {
    auto parsed = Schedule::Parse(arguments.every);
    if (!parsed.ok()) return Fail(arguments, AsUsage(parsed.status()));
    every = *parsed;
  }
  auto bench = Workbench::Open(arguments, "serve", Access::kServe);
  if (!bench.ok()) return Fail(arguments, bench.status());
  return Serve(arguments, **bench, std::move(every));
}

}  // namespace syncd
