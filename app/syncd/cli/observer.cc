#include "syncd/cli/observer.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace syncd {

void CliObserver::OnNote(Severity severity, const std::string& text) {
  switch (severity) {
    case Severity::kInfo:
      return spdlog::info("{}", text);
    case Severity::kWarning:
      return spdlog::warn("{}", text);
    case Severity::kError:
      return spdlog::error("{}", text);
  }
}

void StartLog() {
  auto logger = spdlog::stderr_logger_mt("syncd");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  spdlog::set_default_logger(logger);
}

}  // namespace syncd
